//! The book cannot lie: every output in it is made by the program and compared, every piece of code in it is the code that
//! runs, every command in it is accepted, every link leads somewhere.
//!
//! `UPDATE_BOOK=1 cargo test -p tribunal-tui --test book` writes the outputs anew; read the difference before committing it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "book/excerpts.rs"]
mod excerpts;
#[path = "book/glossary.rs"]
mod glossary;
#[path = "book/museum.rs"]
mod museum;
use excerpts::{CHAPTERS, Excerpt};
use glossary::glossary;
use museum::museum;

const LINES_PER_CHAPTER: usize = 250;
const LINES_PER_EXCERPT: usize = 64;
const ANCHORS: usize = 40;

#[test]
fn every_output_in_the_book_is_what_the_program_prints() {
    let mut wrong = Vec::new();
    for excerpt in excerpts() {
        let made = make(&excerpt);
        assert!(made.lines().count() <= LINES_PER_EXCERPT, "{} is longer than anybody reads", excerpt.file);
        compare(&book().join("generated").join(&*excerpt.file), &made, &mut wrong);
    }
    report(&wrong);
}

#[test]
fn the_glossary_is_made_from_the_facts() {
    let mut wrong = Vec::new();
    compare(&book().join("glossary.md"), &glossary(), &mut wrong);
    report(&wrong);
}

/// The picture stands between `<!-- frame -->` and `<!-- /frame -->`, and the README names the command that draws it.
#[test]
fn the_readme_s_picture_is_a_frame_of_the_screen() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap_or_default();
    let Some((before, rest)) = readme.split_once("<!-- frame -->") else { return };
    let (_, after) = rest.split_once("<!-- /frame -->").expect("the README's frame ends with <!-- /frame -->");
    let command = readme.lines().find_map(|line| {
        let (_, command) = line.split_once("watch 06-lost-ack --at ")?;
        command.split_once(" --snapshot 80x24").map(|(at, _)| format!("watch 06-lost-ack --at {at} --snapshot 80x24"))
    });
    let command = command.unwrap_or_else(|| "watch 06-lost-ack --at 1.284s --snapshot 80x24".to_owned());
    let wanted = format!("{before}<!-- frame -->\n```text\n{}```\n<!-- /frame -->{after}", tidy(&text(&tribunal(&command))));
    let mut wrong = Vec::new();
    compare(&path, &wanted, &mut wrong);
    report(&wrong);
}

/// The README shows the same verdict as chapter 6, between `<!-- verdict -->` and `<!-- /verdict -->`.
#[test]
fn the_readme_s_verdict_is_the_program_s() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).expect("there is a README");
    let (before, rest) = readme.split_once("<!-- verdict -->").expect("the README shows a verdict");
    let (_, after) = rest.split_once("<!-- /verdict -->").expect("the README's verdict ends with <!-- /verdict -->");
    let verdict = excerpts().into_iter().find(|excerpt| excerpt.file == "06-verdict.txt").expect("chapter 6 shows the verdict");
    let wanted = format!("{before}<!-- verdict -->\n```text\n{}```\n<!-- /verdict -->{after}", make(&verdict));
    let mut wrong = Vec::new();
    compare(&path, &wanted, &mut wrong);
    report(&wrong);
}

#[test]
fn every_output_made_is_shown_and_every_file_included_is_there() {
    let excerpts = excerpts();
    let made: BTreeSet<&str> = excerpts.iter().map(|excerpt| &*excerpt.file).collect();
    assert_eq!(made.len(), excerpts.len(), "two excerpts are written to one file");
    let mut shown = BTreeSet::new();
    for (page, text) in pages() {
        for include in includes(&text) {
            let path = from_the_book(&page, include.split(':').next().unwrap_or_default());
            match path.strip_prefix("generated/") {
                Some(file) => {
                    assert!(made.contains(file), "{page} includes {path}, which no excerpt makes");
                    shown.insert(file.to_owned());
                }
                None => assert!(book().join(&path).is_file(), "{page} includes {path}, which is not there"),
            }
        }
    }
    for file in &made {
        assert!(shown.contains(*file), "generated/{file} is shown by no page");
    }
    for file in fs::read_dir(book().join("generated")).expect("the book has generated outputs") {
        let name = file.expect("a folder can be listed").file_name().to_string_lossy().into_owned();
        assert!(made.contains(name.as_str()), "generated/{name} is made by no excerpt");
    }
}

#[test]
fn every_anchor_is_used_and_every_anchor_used_is_there() {
    let mut there = BTreeMap::new();
    for file in files_below(&root().join("src"), "rs") {
        let text = fs::read_to_string(&file).expect("a source file is text");
        let name = file.strip_prefix(root()).expect("it lies below the root").to_string_lossy().replace('\\', "/");
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("// ANCHOR: ")) {
            assert!(text.contains(&format!("// ANCHOR_END: {line}\n")), "{name}: the anchor {line} has no end");
            assert!(there.insert(format!("{name}:{line}"), 0).is_none(), "{name} has the anchor {line} twice");
        }
    }
    assert!(there.len() <= ANCHORS, "{} anchors: the code is for reading, too", there.len());
    for (page, text) in pages() {
        for include in includes(&text) {
            let include = from_the_book(&page, &include);
            let Some(code) = include.strip_prefix("../../").filter(|code| code.contains(".rs")) else { continue };
            let count = there.get_mut(code).unwrap_or_else(|| panic!("{page} shows {code}, which is not there"));
            *count += 1;
        }
    }
    let unused: Vec<&String> = there.iter().filter(|(_, count)| **count == 0).map(|(anchor, _)| anchor).collect();
    assert!(unused.is_empty(), "shown by no page: {unused:?}");
}

#[test]
fn every_link_leads_to_a_file_and_the_summary_lists_every_page() {
    let summary = fs::read_to_string(book().join("SUMMARY.md")).expect("the book has a summary");
    for (page, text) in pages() {
        assert!(summary.contains(&format!("]({page})")), "SUMMARY.md does not list {page}");
        for target in links(&text) {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.starts_with("https://") || path.is_empty();
            let is_there = || book().join(from_the_book(&page, path)).is_file();
            assert!(is_elsewhere || is_there(), "{page} links to {target}, which is not there");
        }
    }
    for target in links(&summary) {
        assert!(book().join(&target).is_file(), "SUMMARY.md lists {target}, which is not there");
    }
}

#[test]
fn every_command_shown_is_accepted() {
    let mut commands = BTreeSet::new();
    for (page, text) in pages() {
        commands.extend(commands_in(&text).into_iter().map(|command| (command, page.clone())));
    }
    for excerpt in excerpts() {
        let shown = fs::read_to_string(book().join("generated").join(&*excerpt.file)).unwrap_or_default();
        let again = shown.lines().filter_map(|line| line.split_once("tribunal ").map(|(_, command)| command.to_owned()));
        let again = again.filter(|command| command.starts_with("run "));
        commands.extend(again.map(|command| (command, format!("generated/{}", excerpt.file))));
    }
    assert!(commands.len() > 10, "the book shows commands");
    for (command, page) in commands {
        let is_screen = command.starts_with("watch ") && !command.contains("--snapshot");
        let command = if is_screen { format!("{command} --snapshot 80x24") } else { command };
        let output = tribunal(&command.replace("--step K", "--step 100"));
        let status = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(status, Some(0 | 1)), "{page}: tribunal {command}: status {status:?}\n{said}");
    }
}

/// A path in backticks exists; a function named after it (`fn name`) stands in it.
#[test]
fn every_file_and_function_named_is_there() {
    let mut named = 0;
    for (page, text) in pages() {
        let mut file: Option<(String, String)> = None;
        for code in code_spans(&text) {
            if let Some(name) = code.strip_prefix("fn ") {
                let (path, source) = file.as_ref().unwrap_or_else(|| panic!("{page}: `fn {name}` of which file?"));
                let is_there = [format!("fn {name}("), format!("fn {name}<")].iter().any(|declared| source.contains(declared));
                assert!(is_there, "{page}: {path} has no `fn {name}`");
                named += 1;
            } else if ["src/", "tests/", "tui/", "scenarios/", "book/"].iter().any(|folder| code.starts_with(folder)) {
                let path = root().join(&code);
                assert!(path.exists(), "{page} names {code}, which is not there");
                file = Some((code, fs::read_to_string(path).unwrap_or_default()));
            }
        }
    }
    assert!(named >= 10, "the walk of a produce names its functions");
}

#[test]
fn a_chapter_is_short() {
    for (page, text) in pages() {
        let lines = text.lines().count();
        assert!(page == "glossary.md" || lines <= LINES_PER_CHAPTER, "{page} has {lines} lines");
    }
}

/// Every output that the book shows.
fn excerpts() -> Vec<Excerpt> {
    let chapters = CHAPTERS.iter().copied().flatten().cloned();
    chapters.chain(museum()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn book() -> PathBuf {
    root().join("book/src")
}

/// A path as a page writes it, as it is from the book's own folder.
fn from_the_book(page: &str, path: &str) -> String {
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    for part in path.split('/') {
        match part {
            ".." if folders.last().is_some_and(|last| *last != "..") => {
                folders.pop();
            }
            part => folders.push(part),
        }
    }
    folders.join("/")
}

/// Every page but the summary, by its path.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for file in files_below(&book(), "md") {
        let name = file.strip_prefix(book()).expect("it lies below the book").to_string_lossy().replace('\\', "/");
        if name != "SUMMARY.md" {
            pages.insert(name, fs::read_to_string(&file).expect("a page is text"));
        }
    }
    pages
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of the program's output that the excerpt keeps, an ellipsis where some are left out between.
fn make(excerpt: &Excerpt) -> String {
    let printed = tidy(&text(&tribunal(&excerpt.command)));
    if excerpt.keep.is_empty() {
        return printed;
    }
    let lines: Vec<&str> = printed.lines().collect();
    let mut kept = String::new();
    let mut next = 0;
    for (from, to) in excerpt.keep.iter() {
        let find = |what: &str, after: usize| {
            let found = lines.iter().skip(after).position(|line| line.contains(what));
            found.map(|place| place + after).unwrap_or_else(|| panic!("{}: no line after {after} has {what:?}", excerpt.file))
        };
        let first = find(from, next);
        let last = find(to, first);
        if next > 0 && first > next {
            kept.push_str("          …\n");
        }
        for line in lines.iter().take(last + 1).skip(first) {
            kept.push_str(line);
            kept.push('\n');
        }
        next = last + 1;
    }
    kept
}

/// Runs the program with the arguments written as in a shell.
fn tribunal(command: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tribunal"));
    program.args(words(command)).current_dir(root()).env("LANG", "C.UTF-8").env("NO_COLOR", "1");
    program.output().expect("the binary was built")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the program prints UTF-8")
}

/// Without blanks at the ends of lines, and without the line numbers of sources, which change with every edit above them.
fn tidy(printed: &str) -> String {
    let mut tidy = String::new();
    for line in printed.lines() {
        let line = match line.split_once(".rs:") {
            Some((before, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("{before}.rs"),
            _ => line.trim_end().to_owned(),
        };
        tidy.push_str(&line);
        tidy.push('\n');
    }
    tidy
}

fn compare(path: &Path, made: &str, wrong: &mut Vec<String>) {
    let there = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if there == made {
        return;
    }
    if std::env::var_os("UPDATE_BOOK").is_some() {
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the book can be written");
        fs::write(path, made).expect("the book can be written");
        return;
    }
    let differs = there.lines().zip(made.lines()).find(|(there, made)| there != made);
    let (there, made) = differs.unwrap_or(("another number of lines", "another number of lines"));
    wrong.push(format!("{}\n  has  {there}\n  made {made}", path.display()));
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "these are no longer what the program says (UPDATE_BOOK=1 writes them anew):\n{}", wrong.join("\n"));
}

fn includes(text: &str) -> Vec<String> {
    between(text, "{{#include ", "}}")
}

fn links(text: &str) -> Vec<String> {
    between(text, "](", ")")
}

fn between(text: &str, open: &str, close: &str) -> Vec<String> {
    let after = text.split(open).skip(1);
    after.filter_map(|rest| rest.split_once(close).map(|(inside, _)| inside.trim().to_owned())).collect()
}

/// What stands in backticks outside of fenced blocks, line ends as blanks.
fn code_spans(text: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The arguments of every `tribunal …`, in fenced blocks and in backticks.
fn commands_in(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::to_owned).chain(code_spans(text));
    let commands = lines.filter_map(|line| line.strip_prefix("tribunal ").map(str::to_owned));
    commands.map(|command| command.split(" < ").next().unwrap_or_default().to_owned()).collect()
}

/// Splits a command as a shell does, as far as quotes go.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}
