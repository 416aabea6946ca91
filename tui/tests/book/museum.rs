//! The outputs that the pages of the museum show: of each exhibit its steps, and the runs side by side.

use std::borrow::Cow;

use crate::excerpts::{Excerpt, Keep, excerpt, line};

#[path = "museum/readers.rs"]
mod readers;
#[path = "museum/servers.rs"]
mod servers;

use readers::READERS;
use servers::SERVERS;

/// What the page of an exhibit shows.
struct Exhibit {
    /// The arguments of `tribunal run`: its name, and what the run is given besides.
    run: &'static str,
    /// What the last line has that is kept of the runs side by side.
    sides_to: &'static str,
    /// The steps of its run.
    steps: Keep,
}

/// The list of all exhibits, and what each page shows, in the order of the museum.
pub fn museum() -> Vec<Excerpt> {
    let list = excerpt("museum.txt", "museum", &[("The museum: ", "under truncation=kip-279")]);
    std::iter::once(list).chain(SERVERS.iter().chain(READERS).flat_map(Exhibit::shown)).collect()
}

impl Exhibit {
    fn shown(&self) -> [Excerpt; 2] {
        let name = self.run.split(' ').next().unwrap_or_default();
        let made = |what: &str, command: String, keep| Excerpt {
            file: Cow::Owned(format!("{name}-{what}.txt")),
            command: Cow::Owned(command),
            keep,
        };
        [
            made("steps", format!("run {}", self.run), Cow::Borrowed(self.steps)),
            made("sides", format!("museum {name}"), Cow::Owned(vec![("  as written", self.sides_to)])),
        ]
    }
}

/// The command that plays the runs again stands below them.
const AGAIN: &str = "    again ";

const fn exhibit(run: &'static str, sides_to: &'static str, steps: Keep) -> Exhibit {
    Exhibit { run, sides_to, steps }
}
