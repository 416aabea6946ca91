//! The screen in a real pseudo-terminal: it opens, hears keys and the mouse, follows the size, and gives the terminal back,
//! after a panic too. The process in the terminal is this very test program, started again for the one test that draws it.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tribunal::trace::testing;
use tribunal_tui::screen::{Look, Model, Recording, run, terminal};
use vt100::{MouseProtocolMode, Parser};

const ROLE: &str = "TRIBUNAL_TERMINAL_TEST";

#[test]
#[allow(clippy::disallowed_methods, reason = "the parent says by the environment what is wanted")]
fn the_screen_itself() {
    match std::env::var(ROLE).as_deref() {
        Ok("run") => {
            let recording = Recording::new(testing::recorded(&testing::lost_acknowledgement()), &[], Vec::new());
            run(Model::new(Arc::new(recording)), Look::default(), true).expect("this is a terminal");
        }
        Ok("panic") => terminal::hold(true, || panic!("as asked")).expect("it panics before"),
        _ => {}
    }
}

/// The screen in its terminal, as somebody sitting there sees it.
struct Sitting {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    seen: Parser,
    has_opened: bool,
}

impl Sitting {
    #[allow(clippy::disallowed_methods, reason = "a pseudo-terminal is read by a thread")]
    fn start(role: &str, rows: u16, cols: u16) -> Self {
        let pair = native_pty_system().openpty(size(rows, cols)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "the_screen_itself", "--nocapture"]);
        command.env(ROLE, role);
        let child = pair.slave.spawn_command(command).expect("this program starts");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut part = [0_u8; 4_096];
            while let Ok(count @ 1..) = output.read(&mut part) {
                if sender.send(part.iter().take(count).copied().collect()).is_err() {
                    break;
                }
            }
        });
        Self { child, master: pair.master, keys, bytes, seen: Parser::new(rows, cols, 0), has_opened: false }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("it is listening");
    }

    /// Waits until something is to be seen; never for a fixed time.
    fn wait(&mut self, what: &str, is_seen: impl Fn(&Self) -> bool) {
        for _ in 0..600 {
            if is_seen(self) {
                return;
            }
            match self.bytes.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => {
                    self.has_opened |= bytes.windows(8).any(|part| part == b"\x1b[?1049h");
                    self.seen.process(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        assert!(is_seen(self), "never seen: {what}\n{}", self.seen.screen().contents());
    }

    fn wait_for(&mut self, text: &str) {
        self.wait(text, |sitting| sitting.seen.screen().contents().contains(text));
    }

    fn wait_for_the_end(mut self) {
        self.child.wait().expect("it ends");
        self.wait("the terminal given back", |sitting| {
            let screen = sitting.seen.screen();
            let is_plain = !screen.alternate_screen() && !screen.hide_cursor();
            sitting.has_opened && is_plain && screen.mouse_protocol_mode() == MouseProtocolMode::None
        });
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

#[test]
fn keys_mouse_and_size_are_heard_and_the_terminal_is_given_back() {
    let mut sitting = Sitting::start("run", 24, 80);
    sitting.wait_for("step 0 of");
    assert!(sitting.seen.screen().alternate_screen());
    sitting.press("G");
    sitting.wait_for("no copy left");
    sitting.press("g:1.284s\r");
    sitting.wait_for("ProcessCrashed");
    sitting.press("?");
    sitting.wait_for("what the shapes mean");
    sitting.press("\u{1b}");
    sitting.wait("the help closed", |sitting| !sitting.seen.screen().contents().contains("what the shapes mean"));
    // A click in the middle of the timeline (SGR, from 1).
    sitting.press("\u{1b}[<0;40;22M\u{1b}[<0;40;22m");
    sitting.wait("half of the run", |sitting| sitting.seen.screen().contents().contains(" · 1.9"));
    sitting.seen.screen_mut().set_size(40, 140);
    sitting.master.resize(size(40, 140)).expect("it can be resized");
    sitting.wait_for("─ Events");
    sitting.press("q");
    sitting.wait_for_the_end();
}

#[test]
fn after_a_panic_the_terminal_is_as_it_was() {
    Sitting::start("panic", 24, 80).wait_for_the_end();
}
