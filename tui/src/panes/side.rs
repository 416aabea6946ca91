//! Processes and checks, beside the lanes on wide screens: who lives, whose clock is wrong, what has been found.

use tribunal::ids::ProcessId;
use tribunal::trace::view::{ProcessState, ProcessView};

use super::put::{Pane, short_time};
use crate::screen::{Model, theme};

/// Draws processes, then checks.
pub fn draw(model: &Model, pane: &mut Pane<'_>) {
    if pane.height() < 4 || pane.width() < 20 {
        return;
    }
    for y in 0..pane.height() {
        pane.glyph(0, y, '│', theme::faint());
    }
    pane.heading(0, "Processes", "clock");
    pane.glyph(0, 0, '┬', theme::faint());
    let mut y = 1;
    for process in model.view.processes().iter().filter(|process| process.process != ProcessId::World) {
        if y >= pane.height() {
            return;
        }
        row(model, pane, y, process);
        y += 1;
    }
    if y + 2 >= pane.height() || model.recording.findings.is_empty() {
        return;
    }
    pane.heading(y + 1, "Checks", "as found by this step");
    pane.glyph(0, y + 1, '├', theme::faint());
    for (y, finding) in (y + 2..pane.height()).zip(&model.recording.findings) {
        let is_known = finding.step.is_none_or(|step| step <= model.cursor());
        let (mark, style) = match (finding.is_violation && is_known, finding.status.as_str()) {
            (true, _) => ('✗', theme::fault()),
            (false, "ok") => ('✓', theme::dim()),
            (false, "at-risk") => ('~', theme::leader()),
            (false, _) => ('·', theme::dim()),
        };
        pane.glyph(2, y, mark, style);
        let x = pane.put_within(4, y, pane.width() - 20, &finding.name, style);
        let status = if is_known { finding.status.as_str() } else { "not yet" };
        pane.put_within(x + 2, y, pane.width() - x - 3, status, style);
    }
}

fn row(model: &Model, pane: &mut Pane<'_>, y: i32, process: &ProcessView) {
    let name = model.recording.names.process(process.process);
    let cut = model.view.cut_from(process.process);
    let (state, style) = state(process.state);
    pane.put_within(2, y, 9, &name, theme::text());
    let mut words = state.to_owned();
    if process.is_fenced() && process.state != ProcessState::NotStarted {
        words.push_str(" · fenced");
    }
    if !cut.is_empty() {
        let peers: Vec<String> = cut.iter().map(|peer| model.recording.names.process(*peer).into_owned()).collect();
        words.push_str(&format!(" · cut from {}", peers.join(", ")));
    }
    if process.incarnation.0 > 1 {
        words.push_str(&format!(" · life {}", process.incarnation));
    }
    let style = if cut.is_empty() { style } else { theme::fault() };
    pane.put_within(12, y, pane.width() - 24, &words, style);
    if process.clock_offset_us != 0 || process.clock_drift_ppm != 0 {
        let sign = if process.clock_offset_us < 0 { '-' } else { '+' };
        let off = short_time(process.clock_offset_us.unsigned_abs());
        pane.put_left_of(pane.width() - 1, y, &format!("◷ {sign}{off}"), theme::client());
    }
}

fn state(state: ProcessState) -> (&'static str, ratatui::style::Style) {
    match state {
        ProcessState::NotStarted => ("not started", theme::faint()),
        ProcessState::Up => ("up", theme::dim()),
        ProcessState::Paused => ("stands still", theme::fault()),
        ProcessState::Down(_) => ("down", theme::fault()),
        ProcessState::Halted => ("ended itself", theme::fault()),
        ProcessState::Stopped => ("shut down", theme::dim()),
    }
}
