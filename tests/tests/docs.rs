//! The documents say what the code says, and their links lead somewhere.
//!
//! The table of settings is compared where the settings are: in the server's `print.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::{CloseCode, RefusalCode, Status};

const README: &str = include_str!("../../README.md");
const WIRE: &str = include_str!("../../docs/wire.md");
const CODES: &str = include_str!("../../docs/codes.md");
const FETCH_SOCKET: &str = include_str!("../../sdk-wasm/npm/fetch-socket.js");

/// Lines of the README: more is no front page.
const FRONT_PAGE: usize = 110;

#[test]
fn the_readme_is_a_front_page() {
    let lines = README.lines().count();
    assert!(lines <= FRONT_PAGE, "README.md has {lines} lines: move what is a reference into docs/");
}

#[test]
fn every_refusal_stands_in_its_table_with_what_follows() {
    let rows = table(CODES, "`error.code`");
    assert_eq!(first_cells(&rows), RefusalCode::ALL.map(|code| format!("`{}`", code.as_str())));
    for (code, row) in RefusalCode::ALL.into_iter().zip(rows) {
        let follows = code
            .closes_with()
            .map_or("the connection stays open".to_owned(), |close| format!("closed with {}", close.value()));
        assert_eq!(row.last(), Some(&follows.as_str()), "{row:?}");
    }
}

#[test]
fn over_http_the_package_ends_as_a_websocket_would() {
    let (_, table) = FETCH_SOCKET.split_once("const CLOSE_CODES = {\n").expect("the table");
    let (table, _) = table.split_once("\n};").expect("its end");
    let written: BTreeMap<_, _> = table
        .lines()
        .map(|line| line.trim().trim_end_matches(',').split_once(": ").expect("a code and its close code"))
        .collect();
    for code in RefusalCode::ALL {
        let expected = code.closes_with().map(|close| close.value().to_string());
        assert_eq!(written.get(code.as_str()).copied(), expected.as_deref(), "{}", code.as_str());
    }
}

#[test]
fn every_close_code_stands_in_its_table_with_its_reason() {
    let rows = table(CODES, "code");
    assert_eq!(first_cells(&rows), CloseCode::ALL.map(|code| code.value().to_string()));
    for (code, row) in CloseCode::ALL.into_iter().zip(rows) {
        assert_eq!(row[1], code.reason());
    }
}

#[test]
fn every_status_stands_in_its_table_with_its_text() {
    let rows = table(WIRE, "value");
    for (row, value) in rows.iter().zip(0..) {
        let status = Status::from_value(value).expect("a row for each status, and no other");
        assert_eq!(row[..2], [value.to_string().as_str(), status.text()]);
    }
    assert_eq!(Status::from_value(rows.len() as u64), None, "a row for each status");
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let documents: BTreeMap<_, _> = documents().into_iter().map(|path| (path.clone(), read(&path))).collect();
    let headings: BTreeMap<_, _> = documents.iter().map(|(path, text)| (path, anchors(text))).collect();
    let mut broken = Vec::new();
    for (document, text) in &documents {
        for link in links(text) {
            if link.starts_with("https:") || link.starts_with("http:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = document.parent().expect("a document stands in a folder");
            let target =
                if file.is_empty() { Ok(document.clone()) } else { folder.join(file).canonicalize() };
            let leads = target.is_ok_and(|target| {
                anchor.is_empty() || headings.get(&target).is_some_and(|known| known.contains(anchor))
            });
            if !leads {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// The cells of the rows of the table whose first heading is this.
fn table<'a>(document: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let start = format!("| {heading} |");
    let rows = document.lines().skip_while(|line| !line.starts_with(&start)).skip(2);
    let rows = rows.map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect()).collect()
}

fn first_cells<'a>(rows: &[Vec<&'a str>]) -> Vec<&'a str> {
    rows.iter().map(|row| row[0]).collect()
}

/// Every document whose links are looked at.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository");
    let folders = ["", "docs", "protocol", "server", "sdk-wasm", "sdk-wasm/npm", "sdk-wasm/examples"];
    let folders = folders.map(|folder| root.join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let paths = files.map(|file| file.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a document is text")
}

/// The lines of a document that are no code.
fn prose(document: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    document.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// Where the links and pictures of a document lead.
fn links(document: &str) -> Vec<&str> {
    prose(document)
        .flat_map(|line| line.split("](").skip(1))
        .map(|rest| rest.split_once(')').expect("a link ends on its line").0)
        .collect()
}

/// The anchors that GitHub gives to a document's headings.
fn anchors(document: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(document).filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor: String = text
            .chars()
            .filter(|character| character.is_alphanumeric() || "-_".contains(*character))
            .collect();
        let again = (1..).map(|number| format!("{anchor}-{number}"));
        let free = [anchor.clone()].into_iter().chain(again).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}
