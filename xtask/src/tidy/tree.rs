//! The checkout's own text files: what git tracks, and what is new and not ignored.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use anyhow::Context;

use crate::process::output;
use crate::workspace::Workspace;

/// The endings of the files that people write here. Lock files, pictures, golden samples and the
/// fuzzer's corpus have none of these.
const ENDINGS: [&str; 15] = [
    "css", "html", "js", "jsx", "md", "mjs", "py", "rs", "service", "sh", "toml", "ts", "tsx", "yaml", "yml",
];

/// Files without an ending that people write too.
const NAMES: [&str; 2] = ["Dockerfile", "run"];

/// The texts of the files by their paths, which are relative to the root of the checkout and have
/// `/` on every system.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the working tree, so that a change is checked before it is committed.
    pub(crate) fn read(workspace: &Workspace) -> anyhow::Result<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let paths = output(git.current_dir(workspace.path("")))?;
        let mut files = BTreeMap::new();
        for path in paths.split('\0').filter(|path| is_written_by_hand(path)) {
            match fs::read_to_string(workspace.path(path)) {
                Ok(text) => files.insert(path.to_owned(), text),
                // Deleted, and git has not been told yet.
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
            };
        }
        Ok(Self { files })
    }

    /// Every file, in the order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The first line of a file with this text in it, from 1.
    pub(crate) fn line_with(&self, path: &str, text: &str) -> Option<usize> {
        self.text(path)?.lines().position(|line| line.contains(text)).map(|index| index + 1)
    }

    /// Whether there is such a file, or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }
}

/// The ending of a file's name; empty for a name without one.
pub(crate) fn ending(path: &str) -> &str {
    name(path).rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_written_by_hand(path: &str) -> bool {
    ENDINGS.contains(&ending(path)) || NAMES.contains(&name(path))
}

#[cfg(test)]
impl Tree {
    /// A tree of these paths and texts.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, ending, is_written_by_hand};

    #[test]
    fn leaves_out_what_a_program_wrote() {
        for path in ["README.md", "www/js/deck.js", ".ci/run", "server/deploy/Dockerfile"] {
            assert!(is_written_by_hand(path), "{path}");
        }
        for path in
            ["Cargo.lock", "www/package-lock.json", "docs/benchmark/rooms.svg", "tests/golden/session.txt"]
        {
            assert!(!is_written_by_hand(path), "{path}");
        }
        assert_eq!((ending("a.b/name"), ending("a/name.d.ts")), ("", "ts"));
    }

    #[test]
    fn knows_files_and_folders() {
        let tree = Tree::of(&[("a/b/c.rs", "")]);
        assert!(tree.has("a") && tree.has("a/b") && tree.has("a/b/c.rs"));
        assert!(!tree.has("a/b/c") && !tree.has("b"));
    }
}
