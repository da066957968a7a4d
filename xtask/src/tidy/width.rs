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
    // The fence of the code that the line is in.
    let mut code: Option<Fence> = None;
    for line in block {
        let text = line.text.trim();
        if let Some(open) = code {
            if open.is_closed_by(text) {
                code = None;
            }
            continue;
        }
        code = Fence::opened(text);
        if is_table(text) || !is_too_wide(line) {
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

/// What begins and ends code: so many of a mark.
#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn opened(text: &str) -> Option<Self> {
        let mark = text.chars().next().filter(|mark| "`~".contains(*mark))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        // With a backtick behind it, it is code within a line.
        let is_fence = length >= 3 && (mark == '~' || !info.contains('`'));
        is_fence.then_some(Self { mark, length })
    }

    fn is_closed_by(self, text: &str) -> bool {
        text.len() >= self.length && text.chars().all(|mark| mark == self.mark)
    }
}

fn is_table(text: &str) -> bool {
    text.len() > 1 && text.starts_with('|') && text.ends_with('|')
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

/// `[name]: address`, with a title behind it or none.
fn is_definition(text: &str) -> bool {
    let definition = text.trim().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    definition.is_some_and(|(name, rest)| {
        let (address, title) = rest.trim().split_once(' ').unwrap_or((rest, ""));
        let is_title = [('"', '"'), ('\'', '\''), ('(', ')')].iter().any(|&(begin, end)| {
            let title = title.trim();
            title.len() > 1 && title.starts_with(begin) && title.ends_with(end)
        });
        !name.contains(']') && address.contains(['/', ':', '#', '.']) && (title.is_empty() || is_title)
    })
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
    fn a_table_has_a_mark_at_both_ends() {
        let wide = words(120);
        assert_eq!(lines("a.md", &format!("| {wide} |\n| {wide}\n  | {wide} |  \n")), [Some(2)]);
    }

    #[test]
    fn code_ends_with_its_own_fence() {
        let wide = words(120);
        // Neither a shorter fence, one of another mark nor one with a text behind it ends it.
        let inner = format!("````\n```\n{wide}\n~~~~\n{wide}\n````rust\n{wide}\n`````\n{wide}\n");
        assert_eq!(lines("a.md", &inner), [Some(9)]);
        assert_eq!(lines("a.md", &format!("~~~ a`b\n```\n{wide}\n~~~\n{wide}\n")), [Some(5)]);
        // Code within a line is no fence.
        assert_eq!(lines("a.md", &format!("```a``` b\n{wide}\n")), [Some(2)]);
    }

    #[test]
    fn a_block_comment_behind_code_is_prose() {
        let wide = words(120);
        assert_eq!(
            lines("a.ts", &format!("f(); /* {wide}\n{wide} */\ng(\"{wide}\");\n")),
            [Some(1), Some(2)]
        );
        assert_eq!(lines("a.css", &format!("a {{ b: c; }} /* {wide} */\n")), [Some(1)]);
        assert_eq!(lines("a.rs", &format!("f(\"/*\", \"{wide}\");\ng(\"{wide}\"); /* a */\n")), []);
    }

    #[test]
    fn addresses_are_free_and_the_prose_around_them_is_not() {
        let address = format!("https://example.org/{}", "a".repeat(90));
        assert_eq!(lines("a.md", &format!("See [the text]({address}) of it.")), []);
        assert_eq!(lines("a.md", &format!("See {address} for it.")), []);
        assert_eq!(lines("a.md", &format!("See <{address}> for it.")), []);
        assert_eq!(lines("a.md", &format!("[name]: {address} \"and its long title\"")), []);
        assert_eq!(lines("a.md", &format!("{} [the text]({address})", words(WIDEST))), [Some(1)]);
        assert_eq!(lines("a.rs", &format!("/// [`N`]: a::{} (its title)", "b::".repeat(40))), []);
        assert_eq!(lines("a.rs", &format!("/// [note]: {}", words(WIDEST))), [Some(1)]);
        assert_eq!(lines("a.rs", &format!("/// [note]: https://example.org {}", words(WIDEST))), [Some(1)]);
    }

    #[test]
    fn what_cannot_be_wrapped_is_free() {
        assert_eq!(lines("a.md", &format!("- `{}` and more", "a".repeat(WIDEST))), []);
        assert_eq!(lines("a.md", &format!("- a `{}`", "a".repeat(WIDEST))), [Some(1)]);
    }
}
