//! `tribunal` alone: the list of stories on a terminal, otherwise what to try first.

use std::io::IsTerminal as _;

use tribunal::sim::scenario::{EMBEDDED, Scenario};

use tribunal_tui::screen::chooser::{Choice, choose as choose_story};

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

/// A story of the list.
pub(crate) struct Story {
    /// Its embedded name.
    pub(crate) name: &'static str,
    /// Its first sentence.
    pub(crate) about: String,
}

/// Every embedded scenario.
pub(crate) fn stories() -> Vec<Story> {
    let about = |name: &str, text: &str| Scenario::read(text, name).map(|scenario| scenario.story).unwrap_or_default();
    EMBEDDED.iter().map(|(name, text)| Story { name, about: about(name, text) }).collect()
}

/// Lists the stories; on a terminal Enter opens one.
pub(crate) fn browse() -> Result<Verdict, Problem> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return choose();
    }
    output::line("Tribunal: a Kafka you can put on trial.\n")?;
    for story in stories() {
        output::line(&format!("  {:<16} {}", story.name, story.about))?;
    }
    output::line("")?;
    output::print(FIRST_STEPS)
}

fn choose() -> Result<Verdict, Problem> {
    let choices: Vec<_> = stories().into_iter().map(|story| Choice { name: story.name.to_owned(), about: story.about }).collect();
    let mut at = choices.iter().position(|choice| choice.name == "06-lost-ack").unwrap_or(0);
    while let Some(chosen) = choose_story("Tribunal: a Kafka you can put on trial", &choices, at, watch::terminal_look())? {
        at = chosen;
        if let Some(choice) = choices.get(chosen) {
            Watch::of(&choice.name).execute()?;
        }
    }
    Ok(Verdict::Met)
}
