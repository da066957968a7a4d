//! The glossary: each word is there once, and the type that its row names is in the file that the
//! row names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const GLOSSARY: &str = include_str!("../../docs/glossary.md");
const NO_TYPE: &str = "–";

/// The cells of each row: word, meaning, type, file.
fn rows() -> Vec<[&'static str; 4]> {
    let lines = GLOSSARY.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = lines.map(|line| {
        let cells: Vec<_> = line.split(" | ").collect();
        <[&str; 4]>::try_from(cells).unwrap_or_else(|cells| panic!("not four cells: {cells:?}"))
    });
    rows.filter(|[word, ..]| *word != "word").collect()
}

#[test]
fn each_word_is_there_once() {
    let mut words = BTreeSet::new();
    let twice: Vec<_> = rows().into_iter().filter(|[word, ..]| !words.insert(*word)).collect();
    assert!(!words.is_empty() && twice.is_empty(), "{twice:?}");
}

#[test]
fn each_type_is_in_its_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for [word, _, name, file] in rows() {
        if [name, file] == [NO_TYPE; 2] {
            continue;
        }
        let [name, file] = [name, file].map(|cell| cell.trim_matches('`'));
        let source = fs::read_to_string(root.join(file));
        let source = source.unwrap_or_else(|error| panic!("{word}: {file}: {error}"));
        assert!(source.lines().any(|line| defines(line, name)), "{word}: no type {name} in {file}");
    }
}

/// Whether a line of Rust begins the definition of the type with this name.
fn defines(line: &str, name: &str) -> bool {
    let mut words = line.split(|mark: char| !mark.is_alphanumeric() && mark != '_');
    let is_code = !line.trim_start().starts_with("//");
    is_code
        && words.any(|word| ["struct", "enum", "trait", "type"].contains(&word))
        && words.next() == Some(name)
}
