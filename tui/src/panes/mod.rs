//! The panes: each a pure function from the model into a part of a buffer.
//!
//! Invariant: a pane writes only through [`put::Pane`], so it never leaves its area and never panics.
//!
//! Called by: [`crate::screen::frame`].

pub mod cluster;
pub mod events;
pub mod groups;
pub mod help;
pub mod lanes;
pub mod put;
pub mod shapes;
pub mod side;
pub mod story;
pub mod timeline;
pub mod title;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screen::layout::{self, Places, Wants};
use crate::screen::model::Shows;
use crate::screen::{Model, theme};
use put::Pane;

/// Where the panes of a model stand in an area; `None` when it is too small.
#[must_use]
pub fn places(model: &Model, area: Rect) -> Option<Places> {
    let rows = |rows: i32| u16::try_from(rows).unwrap_or(u16::MAX);
    layout::places(area, |body| {
        let (wanted, least) = match model.shows {
            Shows::Cluster => (cluster::wanted_rows(model), 0),
            Shows::Logs => (lanes::wanted_rows(model, i32::from(body)), lanes::least_rows(model)),
            Shows::Groups => (groups::wanted_rows(model, i32::from(body)), groups::least_rows(model)),
        };
        Wants { rows: rows(wanted), least: rows(least) }
    })
}

/// Draws the whole screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(places) = places(model, area) else {
        return notice(area, buffer);
    };
    title::draw(model, &mut Pane::new(buffer, places.title));
    match model.shows {
        Shows::Cluster => cluster::draw(model, &mut Pane::new(buffer, places.logs)),
        Shows::Logs => lanes::draw(model, &mut Pane::new(buffer, places.logs)),
        Shows::Groups => groups::draw(model, &mut Pane::new(buffer, places.logs)),
    }
    events::draw(model, &mut Pane::new(buffer, places.events));
    side::draw(model, &mut Pane::new(buffer, places.side));
    story::draw(model, &mut Pane::new(buffer, places.story));
    timeline::draw(model, &mut Pane::new(buffer, places.timeline));
    help::footer(model, &mut Pane::new(buffer, places.keys));
    help::overlay(model, area, buffer);
}

fn notice(area: Rect, buffer: &mut Buffer) {
    let mut pane = Pane::new(buffer, area);
    let (width, height) = layout::LEAST;
    let words = format!("tribunal needs {width}x{height} (this is {}x{}); q quits", area.width, area.height);
    let rows = i32::try_from(put::wrapped(&words, pane.width() - 1).len()).unwrap_or(1);
    let y = ((pane.height() - rows) / 2).max(0);
    let room = pane.height() - y;
    pane.prose(0, y, room, &words, theme::text());
}
