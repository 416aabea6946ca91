//! The keys: one table, from which the screen acts, the footer and the help are drawn, and the book's page is made.
//!
//! Invariant: no context has a key twice.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::message::Message;
use super::model::Overlay;

/// Where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// Everywhere but at an overlay.
    Screen,
    /// While the help is open.
    Help,
    /// In the menu of kinds.
    Menu,
    /// At the prompt, where letters are text.
    Prompt,
}

/// A key and what it does.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Where it counts.
    pub context: Where,
    /// The keys that do it; the first is shown.
    pub keys: &'static [Key],
    /// How the key is written.
    pub name: &'static str,
    /// What it asks for.
    pub action: fn() -> Message,
    /// What it does, in words for the help.
    pub help: &'static str,
    /// One word for the footer; empty when it has no place there.
    pub footer: &'static str,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A key without a character.
    Code(KeyCode),
    /// The same with shift.
    Shift(KeyCode),
    /// A character with control.
    Control(char),
}

macro_rules! bindings {
    ($($context:ident [$($key:expr),+] $name:literal $action:ident $help:literal $footer:literal;)*) => {
        &[$(Binding {
            context: Where::$context, keys: &[$($key),+], name: $name, action: || Message::$action, help: $help, footer: $footer,
        }),*]
    };
}

use Key::{Char, Code, Control, Shift};

/// Every key, in the order the help shows them.
pub const BINDINGS: &[Binding] = bindings! {
    Screen [Code(KeyCode::Right), Char('l')] "→ l" BeatForward "next beat" "";
    Screen [Code(KeyCode::Left), Char('h')] "← h" BeatBack "beat before" "step";
    Screen [Shift(KeyCode::Right), Char('L')] "⇧→ L" EventForward "next event" "";
    Screen [Shift(KeyCode::Left), Char('H')] "⇧← H" EventBack "event before" "";
    Screen [Char(' ')] "Space" PlayOrPause "play, pause" "play";
    Screen [Char(']')] "]" KindForward "next of the chosen kind" "";
    Screen [Char('[')] "[" KindBack "the one before" "kind";
    Screen [Char('e')] "e" ChooseKind "choose the kind" "";
    Screen [Char('}')] "}" VerdictForward "next claim found broken" "";
    Screen [Char('{')] "{" VerdictBack "the one before" "";
    Screen [Char(':')] ":" AskWhere "go to a step or time" "go to";
    Screen [Char('w')] "w" Why "why: the chain of causes" "why";
    Screen [Char('1')] "1" ShowCluster "Cluster: truth, belief" "";
    Screen [Char('2')] "2" ShowLogs "Logs: every replica" "";
    Screen [Char('4')] "4" ShowGroups "Groups: who owns what" "";
    Screen [Char('v')] "v" NextView "the next view" "view";
    Screen [Code(KeyCode::Tab)] "Tab" NextPane "next pane or partition" "pane";
    Screen [Code(KeyCode::BackTab)] "⇧Tab" PreviousPane "the one before" "";
    Screen [Code(KeyCode::Down), Char('j')] "↓ j" SelectNext "select the next row" "";
    Screen [Code(KeyCode::Up), Char('k')] "↑ k" SelectPrevious "the row before" "";
    Screen [Code(KeyCode::Enter)] "Enter" Open "its logs, in 1 and 4" "";
    Screen [Char('z')] "z" Zoom "zoom: offsets, or time" "";
    Screen [Char('<')] "<" ScrollLeft "earlier offsets" "";
    Screen [Char('>')] ">" ScrollRight "later offsets" "";
    Screen [Char('g'), Code(KeyCode::Home)] "g" Start "beginning" "";
    Screen [Char('G'), Code(KeyCode::End)] "G" End "end" "";
    Screen [Char('+'), Char('=')] "+" Faster "play faster" "";
    Screen [Char('-')] "-" Slower "play slower" "";
    Screen [Char('?')] "?" Help "these keys, then the shapes" "help";
    Screen [Char('q'), Control('c')] "q" Quit "leave" "quit";
    Help [Char('?'), Code(KeyCode::Tab)] "?" Help "turn the page" "turn the page";
    Help [Code(KeyCode::Esc), Code(KeyCode::Enter), Char(' ')] "Esc" Close "close" "close";
    Help [Char('q'), Control('c')] "q" Quit "leave" "quit";
    Menu [Code(KeyCode::Down), Char('j'), Char('e')] "↓ j" Down "next" "";
    Menu [Code(KeyCode::Up), Char('k')] "↑ k" Up "the one before" "choose";
    Menu [Code(KeyCode::Enter), Char(' ')] "Enter" Accept "take it" "take";
    Menu [Code(KeyCode::Esc)] "Esc" Close "close" "close";
    Menu [Char('q'), Control('c')] "q" Quit "leave" "quit";
    Prompt [Code(KeyCode::Enter)] "Enter" Accept "go there" "go";
    Prompt [Code(KeyCode::Backspace)] "⌫" Erase "take a character back" "";
    Prompt [Code(KeyCode::Esc)] "Esc" Close "close" "close";
    Prompt [Control('c')] "^c" Quit "leave" "";
};

/// The context that an overlay makes.
#[must_use]
pub fn context(overlay: &Overlay) -> Where {
    match overlay {
        Overlay::None => Where::Screen,
        Overlay::Help | Overlay::Shapes => Where::Help,
        Overlay::Kinds(_) => Where::Menu,
        Overlay::Where(_) => Where::Prompt,
    }
}

/// What a key asks for; `None` when it means nothing here. Only presses count, not releases.
#[must_use]
pub fn message(event: KeyEvent, overlay: &Overlay) -> Option<Message> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let context = context(overlay);
    let pressed = pressed(event);
    let bound = BINDINGS.iter().find(|binding| binding.context == context && binding.keys.contains(&pressed));
    match (bound, context, pressed) {
        (Some(binding), _, _) => Some((binding.action)()),
        (None, Where::Prompt, Char(letter)) => Some(Message::Typed(letter)),
        (None, _, _) => None,
    }
}

fn pressed(event: KeyEvent) -> Key {
    match event.code {
        KeyCode::Char(letter) if event.modifiers.contains(KeyModifiers::CONTROL) => Control(letter.to_ascii_lowercase()),
        KeyCode::Char(letter) => Char(letter),
        KeyCode::BackTab => Code(KeyCode::BackTab),
        code if event.modifiers.contains(KeyModifiers::SHIFT) => Shift(code),
        code => Code(code),
    }
}

/// The footer of a context: key and word, in the order of their worth.
#[must_use]
pub fn footer(context: Where) -> Vec<(&'static str, &'static str)> {
    // Pairs of keys share a word; the table holds it at the second of the two.
    let pairs = [("← h", "←→"), ("[", "[ ]"), ("↑ k", "↑↓")];
    BINDINGS
        .iter()
        .filter(|binding| binding.context == context && !binding.footer.is_empty())
        .map(|binding| {
            let name = pairs.iter().find(|(key, _)| *key == binding.name).map_or(binding.name, |(_, both)| both);
            (name, binding.footer)
        })
        .collect()
}

/// The table of keys for the book, as Markdown.
#[must_use]
pub fn book_page() -> String {
    let mut page = String::from("| key | what it does |\n|---|---|\n");
    for binding in BINDINGS.iter().filter(|binding| binding.context == Where::Screen) {
        page.push_str(&format!("| `{}` | {} |\n", binding.name, binding.help));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_context_has_a_key_twice() {
        for (place, binding) in BINDINGS.iter().enumerate() {
            for other in BINDINGS.iter().skip(place + 1).filter(|other| other.context == binding.context) {
                for key in binding.keys {
                    assert!(!other.keys.contains(key), "{key:?} means `{}` and `{}`", binding.help, other.help);
                }
            }
        }
    }

    #[test]
    fn letters_are_text_at_the_prompt_and_releases_are_nothing() {
        let key = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
        assert_eq!(message(key('q'), &Overlay::None), Some(Message::Quit));
        assert_eq!(message(key('q'), &Overlay::Where(String::new())), Some(Message::Typed('q')));
        let released = KeyEvent { kind: KeyEventKind::Release, ..key('q') };
        assert_eq!(message(released, &Overlay::None), None);
        let shifted = KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT);
        assert_eq!(message(shifted, &Overlay::None), Some(Message::EventForward));
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(message(capital, &Overlay::None), Some(Message::End));
    }

    #[test]
    fn every_context_can_be_left() {
        let escape = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for overlay in [Overlay::None, Overlay::Help, Overlay::Shapes, Overlay::Kinds(0), Overlay::Where(String::new())] {
            assert_eq!(message(escape, &overlay), Some(Message::Quit), "{overlay:?}");
        }
    }
}
