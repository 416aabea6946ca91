//! A buffer as an SVG picture: ground rectangles, text with an x for every glyph (an exact grid in any font), and lines and
//! blocks drawn as shapes, so that no gaps show between cells.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

const WIDTH: u32 = 9;
const HEIGHT: u32 = 19;
const MARGIN: u32 = 12;
const GROUND: &str = "#10151b";
const INK: &str = "#d5dce4";

/// The buffer as a picture.
#[must_use]
pub fn svg(buffer: &Buffer) -> String {
    let (columns, lines) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let (width, height) = (columns * WIDTH + 2 * MARGIN, lines * HEIGHT + 2 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"'DejaVu Sans Mono','Menlo','Consolas',monospace\" font-size=\"15\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for (row, y) in super::rows(buffer).zip((0..).map(|row| MARGIN + row * HEIGHT)) {
        grounds(&mut out, row, y);
        glyphs(&mut out, row, y);
    }
    out.push_str("</svg>\n");
    out
}

fn grounds(out: &mut String, row: &[Cell], y: u32) {
    let mut x = MARGIN;
    for run in row.chunk_by(|left, right| colours(left).1 == colours(right).1) {
        let span = u32::try_from(run.len()).unwrap_or(0) * WIDTH;
        if let Some(ground) = run.first().and_then(|cell| colours(cell).1) {
            let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{span}\" height=\"{HEIGHT}\" fill=\"{ground}\"/>");
        }
        x += span;
    }
}

fn glyphs(out: &mut String, row: &[Cell], y: u32) {
    let mut x = MARGIN;
    for run in row.chunk_by(|left, right| colours(left).0 == colours(right).0 && left.modifier == right.modifier) {
        let Some(first) = run.first() else { continue };
        let (ink, _) = colours(first);
        let (mut places, mut letters) = (String::new(), String::new());
        for cell in run {
            match cell.symbol() {
                " " => {}
                symbol => match shape(symbol, x, y, &ink) {
                    Some(shape) => out.push_str(&shape),
                    None => {
                        let _ = write!(places, "{}{x}", if places.is_empty() { "" } else { " " });
                        letters.push_str(&symbol.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
                    }
                },
            }
            x += WIDTH;
        }
        if !letters.is_empty() {
            let weight = if first.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let struck = if first.modifier.contains(Modifier::CROSSED_OUT) { " text-decoration=\"line-through\"" } else { "" };
            let faded = if first.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
            let base = y + 14;
            let _ = writeln!(out, "<text x=\"{places}\" y=\"{base}\" fill=\"{ink}\"{weight}{struck}{faded}>{letters}</text>");
        }
    }
}

/// Lines and blocks as rectangles that reach the edges of their cell.
fn shape(symbol: &str, x: u32, y: u32, ink: &str) -> Option<String> {
    let (middle, centre, right, bottom) = (y + HEIGHT / 2, x + WIDTH / 2, x + WIDTH, y + HEIGHT);
    let rect = |x: u32, y: u32, to_x: u32, to_y: u32| {
        format!("<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{ink}\"/>\n", to_x - x, to_y - y)
    };
    let level = |from: u32, to: u32| rect(from, middle, to, middle + 1);
    let upright = |from: u32, to: u32| rect(centre, from, centre + 1, to);
    let shapes = match symbol {
        "─" => level(x, right),
        "━" => rect(x, middle - 1, right, middle + 2),
        "╌" => level(x + 1, x + 4) + &level(x + 6, right),
        "│" => upright(y, bottom),
        "▏" => rect(x, y, x + 2, bottom),
        "┃" => rect(centre - 1, y, centre + 1, bottom),
        "┬" => level(x, right) + &upright(middle, bottom),
        "║" => rect(centre - 2, y, centre - 1, bottom) + &rect(centre + 1, y, centre + 2, bottom),
        "╣" => {
            rect(centre - 2, y, centre - 1, bottom)
                + &rect(centre + 1, y, centre + 2, bottom)
                + &rect(x, middle, centre - 2, middle + 1)
        }
        "┤" => upright(y, bottom) + &level(x, centre),
        "├" => upright(y, bottom) + &level(centre, right),
        "┼" => upright(y, bottom) + &level(x, right),
        "└" => upright(y, middle) + &level(centre, right),
        "┌" => upright(middle, bottom) + &level(centre, right),
        "┐" => upright(middle, bottom) + &level(x, centre),
        "┘" => upright(y, middle) + &level(x, centre),
        "█" => rect(x, y, right, bottom),
        _ => return None,
    };
    Some(shapes)
}

/// Ink, and ground where it is not the picture's own.
fn colours(cell: &Cell) -> (String, Option<String>) {
    let (ink, ground) = (hex(cell.fg), hex(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        return (ground.unwrap_or_else(|| GROUND.to_owned()), Some(ink.unwrap_or_else(|| INK.to_owned())));
    }
    (ink.unwrap_or_else(|| INK.to_owned()), ground.filter(|ground| ground != GROUND))
}

fn hex(colour: Color) -> Option<String> {
    let (red, green, blue) = match colour {
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Black => (0, 0, 0),
        Color::Red | Color::LightRed => (0xE8, 0x70, 0x2A),
        Color::Green | Color::LightGreen => (0x2B, 0xB7, 0x8E),
        Color::Yellow => (0xE6, 0x9F, 0),
        Color::LightYellow => (0xF0, 0xE4, 0x42),
        Color::Blue | Color::LightBlue | Color::Cyan | Color::LightCyan => (0x56, 0xB4, 0xE9),
        Color::Magenta | Color::LightMagenta => (0xCC, 0x79, 0xA7),
        Color::Gray | Color::White => (0xD5, 0xDC, 0xE4),
        Color::DarkGray => (0x8A, 0x96, 0xA3),
        Color::Indexed(index) => indexed(index),
        Color::Reset => return None,
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

/// The colour of one of xterm's 256.
fn indexed(index: u8) -> (u8, u8, u8) {
    match index {
        0..=15 => (0xD5, 0xDC, 0xE4),
        16..=231 => {
            let level = |value: u8| if value == 0 { 0 } else { 55 + 40 * value };
            let index = index - 16;
            (level(index / 36), level(index / 6 % 6), level(index % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}
