//! Prose is at most 100 columns wide: a line that is longer is hard to read, and a change in it is
//! hard to see. Tables, code and the addresses of links are free.

use super::comments::{Block, Line, prose};
use super::finding::{Check, Finding};
use super::tree::Tree;

const WIDEST: usize = 100;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for block in prose(path, text) {
            check_block(path, &block, &mut findings);
        }
    }
    findings
}

fn check_block(path: &str, block: &Block<'_>, findings: &mut Vec<Finding>) {
    let mut is_code = false;
    for line in block {
        let text = line.text.trim_start();
        if text.starts_with("```") || text.starts_with("~~~") {
            is_code = !is_code;
        }
        if is_code || text.starts_with('|') || !is_too_wide(line) {
            continue;
        }
        let columns = line.whole.chars().count();
        findings.push(Finding {
            check: Check::Width,
            path: path.to_owned(),
            line: Some(line.number),
            size: columns,
            text: format!("the line has {columns} columns: wrap the prose at {WIDEST}"),
        });
    }
}

/// Whether the line is too wide and could be shorter.
fn is_too_wide(line: &Line<'_>) -> bool {
    let columns = line.whole.chars().count();
    columns > WIDEST && columns - addresses(line.text) > WIDEST && can_be_wrapped(line)
}

/// The columns that the addresses of links take, which cannot be wrapped.
fn addresses(text: &str) -> usize {
    if is_definition(text) {
        return text.chars().count();
    }
    let mut columns = 0;
    let mut rest = text;
    // The address of `[text](address)`, or one that stands alone.
    while let Some(start) =
        [rest.find("]("), rest.find("http://"), rest.find("https://")].into_iter().flatten().min()
    {
        let (is_link, begin) =
            if rest[start..].starts_with("](") { (true, start + 2) } else { (false, start) };
        let address = &rest[begin..];
        let is_end = |mark: char| mark.is_whitespace() || mark == ')' || (!is_link && mark == '>');
        let end = address.find(is_end).unwrap_or(address.len());
        columns += address[..end].chars().count();
        rest = &address[end..];
    }
    columns
}

/// `[name]: address`
fn is_definition(text: &str) -> bool {
    text.strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .is_some_and(|(name, _)| !name.contains(']'))
}

/// Whether the line has a space before its limit, where it could end.
fn can_be_wrapped(line: &Line<'_>) -> bool {
    let before = line.whole.chars().count() - line.text.chars().count();
    // The mark of a list item is no word.
    let text = line
        .text
        .trim_start()
        .trim_start_matches(|mark: char| mark.is_ascii_digit() || "-*.>#".contains(mark));
    let begin = before + line.text.chars().count() - text.trim_start().chars().count();
    line.whole
        .chars()
        .enumerate()
        .skip(begin)
        .take_while(|&(column, _)| column <= WIDEST)
        .any(|(_, mark)| mark == ' ')
}

#[cfg(test)]
mod tests {
    use super::{WIDEST, check};
    use crate::tidy::tree::Tree;

    /// The lines of what is found in a file.
    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    /// Prose of that many columns.
    fn words(columns: usize) -> String {
        "ab ".repeat(columns).chars().take(columns - 1).chain(['.']).collect()
    }

    #[test]
    fn prose_is_measured_in_columns_and_with_what_stands_before_it() {
        assert_eq!(lines("a.md", &format!("{}\n{}\n", words(WIDEST), words(WIDEST + 1))), [Some(2)]);
        assert_eq!(lines("a.md", &"ä ".repeat(WIDEST / 2)), []);
        assert_eq!(lines("a.rs", &format!("        /// {}\n", words(WIDEST - 12))), []);
        assert_eq!(lines("a.rs", &format!("        /// {}\n", words(WIDEST - 11))), [Some(1)]);
        assert_eq!(lines("a.rs", &format!("let x = \"{}\"; // a\n", words(WIDEST))), []);
    }

    #[test]
    fn tables_and_code_are_free() {
        let wide = words(120);
        assert_eq!(lines("a.md", &format!("| {wide} |\n```\n{wide}\n```\n{wide}\n")), [Some(5)]);
        assert_eq!(lines("a.rs", &format!("/// ```\n/// {wide}\n/// ```\n/// {wide}\n")), [Some(4)]);
        // The next comment is not in the code of the last one.
        assert_eq!(lines("a.rs", &format!("/// ```\n/// {wide}\nfn f() {{}}\n// {wide}\n")), [Some(4)]);
    }

    #[test]
    fn addresses_are_free_and_the_prose_around_them_is_not() {
        let address = format!("https://example.org/{}", "a".repeat(90));
        assert_eq!(lines("a.md", &format!("See [the text]({address}) of it.")), []);
        assert_eq!(lines("a.md", &format!("See {address} for it.")), []);
        assert_eq!(lines("a.md", &format!("See <{address}> for it.")), []);
        assert_eq!(lines("a.md", &format!("[name]: {address} \"and its long title\"")), []);
        assert_eq!(lines("a.md", &format!("{} [the text]({address})", words(WIDEST))), [Some(1)]);
    }

    #[test]
    fn what_cannot_be_wrapped_is_free() {
        assert_eq!(lines("a.md", &format!("- `{}` and more", "a".repeat(WIDEST))), []);
        assert_eq!(lines("a.md", &format!("- a `{}`", "a".repeat(WIDEST))), [Some(1)]);
    }
}
