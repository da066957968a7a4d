//! Files and folders stay small enough to be read in one go: at most 400 lines, and in the crates
//! with the most files at most 15 of them beside each other.

use std::collections::BTreeMap;

use super::finding::{Check, Finding};
use super::tree::{Tree, ending};

const LONGEST_FILE: usize = 400;

const LARGEST_FOLDER: usize = 15;

/// The endings of code. Documents may be longer.
const CODE: [&str; 10] = ["css", "html", "js", "jsx", "mjs", "py", "rs", "sh", "ts", "tsx"];

/// The folders whose subfolders are the map of the crate.
const MAPPED: [&str; 2] = ["protocol/src", "server/src"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = files(tree);
    findings.extend(folders(tree));
    findings
}

fn files(tree: &Tree) -> Vec<Finding> {
    let code = tree.files().filter(|(path, _)| CODE.contains(&ending(path)));
    let long =
        code.map(|(path, text)| (path, text.lines().count())).filter(|&(_, lines)| lines > LONGEST_FILE);
    let findings = long.map(|(path, lines)| Finding {
        check: Check::Length,
        path: path.to_owned(),
        line: Some(LONGEST_FILE + 1),
        size: lines,
        text: format!("the file has {lines} lines: split it, {LONGEST_FILE} are the most"),
    });
    findings.collect()
}

fn folders(tree: &Tree) -> Vec<Finding> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _) in tree.files() {
        if let Some((folder, _)) = path.rsplit_once('/') {
            *folders.entry(folder).or_default() += 1;
        }
    }
    let is_mapped =
        |folder: &str| MAPPED.iter().any(|root| format!("{folder}/").starts_with(&format!("{root}/")));
    let large = folders.into_iter().filter(|&(folder, files)| is_mapped(folder) && files > LARGEST_FOLDER);
    let findings = large.map(|(folder, files)| Finding {
        check: Check::Folder,
        path: folder.to_owned(),
        line: None,
        size: files,
        text: format!(
            "the folder holds {files} files: sort them into folders, {LARGEST_FOLDER} are the most"
        ),
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_FOLDER, LONGEST_FILE, check};
    use crate::tidy::tree::Tree;

    #[test]
    fn files_of_code_are_bounded() {
        let (full, long) = ("\n".repeat(LONGEST_FILE), "\n".repeat(LONGEST_FILE + 1));
        let tree = Tree::of(&[("a.rs", &full), ("b.mjs", &long), ("c.md", &long)]);
        let findings = check(&tree);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].to_string(), "b.mjs:401: the file has 401 lines: split it, 400 are the most");
    }

    #[test]
    fn folders_of_the_mapped_crates_are_bounded() {
        let names: Vec<String> = (0..=LARGEST_FOLDER).map(|number| format!("{number}.rs")).collect();
        let folder = |folder: &str| {
            let paths = names.iter().map(|name| format!("{folder}/{name}"));
            paths.collect::<Vec<_>>()
        };
        let (flat, free) = (folder("server/src/http"), folder("tests/src"));
        let mut files: Vec<(&str, &str)> = flat.iter().chain(&free).map(|path| (path.as_str(), "")).collect();
        let texts: Vec<String> = check(&Tree::of(&files)).iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].starts_with("server/src/http: the folder holds 16 files"), "{texts:?}");
        files.remove(0);
        assert_eq!(check(&Tree::of(&files)), []);
    }
}
