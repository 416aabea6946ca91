//! What the runners of golden scripts share: which scripts are run, and the words that all of them read alike.

use std::error::Error;

use bytes::Bytes;
use tribunal::error::ErrorCode;
use tribunal::ids::{BrokerId, ProcessId};
use tribunal::record::BatchBuilder;
use tribunal::time::Timestamp;

/// What comes of a command: a script that is not understood fails with the reason.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Runs every script of a folder of `tests/golden`, each on a new stage, and tells all that failed.
pub fn run_all<R: goldenscript::Runner>(folder: &str, stage: impl Fn() -> R) {
    let scripts = scripts_in(folder);
    assert!(scripts.len() >= 10, "the scripts of {folder} are found");
    let run = |name: &String| goldenscript::run(&mut stage(), format!("tests/golden/{folder}/{name}")).err();
    let failed = scripts.iter().filter_map(|name| run(name).map(|why| format!("{folder}/{name}: {why}")));
    let failed: Vec<String> = failed.collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The names of a folder's scripts, in order.
pub fn scripts_in(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(format!("tests/golden/{folder}")).expect("the folder of scripts is there");
    let name = |file: std::io::Result<std::fs::DirEntry>| file.expect("readable").file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = files.map(name).collect();
    names.sort();
    names
}

/// A test for each script of a folder, each on a new stage, and one that finds a script that no test runs.
macro_rules! scripts {
    ($folder:literal, $stage:expr => $($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            let script = concat!("tests/golden/", $folder, "/", stringify!($name), ".script");
            goldenscript::run(&mut $stage, script).expect("the script is there and says what happens");
        })*

        #[test]
        fn every_script_is_run() {
            let mut known = [$(concat!(stringify!($name), ".script")),*];
            known.sort_unstable();
            assert_eq!(crate::scripts::scripts_in($folder), known);
        }
    };
}
pub(crate) use scripts;

/// `b1`.
pub fn broker_of(word: Option<&str>) -> Outcome<BrokerId> {
    let number = word.and_then(|word| word.strip_prefix('b')).ok_or("a broker is wanted")?;
    Ok(BrokerId(number.parse()?))
}

/// `c1` is a controller, `b1` a broker.
pub fn process_of(word: Option<&str>) -> Outcome<ProcessId> {
    match word.and_then(|word| word.strip_prefix('c')) {
        Some(number) => Ok(ProcessId::Controller(number.parse()?)),
        None => Ok(ProcessId::Broker(broker_of(word)?)),
    }
}

/// An error code by Kafka's name of it.
pub fn code_of(name: &str) -> Outcome<ErrorCode> {
    Ok(*ErrorCode::ALL.iter().find(|code| code.name() == name).ok_or_else(|| format!("no such code: {name}"))?)
}

/// A producer's batch of one record, which has no key.
pub fn batch_of_one(value: &str) -> Bytes {
    let mut builder = BatchBuilder::new(Timestamp::RUN_START);
    builder.append(Timestamp::RUN_START, None, Some(value.as_bytes()), &[]);
    builder.build()
}
