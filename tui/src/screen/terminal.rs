//! The real terminal: entering and leaving it, and the loop.
//!
//! Invariant: however the loop ends (by `q`, an error, a panic or a signal to end), the terminal is as it was: main screen, cursor visible,
//! no raw mode, no mouse capture.

use std::io::{self, Write, stdout};
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::Duration as RealDuration;

use crossterm::event::{self, DisableBracketedPaste, DisableMouseCapture, Event, MouseEventKind};
use crossterm::event::{EnableMouseCapture, MouseEvent};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{cursor, execute, queue, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use tribunal::time::Duration;

use super::theme::Look;
use super::{Message, Model, frame, keys, update};

/// The shortest time between two frames while playing: 30 a second, so that slow lines keep up.
const FRAME: RealDuration = RealDuration::from_millis(33);

/// Shows a model on the terminal until the user leaves. Errors: those of the terminal.
pub fn run(mut model: Model, look: Look, with_mouse: bool) -> io::Result<()> {
    hold(with_mouse, || turn(&mut model, &mut Terminal::new(CrosstermBackend::new(stdout()))?, look))
}

/// Takes the terminal, does something with it, and gives it back, whatever became of that. Errors: those of the terminal.
pub fn hold(with_mouse: bool, body: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let guard = Guard::enter(with_mouse)?;
    let ended = body();
    drop(guard);
    ended
}

#[allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "playing follows real time; the model only hears how much passed"
)]
fn turn(model: &mut Model, terminal: &mut Terminal<CrosstermBackend<io::Stdout>>, look: Look) -> io::Result<()> {
    let mut last = std::time::Instant::now();
    draw(model, terminal, look)?;
    while !model.is_done {
        let mut is_stale = false;
        if model.is_playing {
            is_stale |= event::poll(FRAME)? && take(model, terminal.size()?.into())?;
            let now = std::time::Instant::now();
            let passed = u64::try_from(now.duration_since(last).as_micros()).unwrap_or(u64::MAX);
            let before = (model.cursor(), model.is_playing);
            update(model, Message::Passed(Duration(passed)));
            is_stale |= before != (model.cursor(), model.is_playing);
            last = now;
        } else {
            is_stale |= take(model, terminal.size()?.into())?;
            last = std::time::Instant::now();
        }
        // What is waiting already is taken before the next frame, so that a held key or a dragged window does not lag.
        while !model.is_done && event::poll(RealDuration::ZERO)? {
            is_stale |= take(model, terminal.size()?.into())?;
        }
        if is_stale {
            draw(model, terminal, look)?;
        }
    }
    Ok(())
}

/// Takes the next event of the terminal. True when the frame may have changed.
fn take(model: &mut Model, area: Rect) -> io::Result<bool> {
    let message = match event::read()? {
        Event::Key(key) => keys::message(key, &model.overlay),
        Event::Mouse(mouse) => return Ok(point(model, area, mouse)),
        Event::Resize(..) => return Ok(true),
        Event::FocusGained | Event::FocusLost | Event::Paste(_) => None,
    };
    let is_heard = message.is_some();
    if let Some(message) = message {
        update(model, message);
    }
    Ok(is_heard)
}

/// The wheel steps; a click on the timeline goes there.
fn point(model: &mut Model, area: Rect, mouse: MouseEvent) -> bool {
    match mouse.kind {
        MouseEventKind::ScrollDown => update(model, Message::BeatForward),
        MouseEventKind::ScrollUp => update(model, Message::BeatBack),
        MouseEventKind::Down(_) | MouseEventKind::Drag(_) => {
            let places = crate::panes::places(model, area);
            let Some(places) = places.filter(|places| places.timeline.contains(Position::new(mouse.column, mouse.row))) else {
                return false;
            };
            let column = i32::from(mouse.column) - i32::from(places.timeline.x);
            let time = crate::panes::timeline::time_at(model, i32::from(places.timeline.width), column);
            model.is_playing = false;
            model.move_to(model.recording.trace.step_at(time));
        }
        MouseEventKind::Up(_) | MouseEventKind::Moved | MouseEventKind::ScrollLeft | MouseEventKind::ScrollRight => return false,
    }
    true
}

fn draw(model: &Model, terminal: &mut Terminal<CrosstermBackend<io::Stdout>>, look: Look) -> io::Result<()> {
    queue!(stdout(), BeginSynchronizedUpdate)?;
    terminal.draw(|screen| {
        let mut buffer = frame(model, screen.area());
        look.apply(&mut buffer);
        screen.buffer_mut().clone_from(&buffer);
    })?;
    execute!(stdout(), EndSynchronizedUpdate)
}

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Holds the terminal; leaving it is its end.
pub(super) struct Guard {
    earlier: Hook,
    #[cfg(unix)]
    watch: signal_hook::iterator::Handle,
}

impl Guard {
    pub(super) fn enter(with_mouse: bool) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let earlier: Hook = Arc::from(std::panic::take_hook());
        let guard = Self {
            earlier: Arc::clone(&earlier),
            #[cfg(unix)]
            watch: watch_for_the_end()?,
        };
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            earlier(panic);
        }));
        execute!(stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        if with_mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
        #[cfg(unix)]
        self.watch.close();
        if !std::thread::panicking() {
            let earlier = Arc::clone(&self.earlier);
            std::panic::set_hook(Box::new(move |panic| earlier(panic)));
        }
    }
}

/// Waits in the background for a signal to end (SIGTERM, SIGHUP): then the terminal is given back, and the program ends as
/// such a signal ends one. Errors: those of the system.
#[cfg(unix)]
fn watch_for_the_end() -> io::Result<signal_hook::iterator::Handle> {
    use signal_hook::consts::{SIGHUP, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP])?;
    let handle = signals.handle();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            leave();
            std::process::exit(128 + signal);
        }
    })?;
    Ok(handle)
}

/// Gives the terminal back. Every part is tried, whatever became of the others.
fn leave() {
    let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, EndSynchronizedUpdate);
    let _ = execute!(stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
    let _ = stdout().flush();
}
