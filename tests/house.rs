//! The layers of the house, held: a module imports from rows strictly below its own, and neighbours on a row never see
//! each other, except where row 0 says so (each of its shelves sees the ones before it).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module and height. Equal heights are neighbours; the fractions of row 0 are its shelves.
const HEIGHTS: &[(&str, u32)] = &[
    ("ids", 0),
    ("time", 1),
    ("files", 1),
    ("error", 2),
    ("choice", 2),
    ("pattern", 3),
    ("config", 4),
    ("record", 5),
    ("protocol", 6),
    ("event", 10),
    ("context", 20),
    ("log", 30),
    ("client", 30),
    ("trace", 30),
    ("replica", 40),
    ("raft", 40),
    ("check", 40),
    ("controller", 50),
    ("coordinator", 50),
    ("broker", 60),
    ("node", 70),
    ("sim", 80),
];

/// Row 0 speaks of acknowledgements and messages, whose words belong to the glossary in `event`, and `event` writes down
/// what row 0 names: the two are one storey with a stair between them.
const STAIRS: &[(&str, &str)] = &[("config", "event"), ("record", "event"), ("protocol", "event")];

/// Files outside `sim/host`, `sim/explore` that may name madsim, threads or the wall clock: none.
const HOSTS: &[&str] = &["src/sim/host", "src/sim/explore"];

#[test]
fn a_module_sees_only_what_lies_below_it() {
    let heights: BTreeMap<&str, u32> = HEIGHTS.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let module = top_module(&file);
        let Some(height) = heights.get(module.as_str()) else {
            assert_eq!(module, "lib", "{} belongs to no row of the house", file.display());
            continue;
        };
        for seen in modules_named_in(&file) {
            let below = heights.get(seen.as_str()).is_some_and(|other| other < height);
            let stair = STAIRS.contains(&(module.as_str(), seen.as_str()));
            if seen != module && !below && !stair {
                wrong.push(format!("{} sees {seen}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these look up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_hosts_know_threads_and_clocks() {
    let words = ["std::thread", "std::time::", "madsim::", "SystemTime"];
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let path = file.to_string_lossy().replace('\\', "/");
        if HOSTS.iter().any(|host| path.contains(host)) {
            continue;
        }
        for (number, line) in code_lines(&file) {
            if words.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "a machine needs none of this:\n{}", wrong.join("\n"));
}

#[test]
fn the_high_watermark_has_one_writer() {
    let mut writers = Vec::new();
    for file in rust_files("src") {
        for (number, line) in code_lines(&file) {
            if line.contains("fn advance_high_watermark(") {
                writers.push(format!("{}:{number}", file.display()));
            }
        }
    }
    let of_partitions: Vec<_> = writers.iter().filter(|at| at.contains("replica")).collect();
    assert_eq!(of_partitions.len(), 1, "one fact, one writer: {writers:?}");
    let map = fs::read_to_string("src/lib.rs").expect("the map is there");
    assert!(map.contains("advance_high_watermark"), "the map links to it");
}

#[test]
fn rooms_are_not_halls() {
    let large: Vec<_> = rust_files("src")
        .into_iter()
        .chain(rust_files("tui/src"))
        .map(|file| (fs::read_to_string(&file).expect("a file of ours").lines().count(), file))
        .filter(|(lines, _)| *lines > 600)
        .collect();
    assert!(large.is_empty(), "a file this long is telling about a missing room: {large:?}");
}

fn rust_files(root: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of ours") {
            let path = entry.expect("an entry of ours").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn top_module(file: &Path) -> String {
    let first = file.components().nth(1).expect("a file below src").as_os_str().to_string_lossy().to_string();
    first.trim_end_matches(".rs").to_owned()
}

/// Lines that are neither comments nor a file's own tests at its end, with their numbers.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("a file of ours");
    let text = text.split("\nmod tests {").next().unwrap_or_default();
    let code = text.lines().enumerate().map(|(number, line)| (number + 1, line.to_owned()));
    code.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

/// Every `x` in `crate::x`, and in `use crate::{x…, y…}`.
fn modules_named_in(file: &Path) -> BTreeSet<String> {
    let code: String = code_lines(file).into_iter().map(|(_, line)| line + "\n").collect();
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut seen = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        if let Some(group) = after.strip_prefix('{') {
            seen.extend(top_level_names(group, &name));
        } else {
            seen.insert(name(after));
        }
    }
    seen.remove("");
    seen
}

fn top_level_names(group: &str, name: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut depth = 1;
    let mut item = String::new();
    let mut names = Vec::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                names.push(name(item.trim()));
                item.clear();
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        item.push(c);
    }
    names.push(name(item.trim()));
    names
}
