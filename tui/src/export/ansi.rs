//! A buffer as characters with terminal colours (SGR sequences), one line a row, each ending reset.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The characters of a buffer with their styles.
#[must_use]
pub fn ansi(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in super::rows(buffer) {
        let mut current = String::new();
        for cell in row {
            let wanted = style_of(cell);
            if wanted != current {
                let _ = write!(out, "\u{1b}[0{wanted}m");
                current = wanted;
            }
            out.push_str(cell.symbol());
        }
        out.push_str("\u{1b}[0m\n");
    }
    out
}

fn style_of(cell: &Cell) -> String {
    let mut codes = String::new();
    for (modifier, code) in [
        (Modifier::BOLD, ";1"),
        (Modifier::DIM, ";2"),
        (Modifier::UNDERLINED, ";4"),
        (Modifier::REVERSED, ";7"),
        (Modifier::CROSSED_OUT, ";9"),
    ] {
        if cell.modifier.contains(modifier) {
            codes.push_str(code);
        }
    }
    colour(&mut codes, cell.fg, 30);
    colour(&mut codes, cell.bg, 40);
    codes
}

fn colour(codes: &mut String, colour: Color, base: u8) {
    let _ = match colour {
        Color::Rgb(red, green, blue) => write!(codes, ";{};2;{red};{green};{blue}", base + 8),
        Color::Indexed(index) => write!(codes, ";{};5;{index}", base + 8),
        Color::Reset => Ok(()),
        Color::Black => write!(codes, ";{base}"),
        Color::Red => write!(codes, ";{}", base + 1),
        Color::Green => write!(codes, ";{}", base + 2),
        Color::Yellow => write!(codes, ";{}", base + 3),
        Color::Blue => write!(codes, ";{}", base + 4),
        Color::Magenta => write!(codes, ";{}", base + 5),
        Color::Cyan => write!(codes, ";{}", base + 6),
        Color::Gray => write!(codes, ";{}", base + 7),
        Color::DarkGray => write!(codes, ";{}", base + 60),
        Color::LightRed => write!(codes, ";{}", base + 61),
        Color::LightGreen => write!(codes, ";{}", base + 62),
        Color::LightYellow => write!(codes, ";{}", base + 63),
        Color::LightBlue => write!(codes, ";{}", base + 64),
        Color::LightMagenta => write!(codes, ";{}", base + 65),
        Color::LightCyan => write!(codes, ";{}", base + 66),
        Color::White => write!(codes, ";{}", base + 67),
    };
}
