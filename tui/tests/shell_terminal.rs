//! The shell on a terminal: what was typed is kept from one session to the next.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Somebody at a shell.
struct Sitting {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shown: Receiver<Vec<u8>>,
    seen: String,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Sitting {
    #[allow(clippy::disallowed_methods, reason = "a pseudo-terminal is read by a thread")]
    fn down(state: &Path) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tribunal"));
        command.arg("shell");
        command.env("XDG_STATE_HOME", state);
        command.env("TERM", "xterm");
        let child = pair.slave.spawn_command(command).expect("the binary was built");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut part = [0_u8; 4_096];
            while let Ok(count @ 1..) = output.read(&mut part) {
                if sender.send(part.iter().take(count).copied().collect()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, shown, seen: String::new(), _terminal: pair.master }
    }

    /// Waits for a prompt, types, and waits until something new is shown.
    fn type_and_see(&mut self, keys: &str, wanted: &str) {
        self.wait_for("s> ");
        self.seen.clear();
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("it is listening");
        self.wait_for(wanted);
    }

    fn wait_for(&mut self, wanted: &str) {
        for _ in 0..300 {
            if self.seen.contains(wanted) {
                return;
            }
            if let Ok(bytes) = self.shown.recv_timeout(Duration::from_millis(100)) {
                self.seen += &String::from_utf8_lossy(&bytes);
            }
        }
        panic!("{wanted:?} is not to be seen: {}", self.seen);
    }

    fn leave(mut self) {
        self.type_and_see("quit\r", "quit");
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[test]
fn what_was_typed_last_time_is_behind_the_arrow_keys() {
    let state = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shell-state");
    let _ = std::fs::remove_dir_all(&state);
    let mut first = Sitting::down(&state);
    first.type_and_see("status\r", "in service");
    first.leave();
    let mut second = Sitting::down(&state);
    second.type_and_see("\x1b[A\x1b[A\r", "in service"); // above `quit` stands `status`
    second.leave();
}
