//! `tribunal watch`: a run on the screen, or one frame of it on standard output.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tribunal::check::{Checks, Status};
use tribunal::ids::BrokerId;
use tribunal::sim::scenario::Scenario;
use tribunal_tui::export::Format;
use tribunal_tui::screen::theme::{Colours, Environment};
use tribunal_tui::screen::{self, Expected, Finding, Look, Model, Recording, Shows};

use super::Verdict;
use super::problem::Problem;
use super::source::{self, Changes, Recorded, ScenarioOptions};

/// Step through a run, forwards and backwards; or print one frame of it.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    options: ScenarioOptions,
    /// Where to begin: a step (`412`) or a time (`1.284s`).
    #[arg(long, value_name = "STEP|TIME")]
    at: Option<String>,
    /// Which view.
    #[arg(long, value_enum, default_value_t = View::Logs)]
    view: View,
    /// Print one frame of this size instead of opening the screen.
    #[arg(long, value_name = "WxH", value_parser = size)]
    snapshot: Option<(u16, u16)>,
    /// The form of the frame.
    #[arg(long, value_enum, default_value_t = Form::Text, requires = "snapshot")]
    format: Form,
    /// One glyph of ASCII for each glyph.
    #[arg(long)]
    ascii: bool,
    /// Whether to use colours.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// Leave the mouse to the terminal, so that text can be selected.
    #[arg(long)]
    no_mouse: bool,
}

/// A view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum View {
    /// Servers, network and partitions: truth beside belief.
    Cluster,
    /// The replicas' logs above each other.
    Logs,
    /// Members of groups, who owned what, and how far they have come.
    Groups,
}

impl From<View> for Shows {
    fn from(view: View) -> Self {
        match view {
            View::Cluster => Self::Cluster,
            View::Logs => Self::Logs,
            View::Groups => Self::Groups,
        }
    }
}

/// The form of a printed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Rows of characters.
    Text,
    /// With the terminal's colours.
    Ansi,
    /// A picture.
    Svg,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// As the terminal says; none with NO_COLOR.
    Auto,
    /// All.
    Always,
    /// None.
    Never,
    /// The 256 of xterm.
    #[value(name = "256")]
    Ansi256,
    /// The 16 of old.
    #[value(name = "16")]
    Ansi16,
}

impl Watch {
    /// Watches an embedded story from its beginning.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            options: ScenarioOptions { scenario: name.to_owned(), seed: None, changes: Changes::default() },
            at: None,
            view: View::Logs,
            snapshot: None,
            format: Form::Text,
            ascii: false,
            color: Colour::Auto,
            no_mouse: false,
        }
    }

    /// Shows a run from its last step on: on the screen, or one frame of it where there is no terminal.
    pub(crate) fn last_of(recorded: Recorded) -> Result<(), Problem> {
        let last = recorded.trace.last();
        let mut model = Model::new(Arc::new(recording(recorded)));
        last.into_iter().for_each(|step| model.move_to(step));
        let watch = Self::of("");
        if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
            return watch.open(model);
        }
        let frame = screen::snapshot(&model, (80, 24), Form::Text.into(), watch.printed_look());
        Ok(std::io::stdout().lock().write_all(frame.as_bytes())?)
    }

    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let recorded = source::record(&self.options)?;
        let at = self.at.as_deref().map(|text| source::step_of(&recorded.trace, text)).transpose()?;
        let mut model = Model::new(Arc::new(recording(recorded)));
        model.shows = self.view.into();
        if let Some(step) = at {
            model.move_to(step);
        }
        match self.snapshot {
            Some(size) => {
                let frame = screen::snapshot(&model, size, self.format.into(), self.printed_look());
                std::io::stdout().lock().write_all(frame.as_bytes())?;
            }
            None => self.open(model)?,
        }
        Ok(Verdict::Met)
    }

    fn open(&self, model: Model) -> Result<(), Problem> {
        if !std::io::stdout().is_terminal() || variable("TERM").as_deref() == Some("dumb") {
            let help = "print one frame instead: tribunal watch … --snapshot 80x24";
            return Err(Problem::with_help("there is no terminal to draw on", help));
        }
        Ok(screen::run(model, self.terminal_look(), !self.no_mouse)?)
    }

    /// A printed frame is the same on every machine unless it is told otherwise.
    fn printed_look(&self) -> Look {
        let colours = match self.color {
            Colour::Auto if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) => Colours::Mono,
            Colour::Auto | Colour::Always => Colours::True,
            Colour::Never => Colours::Mono,
            Colour::Ansi256 => Colours::Ansi256,
            Colour::Ansi16 => Colours::Ansi16,
        };
        Look { colours, ascii: self.ascii }
    }

    fn terminal_look(&self) -> Look {
        let told = terminal_look();
        let colours = if self.color == Colour::Auto { told.colours } else { self.printed_look().colours };
        Look { colours, ascii: self.ascii || told.ascii }
    }
}

/// The look that the terminal says it can show.
pub(crate) fn terminal_look() -> Look {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    let (no_color, colorterm, term) = (variable("NO_COLOR"), variable("COLORTERM"), variable("TERM"));
    Look::of(Environment {
        no_color: no_color.as_deref(),
        colorterm: colorterm.as_deref(),
        term: term.as_deref(),
        locale: locale.as_deref(),
    })
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Text => Self::Text,
            Form::Ansi => Self::Ansi,
            Form::Svg => Self::Svg,
        }
    }
}

/// A run with what the checks say of it, and what its scenario will make.
fn recording(recorded: Recorded) -> Recording {
    let checks = match recorded.outcome {
        Some(outcome) => outcome.checks,
        None => {
            let mut checks = Checks::new(recorded.scenario.promises());
            recorded.trace.events.iter().for_each(|event| checks.observe(event));
            checks.finish()
        }
    };
    let findings = checks.into_iter().map(|check| Finding {
        name: check.name.to_owned(),
        status: check.status.word().to_owned(),
        is_violation: check.status == Status::Violated,
        step: check.step,
        place: check.place.map(|place| (place.partition, place.offset)),
        detail: check.detail,
    });
    Recording::new(recorded.trace, &expected(&recorded.scenario), findings.collect()).about(&recorded.scenario.story)
}

/// The partitions that a scenario will make, for the time before they are there.
fn expected(scenario: &Scenario) -> Vec<Expected> {
    let mut all = Vec::new();
    for topic in &scenario.topics {
        let count = if topic.assignment.is_empty() { topic.partitions as usize } else { topic.assignment.len() };
        for partition in 0..count {
            let placed = || (1..=topic.replication_factor).map(BrokerId).collect();
            let replicas = topic.assignment.get(partition).cloned().unwrap_or_else(placed);
            all.push(Expected { name: format!("{}-{partition}", topic.name), replicas });
        }
    }
    all
}

#[allow(clippy::disallowed_methods, reason = "how a frame looks depends on the terminal; what it shows does not")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads `80x24`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let wanted = || format!("`{text}` is no size: write WIDTHxHEIGHT, such as 80x24");
    let (width, height) = text.split_once('x').ok_or_else(wanted)?;
    let (width, height): (u16, u16) = (width.parse().map_err(|_| wanted())?, height.parse().map_err(|_| wanted())?);
    if width > 1_000 || height > 1_000 {
        Err(format!("{text} is larger than any terminal: at most 1000x1000"))
    } else {
        Ok((width, height))
    }
}
