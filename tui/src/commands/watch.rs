//! `tribunal watch`: a run on the screen, or one frame of it on standard output.

use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};

use super::problem::Problem;
use super::source::{self, Changes, ScenarioOptions};
use super::{Verdict, output};
use crate::export;
use crate::screen;

/// Step through a run, forwards and backwards; or print one frame of it.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    options: ScenarioOptions,
    /// Where to begin: a step (`412`) or a time (`1.284s`).
    #[arg(long, value_name = "STEP|TIME")]
    at: Option<String>,
    /// Print one frame of this size instead of opening the screen.
    #[arg(long, value_name = "WxH", value_parser = size)]
    snapshot: Option<(u16, u16)>,
    /// The form of the frame.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// One glyph of ASCII for each glyph.
    #[arg(long)]
    ascii: bool,
}

/// The form of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Rows of characters.
    Text,
    /// With the terminal's colours.
    Ansi,
    /// A picture.
    Svg,
}
