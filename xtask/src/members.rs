//! The names of what only the files of js/ use of each other. They get short names when they are
//! bundled, as terser does by itself with what is private to a class.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The members of all classes in a folder of JavaScript whose names don't stand in the code of the
/// files `public`: what pages and servers name too.
///
/// Terser itself keeps the names that browsers use. A name that stands in quotes may be that of a
/// member that is looked up by its name, so it is kept too.
pub(crate) fn hidden(folder: &Path, public: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let public: Vec<_> = public.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let public: BTreeSet<_> = public.iter().flat_map(|text| names(text)).collect();
    let (mut hidden, mut quoted) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "js") {
            continue;
        }
        let text = read(&path)?;
        hidden.extend(members(&text).filter(|name| !public.contains(name)).map(str::to_owned));
        quoted.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
    }
    Ok(hidden.difference(&quoted).cloned().collect())
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// All names in a file of TypeScript or Rust, without its comments.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
    code.flat_map(|line| line.split(|letter| !is_of_name(letter)))
}

/// The members of the classes in a formatted file: what is declared one step to the right of
/// `class`.
fn members(text: &str) -> impl Iterator<Item = &str> {
    let mut step = None;
    text.lines().filter(|line| !line.is_empty()).filter_map(move |line| {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if indent == 0 {
            let is_class = code.trim_start_matches("export ").starts_with("class ");
            // The first line in the class says how wide a step is.
            step = is_class.then_some(None);
            return None;
        }
        let step = step.as_mut()?.get_or_insert(indent);
        if indent == *step { member(code) } else { None }
    })
}

/// The name that a line declares in a class.
fn member(code: &str) -> Option<&str> {
    let words = ["static ", "async ", "get ", "set "];
    let code = words.iter().fold(code, |code, word| code.strip_prefix(word).unwrap_or(code));
    let end = code.find(|letter| !is_of_name(letter))?;
    let (name, rest) = code.split_at(end);
    let is_declared = rest.starts_with('(') || rest.starts_with(';') || rest.starts_with(" =");
    (is_declared && !name.is_empty() && name != "constructor").then_some(name)
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_all_words_but_those_of_comments() {
        let text = "/** a b */\n  c(d?: E): f; // no comment of ours\n   * g\n";
        assert!(["c", "d", "E", "f"].iter().all(|name| names(text).any(|found| found == *name)));
        assert!(!names(text).any(|name| ["a", "b", "g"].contains(&name)));
    }

    #[test]
    fn members_are_what_a_class_declares_without_a_hash() {
        let text = "\
import { a } from \"b\";
export class Timer {
  /** At this time. */
  at = 0;
  running;
  #handle = arm(0);

  constructor(at) {
    this.at = at;
    disarm();
  }

  static of(at) {
  }

  get isOver() {
  }

  static {
  }
}

function arm(at) {
  disarm();
}

class Driver {
    async begin() {
        pump();
    }
}
";
        assert_eq!(members(text).collect::<Vec<_>>(), ["at", "running", "of", "isOver", "begin"]);
    }
}
