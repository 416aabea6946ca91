//! `tribunal` alone: the list of stories on a terminal, otherwise what to try first.

use std::io::IsTerminal as _;

use tribunal::sim::scenario::{CHAOS, LESSONS, MUSEUM, Scenario, USE_CASES};

use tribunal_tui::screen::chooser::{Choice, Shelf, choose as choose_story, first_sentence};

use super::problem::Problem;
use super::watch::{self, Watch};
use super::{Verdict, output};

/// What to try first.
pub(crate) const FIRST_STEPS: &str = "\
Try first:
  tribunal run 06-lost-ack                 an acknowledged record is lost, and why
  tribunal watch 06-lost-ack               the same, step by step, forwards and backwards
  tribunal run 06-lost-ack --set producer.p1.acks=all
  tribunal museum                          famous failures, and the rules that ended them
  tribunal explore storm --seeds 0..100    random weather: every check must hold";

/// Every embedded scenario, by its kind.
pub(crate) fn shelves() -> Vec<Shelf> {
    let shelf = |name, about, scenarios: &[(&str, &str)]| Shelf {
        name,
        about,
        choices: scenarios.iter().map(|(name, text)| Choice { name: (*name).to_owned(), story: story(name, text) }).collect(),
    };
    vec![
        shelf("Lessons", "the course, a run for each", LESSONS),
        shelf("Use cases", "what a Kafka is for, and how it is looked after", USE_CASES),
        shelf("Museum", "how it has failed, as it happened", MUSEUM),
        shelf("Weather", "random faults; every check must hold", CHAOS),
    ]
}

fn story(name: &str, text: &str) -> String {
    Scenario::read(text, name).map(|scenario| scenario.story).unwrap_or_default()
}

/// Lists the stories; on a terminal Enter opens one.
pub(crate) fn browse() -> Result<Verdict, Problem> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return choose();
    }
    output::line("Tribunal: a Kafka you can put on trial.")?;
    for shelf in shelves() {
        output::line(&format!("\n{}: {}", shelf.name, shelf.about))?;
        for choice in shelf.choices {
            output::line(&format!("  {:<28} {}", choice.name, first_sentence(&choice.story)))?;
        }
    }
    output::line("")?;
    output::print(FIRST_STEPS)
}

fn choose() -> Result<Verdict, Problem> {
    let shelves = shelves();
    let choices: Vec<_> = shelves.iter().flat_map(|shelf| &shelf.choices).collect();
    let mut at = choices.iter().position(|choice| choice.name == "06-lost-ack").unwrap_or(0);
    while let Some(chosen) = choose_story("Tribunal: a Kafka you can put on trial", &shelves, at, watch::terminal_look())? {
        at = chosen;
        if let Some(choice) = choices.get(chosen) {
            Watch::of(&choice.name).execute()?;
        }
    }
    Ok(Verdict::Met)
}
