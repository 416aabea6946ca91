//! What the colours mean, and the filters that take them away again.
//!
//! Panes draw in Unicode and RGB without asking; plain glyphs, fewer colours or none are filters over the finished buffer.
//! The palette is Okabe and Ito's, lightened for a dark ground, so that it can be told apart without red and green.
//!
//! Invariant: no meaning by colour alone: whatever differs in colour differs in glyph too.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// Plain text.
pub const TEXT: Color = Color::Rgb(0xD5, 0xDC, 0xE4);
/// Second words.
pub const DIM: Color = Color::Rgb(0x8A, 0x96, 0xA3);
/// The future, and rules between panes.
pub const FAINT: Color = Color::Rgb(0x4B, 0x57, 0x64);
/// The ground of the title and of the keys.
pub const BAR: Color = Color::Rgb(0x1C, 0x24, 0x2E);
/// The ground of the row where the cursor is.
pub const HERE: Color = Color::Rgb(0x26, 0x31, 0x3D);
/// Ink on a filled cell.
pub const INK: Color = Color::Rgb(0x10, 0x15, 0x1B);
/// The leader and its high watermark.
pub const LEADER: Color = Color::Rgb(0xF0, 0xE4, 0x42);
/// What fails or is lost.
pub const FAULT: Color = Color::Rgb(0xE8, 0x70, 0x2A);
/// Clients.
pub const CLIENT: Color = Color::Rgb(0xCC, 0x79, 0xA7);
/// What holds.
pub const GOOD: Color = Color::Rgb(0x2B, 0xB7, 0x8E);
/// The colours of epochs, in turn.
pub const EPOCHS: [Color; 3] = [Color::Rgb(0x56, 0xB4, 0xE9), Color::Rgb(0xE6, 0x9F, 0x00), Color::Rgb(0x2B, 0xB7, 0x8E)];

/// Plain text.
#[must_use]
pub fn text() -> Style {
    Style::new().fg(TEXT)
}

/// Second words.
#[must_use]
pub fn dim() -> Style {
    Style::new().fg(DIM)
}

/// The future and rules.
#[must_use]
pub fn faint() -> Style {
    Style::new().fg(FAINT)
}

/// Strong words.
#[must_use]
pub fn strong() -> Style {
    text().add_modifier(Modifier::BOLD)
}

/// The leader.
#[must_use]
pub fn leader() -> Style {
    Style::new().fg(LEADER).add_modifier(Modifier::BOLD)
}

/// What fails.
#[must_use]
pub fn fault() -> Style {
    Style::new().fg(FAULT)
}

/// Clients.
#[must_use]
pub fn client() -> Style {
    Style::new().fg(CLIENT)
}

/// The colour of an epoch.
#[must_use]
pub fn epoch(epoch: u32) -> Color {
    let place = usize::try_from(epoch).unwrap_or(0) % EPOCHS.len();
    EPOCHS.get(place).copied().unwrap_or(TEXT)
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// All of them.
    #[default]
    True,
    /// The 256 of xterm.
    Ansi256,
    /// The 16 of old.
    Ansi16,
    /// None: bold, dim, reverse and underline only.
    Mono,
}

/// What is left of a frame when the terminal can do less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The colours.
    pub colours: Colours,
    /// Plain ASCII glyphs.
    pub ascii: bool,
}

/// What the environment says of the terminal. The caller reads it, so that nothing here depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Environment<'a> {
    /// `NO_COLOR`.
    pub no_color: Option<&'a str>,
    /// `COLORTERM`.
    pub colorterm: Option<&'a str>,
    /// `TERM`.
    pub term: Option<&'a str>,
    /// The first set of `LC_ALL`, `LC_CTYPE`, `LANG`.
    pub locale: Option<&'a str>,
}

impl Look {
    /// The look for a terminal of which the environment says this.
    #[must_use]
    pub fn of(environment: Environment<'_>) -> Self {
        let is_set = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
        let colours = if is_set(environment.no_color) {
            Colours::Mono
        } else if matches!(environment.colorterm, Some("truecolor" | "24bit")) {
            Colours::True
        } else if environment.term.is_some_and(|term| term.contains("256") || term.starts_with("xterm")) {
            Colours::Ansi256
        } else {
            Colours::Ansi16
        };
        let utf8 = environment.locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self { colours, ascii: !utf8 }
    }

    /// Takes away what the terminal cannot show.
    pub fn apply(self, buffer: &mut Buffer) {
        for cell in &mut buffer.content {
            if self.ascii && !cell.symbol().is_ascii() {
                let plain = cell.symbol().chars().next().map_or(' ', plain);
                cell.set_char(plain);
            }
            match self.colours {
                Colours::True => {}
                Colours::Ansi256 => (cell.fg, cell.bg) = (ansi256(cell.fg), ansi256(cell.bg)),
                Colours::Ansi16 => (cell.fg, cell.bg) = (ansi16(cell.fg), ansi16(cell.bg)),
                Colours::Mono => {
                    if EPOCHS.contains(&cell.bg) {
                        cell.modifier |= Modifier::REVERSED;
                    }
                    if cell.bg == HERE {
                        cell.modifier |= Modifier::UNDERLINED;
                    }
                    if cell.fg == DIM || cell.fg == FAINT {
                        cell.modifier |= Modifier::DIM;
                    }
                    (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
                }
            }
        }
    }
}

/// The plain glyph for one of ours. One column for one column.
fn plain(glyph: char) -> char {
    match glyph {
        '─' | '━' | '–' | '╌' | '═' => '-',
        '│' | '┊' | '┤' | '├' | '┼' | '╎' => '|',
        '║' | '╣' => '!',
        '┃' | '▏' => ':',
        '╭' | '╮' | '┌' | '┐' | '┬' => '.',
        '╰' | '╯' | '└' | '┘' => '\'',
        '·' | '…' | '⋯' => '.',
        '▪' => '#',
        '†' => 't',
        '¦' => ':',
        '▫' => 'o',
        '★' => '*',
        '✖' | '╳' => 'X',
        '✗' => 'x',
        '≠' => '%',
        '↺' => 'R',
        '◷' => '@',
        '⇤' | '◂' | '‹' | '←' | '⇐' | '«' | '≤' => '<',
        '▶' | '▸' | '›' | '→' | '⇒' | '»' => '>',
        '✓' => 'v',
        '█' => '#',
        '▴' | '▲' | '↑' => '^',
        '↓' | '▽' => 'V',
        '●' => 'O',
        '○' => 'o',
        '▵' => '~',
        '◆' => '+',
        '⏸' | '‖' => '=',
        '−' => '-',
        '“' | '”' => '"',
        _ => '?',
    }
}

fn ansi256(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else { return colour };
    let level = |value: u8| match value {
        0..=47 => 0_u8,
        48..=114 => 1,
        _ => (value - 35) / 40,
    };
    let spread = red.max(green).max(blue) - red.min(green).min(blue);
    if spread < 24 {
        // The ramp of greys is finer than the cube.
        let mean = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
        let step = u8::try_from(mean.saturating_sub(3) / 10).unwrap_or(23).min(23);
        return Color::Indexed(232 + step);
    }
    Color::Indexed(16 + 36 * level(red) + 6 * level(green) + level(blue))
}

fn ansi16(colour: Color) -> Color {
    match colour {
        TEXT => Color::Gray,
        DIM | FAINT => Color::DarkGray,
        BAR | HERE | INK => Color::Black,
        LEADER => Color::LightYellow,
        FAULT => Color::LightRed,
        CLIENT => Color::LightMagenta,
        Color::Rgb(0x56, 0xB4, 0xE9) => Color::LightCyan,
        Color::Rgb(0xE6, 0x9F, 0x00) => Color::Yellow,
        GOOD => Color::LightGreen,
        Color::Rgb(..) => Color::Reset,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG's contrast of two colours, times 100.
    #[allow(clippy::float_arithmetic, reason = "luminance is defined in reals, and this is a test")]
    fn contrast(one: Color, other: Color) -> f64 {
        let luminance = |colour: Color| {
            let Color::Rgb(red, green, blue) = colour else { return 0.0 };
            let part = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_role_can_be_read_on_its_ground() {
        for ground in [INK, BAR, HERE] {
            for role in [TEXT, LEADER, FAULT, CLIENT, GOOD] {
                assert!(contrast(role, ground) >= 4.2, "{role:?} on {ground:?}: {}", contrast(role, ground));
            }
            assert!(contrast(DIM, ground) >= 4.0, "{ground:?}");
        }
        for epoch in EPOCHS {
            assert!(contrast(INK, epoch) >= 4.5, "{epoch:?}");
        }
    }

    #[test]
    fn the_environment_is_heard() {
        let said = Environment { colorterm: Some("truecolor"), locale: Some("de_DE.UTF-8"), ..Environment::default() };
        assert_eq!(Look::of(said), Look { colours: Colours::True, ascii: false });
        assert_eq!(Look::of(Environment { no_color: Some("1"), ..said }).colours, Colours::Mono);
        assert_eq!(Look::of(Environment { no_color: Some(""), ..said }).colours, Colours::True);
        assert!(Look::of(Environment { locale: Some("C"), ..said }).ascii);
    }
}
