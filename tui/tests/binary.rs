//! The screen in a real pseudo-terminal: keys, resizing, and a terminal that is as it was when the program ends.
//!
//! Every wait polls for what must appear, with a limit: a fixed pause would be too short on a busy machine.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a real terminal answers in real time, to a thread; a test that panics has failed"
)]

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_secs(20);

struct Terminal {
    parser: vt100::Parser,
    output: Receiver<Vec<u8>>,
    input: Box<dyn std::io::Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    fn open(arguments: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("this machine has pseudo-terminals");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tribunal"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let child = pair.slave.spawn_command(command).expect("the binary was built");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a pseudo-terminal can be read");
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let input = pair.master.take_writer().expect("a pseudo-terminal can be written");
        Self { parser: vt100::Parser::new(24, 80, 0), output, input, master: pair.master, child }
    }

    fn read(&mut self) {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
            self.parser.process(&bytes);
        }
    }

    fn screen(&mut self) -> String {
        self.read();
        self.parser.screen().contents()
    }

    fn wait_for(&mut self, what: &str, there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if there(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "waited for {what}, saw:\n{screen}");
        }
    }

    fn press(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).expect("the program reads its keys");
        self.input.flush().expect("the program reads its keys");
    }

    fn wait_for_end(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            self.read();
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                self.read();
                return status.exit_code();
            }
            assert!(begun.elapsed() < PATIENCE, "it did not end:\n{}", self.parser.screen().contents());
        }
    }

    fn is_as_it_was(&self) -> bool {
        let screen = self.parser.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}

#[cfg(unix)]
#[test]
fn a_signal_to_end_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::open(&["watch", "06-lost-ack"]);
    terminal.wait_for("the lanes", |screen| screen.contains("orders-0"));
    assert!(!terminal.is_as_it_was(), "the screen is open");
    let id = terminal.child.process_id().expect("it runs");
    let told = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status().expect("kill can be run");
    assert!(told.success());
    assert_ne!(terminal.wait_for_end(), 0);
    assert!(terminal.is_as_it_was(), "{}", terminal.parser.screen().contents());
}

#[test]
fn a_run_opens_moves_and_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::open(&["watch", "06-lost-ack"]);
    let start = terminal.wait_for("the lanes", |screen| screen.contains("orders-0"));
    terminal.press("G");
    let end = terminal.wait_for("another frame", |screen| screen != start && screen.contains("orders-0"));
    terminal.press("g");
    terminal.wait_for("the first frame again", |screen| screen != end);
    terminal.press("?");
    terminal.wait_for("the keys", |screen| screen.to_lowercase().contains("quit"));
    terminal.press("\x1b");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(terminal.is_as_it_was(), "{}", terminal.parser.screen().contents());
}

#[test]
fn it_follows_the_size_of_its_window() {
    let mut terminal = Terminal::open(&["watch", "06-lost-ack"]);
    terminal.wait_for("the lanes", |screen| screen.contains("orders-0"));
    for (rows, cols) in [(10, 30), (40, 140), (24, 80)] {
        terminal.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a pseudo-terminal can be resized");
        terminal.parser.screen_mut().set_size(rows, cols);
        terminal.read();
    }
    terminal.wait_for("the lanes again", |screen| screen.contains("orders-0"));
    terminal.press("q");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(terminal.is_as_it_was());
}

#[test]
fn ctrl_c_leaves_too() {
    let mut terminal = Terminal::open(&["watch", "06-lost-ack"]);
    terminal.wait_for("the lanes", |screen| screen.contains("orders-0"));
    terminal.press("\x03");
    terminal.wait_for_end();
    assert!(terminal.is_as_it_was());
}
