//! What can be wrong with the input, told so that it can be put right. Always exit status 2, and nothing written.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;
use tribunal::sim::scenario::Mistake;

/// Bad input.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Problem {
    /// A mistake in a scenario, a setting or a fault, with its place.
    #[error("{message}")]
    Scenario {
        message: String,
        #[source_code]
        text: Arc<NamedSource<String>>,
        #[label("here")]
        at: Option<SourceSpan>,
        #[help]
        help: Option<String>,
    },
    /// Anything else.
    #[error("{message}")]
    Other {
        message: String,
        #[help]
        help: Option<String>,
    },
    /// Nobody reads our output any more (`tribunal run … | head`): no problem at all.
    #[error("the reader of the output is gone")]
    ClosedPipe,
}

impl Problem {
    /// A problem without a place in a file.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Other { message: message.into(), help: None }
    }

    /// The same, with what to do.
    pub(crate) fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Other { message: message.into(), help: Some(help.into()) }
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Self {
        let place = format!("{}:{}:{}", mistake.file, mistake.line, mistake.column);
        if mistake.source_text.is_empty() {
            return Self::Other { message: format!("{}: {}", mistake.file, mistake.message), help: mistake.help };
        }
        let (start, end) = mistake.span;
        Self::Scenario {
            message: format!("{place}: {}", mistake.message),
            text: Arc::new(NamedSource::new(mistake.file, mistake.source_text).with_language("toml")),
            at: Some(SourceSpan::from((start, end.saturating_sub(start)))),
            help: mistake.help,
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::ClosedPipe } else { Self::new(error.to_string()) }
    }
}

/// Plain, narrow, coloured only on a terminal.
pub(crate) fn install() {
    let handler = miette::MietteHandlerOpts::new().width(100).build();
    let _ = miette::set_hook(Box::new(move |_| {
        let _ = &handler;
        Box::new(miette::MietteHandlerOpts::new().width(100).build())
    }));
}
