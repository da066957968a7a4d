//! The spell check: cspell over prose, comments and identifiers, in British English.
//!
//! It covers what people write here: code, pages and styles, documents, manifests, scripts and what
//! deploys the server. It leaves out [`NOT_CHECKED`], and JSON and all that a program writes, which
//! tidy doesn't read. `xtask/cspell.yaml` lists the words that its dictionaries lack.

use std::fs;

use anyhow::Context;

use super::finding::{Check, Finding};
use super::tree::Tree;
use crate::npm;
use crate::process::output;
use crate::workspace::Workspace;

const CONFIGURATION: &str = "xtask/cspell.yaml";

/// A list of names that others gave, and the list of words itself.
const NOT_CHECKED: [&str; 2] = ["deny.toml", CONFIGURATION];

pub(crate) fn check(workspace: &Workspace, tree: &Tree) -> anyhow::Result<Vec<Finding>> {
    let folder = workspace.path("xtask");
    npm::install(&folder)?;
    fs::create_dir_all(workspace.target("xtask")).context("cannot create target/xtask")?;
    let list = workspace.target("xtask/spelling.txt");
    let paths = checked(tree).map(|(path, _)| workspace.path(path).to_string_lossy().into_owned());
    let paths: Vec<String> = paths.collect();
    fs::write(&list, paths.join("\n")).with_context(|| format!("cannot write {}", list.display()))?;
    let mut cspell = npm::program(&folder, "cspell");
    cspell.current_dir(workspace.path("")).args(["lint", "--no-progress", "--no-summary", "--no-color"]);
    // A wrong word is a finding, not a failure of cspell.
    cspell.args(["--no-exit-code", "--dot", "--root", ".", "--config", CONFIGURATION]);
    cspell.args(["--issue-template", "$filename\t$row\t$text\t$suggestions"]);
    cspell.arg("--cache").arg("--cache-location").arg(workspace.target("xtask/spelling-cache"));
    cspell.arg("--file-list").arg(&list);
    let printed = output(&mut cspell)?;
    let mut findings = printed.lines().map(unknown_word).collect::<anyhow::Result<Vec<_>>>()?;
    findings.extend(idle_words(tree));
    Ok(findings)
}

/// The files that are checked.
fn checked(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.files().filter(|(path, _)| !NOT_CHECKED.contains(path))
}

fn unknown_word(line: &str) -> anyhow::Result<Finding> {
    let mut fields = line.split('\t');
    let mut field = || fields.next().with_context(|| format!("cspell says {line:?}"));
    let (path, row, word) = (field()?, field()?, field()?);
    // The output is trimmed, so the last line lacks its last field if that is empty.
    let hint = match fields.next() {
        None | Some("") => String::new(),
        Some(suggestions) => format!(" to {suggestions}"),
    };
    Ok(Finding {
        check: Check::Spelling,
        path: path.replace('\\', "/"),
        line: Some(row.parse().with_context(|| format!("cspell says {line:?}"))?),
        size: 0,
        text: format!("{word:?} is no known word: correct it{hint}, or add it to {CONFIGURATION}"),
    })
}

/// The words of our own list that occur nowhere.
fn idle_words(tree: &Tree) -> Vec<Finding> {
    let Some(configuration) = tree.text(CONFIGURATION) else { return Vec::new() };
    let texts: Vec<String> = checked(tree).map(|(_, text)| text.to_lowercase()).collect();
    let lines = configuration.lines().enumerate().skip_while(|&(_, line)| line != "words:");
    let words = lines.filter_map(|(index, line)| Some((index, line.trim().strip_prefix("- ")?)));
    let idle = words.filter(|(_, word)| !texts.iter().any(|text| text.contains(&word.to_lowercase())));
    let findings = idle.map(|(index, word)| Finding {
        check: Check::Spelling,
        path: CONFIGURATION.to_owned(),
        line: Some(index + 1),
        size: 0,
        text: format!("{word:?} occurs nowhere any more: remove it"),
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::{CONFIGURATION, checked, idle_words, unknown_word};
    use crate::tidy::tree::Tree;

    #[test]
    fn reads_what_cspell_prints() {
        let text = |line| unknown_word(line).expect("its fields").to_string();
        assert_eq!(
            text("docs/wire.md\t12\tcolour\tcolor, colon"),
            "docs/wire.md:12: \"colour\" is no known word: correct it to color, colon, or add it to \
             xtask/cspell.yaml"
        );
        assert_eq!(
            text("a\\b.rs\t1\tnone"),
            "a/b.rs:1: \"none\" is no known word: correct it, or add it to xtask/cspell.yaml"
        );
        assert!(unknown_word("error: no such file").is_err());
    }

    #[test]
    fn covers_all_that_people_write() {
        let paths = ["a.service", "a.toml", "a.yaml", "deny.toml", "server/deploy/Dockerfile", "x/a.css"];
        let tree = Tree::of(&paths.map(|path| (path, "")));
        let expected = ["a.service", "a.toml", "a.yaml", "server/deploy/Dockerfile", "x/a.css"];
        assert!(checked(&tree).map(|(path, _)| path).eq(expected));
    }

    #[test]
    fn finds_words_that_nobody_uses() {
        let configuration = "language: en-GB\nwords:\n  # Crates.\n  - rustls\n  - unused\n";
        let tree = Tree::of(&[(CONFIGURATION, configuration), ("a.rs", "use Rustls::x;")]);
        let texts: Vec<String> = idle_words(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["xtask/cspell.yaml:5: \"unused\" occurs nowhere any more: remove it"]);
    }
}
