//! Which pane stands where, for every size: one table, tested at its borders.
//!
//! ```text
//! 80x24                     from 30 rows: events        from 160 columns: beside
//! title                     title                       title
//! logs                      logs                        logs            │ processes
//!                           events                      events          │ checks
//! story                     story                       story
//! timeline                  timeline                    timeline
//! keys                      keys                        keys
//! ```

use ratatui::layout::Rect;

/// Below this nothing but a notice is drawn.
pub const LEAST: (u16, u16) = (60, 16);

/// Where each pane stands. A pane without room has an empty area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// One row.
    pub title: Rect,
    /// The lanes.
    pub logs: Rect,
    /// The events around the cursor.
    pub events: Rect,
    /// Processes and checks, beside.
    pub side: Rect,
    /// What, why, next.
    pub story: Rect,
    /// The bar of time.
    pub timeline: Rect,
    /// One row.
    pub keys: Rect,
}

/// How many rows of a body a view would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// All that it can use.
    pub rows: u16,
    /// With fewer it hides something: then the story gives up rows, but the last four below its heading.
    pub least: u16,
}

/// The places for a size; `None` when it is too small. `wants` says what the view would like of a body of so many rows.
#[must_use]
pub fn places(area: Rect, wants: impl FnOnce(u16) -> Wants) -> Option<Places> {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return None;
    }
    let mut story = match area.height {
        ..20 => 3,
        20..24 => 4,
        24..30 => 6,
        30.. => 8,
    };
    let timeline = if area.height < 18 { 2 } else { 3 };
    let side_width = if area.width >= 160 { 56 } else { 0 };
    let mut body = area.height - story - timeline - 2;
    let wants = wants(body);
    let given = wants.least.saturating_sub(body).min(story.saturating_sub(5));
    (story, body) = (story - given, body + given);
    let spare = body.saturating_sub(wants.rows);
    let events = if spare >= 3 { spare } else { 0 };
    let row = |y: u16, height: u16, from: u16, width: u16| Rect::new(area.x + from, area.y + y, width, height);
    let left = area.width - side_width;
    Some(Places {
        title: row(0, 1, 0, area.width),
        logs: row(1, body - events, 0, left),
        events: row(1 + body - events, events, 0, left),
        side: row(1, body, left, side_width),
        story: row(1 + body, story, 0, area.width),
        timeline: row(1 + body + story, timeline, 0, area.width),
        keys: row(1 + body + story + timeline, 1, 0, area.width),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panes_cover_the_screen_once_at_every_size() {
        for (width, height) in (0..=210).flat_map(|width| (0..=62).map(move |height| (width, height))) {
            let area = Rect::new(0, 0, width, height);
            let Some(places) = places(area, |_| Wants { rows: 13, least: width % 20 }) else {
                assert!(width < 60 || height < 16);
                continue;
            };
            let Places { title, logs, events, side, story, timeline, keys } = places;
            let all = [title, logs, events, side, story, timeline, keys];
            assert_eq!(all.iter().map(|place| place.area()).sum::<u32>(), area.area(), "{width}x{height}");
            assert!(all.iter().all(|place| area.union(*place) == area));
            assert!(logs.height >= 8, "{width}x{height} leaves {} rows for the lanes", logs.height);
        }
    }

    #[test]
    fn a_terminal_of_the_old_size_shows_lanes_story_and_timeline() {
        let places = places(Rect::new(0, 0, 80, 24), |_| Wants { rows: 13, least: 13 }).expect("it is large enough");
        assert_eq!((places.logs.height, places.story.height, places.timeline.height), (13, 6, 3));
        assert_eq!(places.events.height, 0);
        let more = super::places(Rect::new(0, 0, 80, 24), |_| Wants { rows: 20, least: 14 }).expect("it is large enough");
        assert_eq!((more.logs.height, more.story.height), (14, 5));
    }
}
