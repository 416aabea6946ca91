//! Shelves of stories to choose from, on the real terminal: a list on top, and below it the whole of the chosen story.
//!
//! Called by: `tribunal` alone.

use std::io::{self, stdout};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::terminal::Guard;
use super::theme::{self, Look};
use crate::panes::put::{self, Pane};

/// Rows of the story's own pane: one that stays free, its heading, five lines, and another free one.
const STORY_ROWS: i32 = 8;
/// A terminal of fewer rows shows the list alone.
const ROWS_FOR_STORY: i32 = 18;
/// Columns in front of a name.
const MARGIN: i32 = 3;
/// Columns that a name has at least; a shelf with longer names gives all of them more.
const NAME: i32 = 18;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is answered with.
    pub name: String,
    /// What it is about. The list shows the first sentence.
    pub story: String,
}

/// Stories of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// What they are called together.
    pub name: &'static str,
    /// What they are for, in a few words.
    pub about: &'static str,
    /// The stories.
    pub choices: Vec<Choice>,
}

/// A row of the list.
#[derive(Clone, Copy)]
enum Row<'a> {
    Blank,
    Heading(&'a Shelf),
    /// A story, and which of all it is.
    Story(usize, &'a Choice),
}

/// Lets the user choose, beginning at story `start` of all; returns which. `None` when they leave. Errors: those of the terminal.
pub fn choose(title: &str, shelves: &[Shelf], start: usize, look: Look) -> io::Result<Option<usize>> {
    let guard = Guard::enter(false)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let mut chosen = start;
    let answer = loop {
        let mut room = 0;
        terminal.draw(|screen| {
            room = rows_of_list(i32::from(screen.area().height));
            let mut buffer = list(title, shelves, chosen, screen.area());
            look.apply(&mut buffer);
            screen.buffer_mut().clone_from(&buffer);
        })?;
        let Event::Key(key) = event::read()? else { continue };
        match pressed(key) {
            Some(Pressed::Move(by)) => chosen = moved(shelves, chosen, by, room),
            Some(Pressed::Open) => break Some(chosen),
            Some(Pressed::Leave) => break None,
            None => {}
        }
    };
    drop(guard);
    Ok(answer)
}

enum Pressed {
    Move(Move),
    Open,
    Leave,
}

/// How the choice moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// To the first story of the shelf below, or round to the topmost.
    NextShelf,
    /// To the first story of this shelf, then to those above, or round to the lowest.
    ShelfBefore,
}

fn pressed(key: KeyEvent) -> Option<Pressed> {
    if key.kind != KeyEventKind::Press {
        return None;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Pressed::Leave),
        KeyCode::Up | KeyCode::Char('k') => Some(Pressed::Move(Move::Up)),
        KeyCode::Down | KeyCode::Char('j') => Some(Pressed::Move(Move::Down)),
        KeyCode::PageUp => Some(Pressed::Move(Move::PageUp)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Pressed::Move(Move::PageDown)),
        KeyCode::Home | KeyCode::Char('g') => Some(Pressed::Move(Move::First)),
        KeyCode::End | KeyCode::Char('G') => Some(Pressed::Move(Move::Last)),
        KeyCode::Tab => Some(Pressed::Move(Move::NextShelf)),
        KeyCode::BackTab => Some(Pressed::Move(Move::ShelfBefore)),
        KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => Some(Pressed::Open),
        KeyCode::Esc | KeyCode::Char('q') => Some(Pressed::Leave),
        _ => None,
    }
}

/// Which story is chosen after a move, in a list that shows `room` rows.
fn moved(shelves: &[Shelf], chosen: usize, by: Move, room: i32) -> usize {
    let last = stories(shelves).count().saturating_sub(1);
    let page = usize::try_from(room).unwrap_or(0).saturating_sub(2).max(1);
    let starts = || shelves.iter().scan(0, |next, shelf| Some(std::mem::replace(next, *next + shelf.choices.len())));
    let there = match by {
        Move::Up => chosen.saturating_sub(1),
        Move::Down => chosen.saturating_add(1),
        Move::PageUp => chosen.saturating_sub(page),
        Move::PageDown => chosen.saturating_add(page),
        Move::First => 0,
        Move::Last => last,
        Move::NextShelf => starts().find(|start| *start > chosen).unwrap_or(0),
        Move::ShelfBefore => starts().filter(|start| *start < chosen).last().or_else(|| starts().last()).unwrap_or(0),
    };
    there.min(last)
}

fn stories(shelves: &[Shelf]) -> impl Iterator<Item = &Choice> {
    shelves.iter().flat_map(|shelf| &shelf.choices)
}

/// How many rows of a terminal the list takes: all but the title, the keys, and the chosen story.
fn rows_of_list(height: i32) -> i32 {
    let story = if height < ROWS_FOR_STORY { 0 } else { STORY_ROWS };
    (height - 3 - story).max(0)
}

/// Shelves and stories as a frame.
#[must_use]
pub fn list(title: &str, shelves: &[Shelf], chosen: usize, area: Rect) -> Buffer {
    let mut buffer = Buffer::empty(area);
    buffer.set_style(area, theme::text().bg(theme::INK));
    let mut pane = Pane::new(&mut buffer, area);
    let (width, height) = (pane.width(), pane.height());
    let chosen = chosen.min(stories(shelves).count().saturating_sub(1));
    pane.put(1, 0, title, theme::strong());
    pane.put_left_of(width - 1, 0, &format!(" {} stories", stories(shelves).count()), theme::dim());
    let room = rows_of_list(height);
    draw_rows(&mut pane.part(0, 2, width, room), shelves, chosen);
    if let Some(choice) = stories(shelves).nth(chosen).filter(|_| height >= ROWS_FOR_STORY) {
        draw_story(&mut pane.part(0, 2 + room, width, STORY_ROWS), choice);
    }
    pane.put(1, height - 1, "↑↓ choose · Tab next shelf · Enter open · q quit", theme::dim());
    buffer
}

/// The rows around the chosen story, which stands in the middle as long as there is more above and below.
fn draw_rows(pane: &mut Pane<'_>, shelves: &[Shelf], chosen: usize) {
    let rows = rows(shelves);
    let mut about = 0;
    let room = usize::try_from(pane.height()).unwrap_or(0);
    let at = rows.iter().position(|row| matches!(row, Row::Story(place, _) if *place == chosen)).unwrap_or(0);
    let first = at.saturating_sub(room / 2).min(rows.len().saturating_sub(room));
    for (number, row) in rows.iter().enumerate().take(first + room) {
        let y = i32::try_from(number).unwrap_or(i32::MAX) - i32::try_from(first).unwrap_or(i32::MAX);
        match row {
            Row::Blank => {}
            Row::Heading(shelf) => {
                let names = shelf.choices.iter().map(|choice| put::width(&choice.name)).max().unwrap_or(0);
                about = MARGIN + names.max(NAME) + 2;
                draw_heading(pane, y, shelf.name, shelf.about);
            }
            Row::Story(place, choice) => {
                let (mark, style) = if *place == chosen { ("▶", theme::leader()) } else { (" ", theme::text()) };
                pane.put(1, y, mark, style);
                pane.put(MARGIN, y, &choice.name, style);
                pane.put_within(about, y, pane.width() - about - 1, first_sentence(&choice.story), theme::dim());
            }
        }
    }
}

fn rows(shelves: &[Shelf]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut place = 0;
    for shelf in shelves {
        if place > 0 {
            rows.push(Row::Blank);
        }
        rows.push(Row::Heading(shelf));
        for choice in &shelf.choices {
            rows.push(Row::Story(place, choice));
            place += 1;
        }
    }
    rows
}

fn draw_story(pane: &mut Pane<'_>, choice: &Choice) {
    draw_heading(pane, 1, &choice.name, &format!("tribunal watch {}", choice.name));
    let lines = put::wrapped(&choice.story, pane.width() - 4);
    let room = STORY_ROWS - 3;
    let is_cut = lines.len() > usize::try_from(room).unwrap_or(0);
    for (y, line) in (2..room + 2).zip(&lines) {
        let line = if is_cut && y == room + 1 { format!("{line} …") } else { line.clone() };
        pane.put_within(2, y, pane.width() - 3, &line, theme::text());
    }
}

/// A rule through the row, with a name on its left and a few words on its right.
fn draw_heading(pane: &mut Pane<'_>, y: i32, name: &str, about: &str) {
    let width = pane.width();
    pane.put(0, y, &"─".repeat(usize::try_from(width).unwrap_or(0)), theme::faint());
    let end = pane.put(1, y, &format!(" {name} "), theme::strong());
    if end + put::width(about) + 3 < width {
        pane.put_left_of(width - 1, y, &format!(" {about} "), theme::dim());
    }
}

/// A text up to its first full stop.
#[must_use]
pub fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelves() -> Vec<Shelf> {
        let choice = |name: &str| Choice { name: name.to_owned(), story: format!("{name} is told. Then it ends.") };
        let shelf = |name, choices: &[&str]| Shelf {
            name,
            about: "what they are for",
            choices: choices.iter().map(|name| choice(name)).collect(),
        };
        vec![shelf("Lessons", &["00-tour", "06-lost-ack"]), shelf("Museum", &["r12c-unclean-beyond-the-end", "s1", "s2"])]
    }

    #[test]
    fn the_list_is_drawn_at_any_size() {
        for width in 0..120 {
            for height in 0..30 {
                let _ = list("Tribunal", &shelves(), 1, Rect::new(0, 0, width, height));
            }
        }
    }

    #[test]
    fn the_list_shows_shelves_first_sentences_and_the_whole_of_the_chosen_story() {
        let text = crate::export::text(&list("Tribunal", &shelves(), 2, Rect::new(0, 0, 70, 24)));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_is_chosen_is_always_to_be_seen() {
        for chosen in 0..5 {
            for height in 4..30 {
                let text = crate::export::text(&list("Tribunal", &shelves(), chosen, Rect::new(0, 0, 60, height)));
                assert!(text.contains('▶'), "{chosen} at {height}:\n{text}");
            }
        }
    }

    #[test]
    fn the_choice_moves_by_stories_pages_and_shelves() {
        let after = |chosen, by| moved(&shelves(), chosen, by, 4);
        assert_eq!((after(0, Move::Up), after(1, Move::Down), after(4, Move::Down)), (0, 2, 4));
        assert_eq!((after(4, Move::PageUp), after(0, Move::PageDown)), (2, 2));
        assert_eq!((after(3, Move::First), after(0, Move::Last)), (0, 4));
        assert_eq!((after(0, Move::NextShelf), after(2, Move::NextShelf)), (2, 0));
        assert_eq!((after(4, Move::ShelfBefore), after(2, Move::ShelfBefore), after(0, Move::ShelfBefore)), (2, 0, 2));
        assert_eq!(moved(&[], 0, Move::Last, 4), 0, "no story, nothing to choose");
    }
}
