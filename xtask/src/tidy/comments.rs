//! Finds the prose in a file: all of a Markdown file, the comments of everything else.
//!
//! Comments that end with their line are found only where the line is theirs: behind code, what is
//! too long is the code. A comment of several lines is found behind code too, if it ends a line.

use super::tree::ending;

/// A line of prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// The line as it is in the file.
    pub(crate) whole: &'a str,
    /// The line without the comment's marks, and without what stands before them.
    pub(crate) text: &'a str,
}

/// Lines that follow each other and are read as one Markdown text.
pub(crate) type Block<'a> = Vec<Line<'a>>;

/// The blocks of prose in a file. Files of an unknown kind have comments that begin with `#`.
pub(crate) fn prose<'a>(path: &str, text: &'a str) -> Vec<Block<'a>> {
    let marks = match ending(path) {
        "md" => return vec![text.lines().enumerate().map(plain).collect()],
        "rs" => RUST,
        "js" | "jsx" | "mjs" | "ts" | "tsx" => SCRIPT,
        "css" => STYLE,
        "html" => PAGE,
        _ => HASH,
    };
    comments(text, marks)
}

fn plain((index, whole): (usize, &str)) -> Line<'_> {
    Line { number: index + 1, whole, text: whole }
}

/// How a language marks its comments.
#[derive(Clone, Copy)]
struct Marks {
    /// What begins a comment that ends with its line. A longer mark stands before a shorter one
    /// that it begins with.
    lines: &'static [&'static str],
    /// What begins and ends a comment of several lines.
    blocks: &'static [(&'static str, &'static str)],
}

const C_BLOCK: (&str, &str) = ("/*", "*/");
const RUST: Marks = Marks { lines: &["///", "//!", "//"], blocks: &[C_BLOCK] };
const SCRIPT: Marks = Marks { lines: &["//"], blocks: &[C_BLOCK] };
const STYLE: Marks = Marks { lines: &[], blocks: &[C_BLOCK] };
const PAGE: Marks = Marks { lines: &["//"], blocks: &[("<!--", "-->"), C_BLOCK] };
const HASH: Marks = Marks { lines: &["#"], blocks: &[] };

fn comments(text: &str, marks: Marks) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    // What the last line was part of: comments with the same mark go on, others begin.
    let mut mark = "";
    // What ends the comment of several lines that the last line was in.
    let mut end = "";
    let lines: Vec<&str> = text.lines().collect();
    for (index, &whole) in lines.iter().enumerate() {
        let mut trimmed = whole.trim_start();
        let mut begins = false;
        if end.is_empty() {
            let before = mark;
            (mark, end) = opened(trimmed, marks);
            if mark.is_empty()
                && let Some((comment, block)) = opened_behind_code(trimmed, &lines[index + 1..], marks)
            {
                (trimmed, (mark, end)) = (comment, block);
            }
            begins = mark != before || !end.is_empty();
        }
        if mark.is_empty() {
            continue;
        }
        let line = Line { number: index + 1, whole, text: stripped(trimmed, mark, end) };
        match blocks.last_mut() {
            Some(block) if !begins => block.push(line),
            _ => blocks.push(vec![line]),
        }
        if !end.is_empty() && trimmed.contains(end) {
            (mark, end) = ("", "");
        }
    }
    blocks
}

/// The mark that a line begins with, and what ends the comment if that is not the line's end.
fn opened(trimmed: &str, marks: Marks) -> (&'static str, &'static str) {
    if let Some((begin, end)) = marks.blocks.iter().find(|(begin, _)| trimmed.starts_with(begin)) {
        return (begin, end);
    }
    (marks.lines.iter().find(|mark| trimmed.starts_with(**mark)).unwrap_or(&""), "")
}

/// The comment of several lines that begins behind code, with its marks.
fn opened_behind_code<'a>(
    trimmed: &'a str,
    next: &[&str],
    marks: Marks,
) -> Option<(&'a str, (&'static str, &'static str))> {
    marks.blocks.iter().find_map(|&(begin, end)| {
        let (code, comment) = trimmed.split_at(trimmed.find(begin)?);
        let is_open = |mark: char| code.matches(mark).count() % 2 == 1;
        let is_in_text = is_open('"') || is_open('`') || marks.lines.iter().any(|mark| code.contains(mark));
        let is_last = match comment.find(end) {
            Some(at) => comment[at + end.len()..].trim().is_empty(),
            None => next.iter().any(|line| line.contains(end)),
        };
        (!is_in_text && is_last).then_some((comment, (begin, end)))
    })
}

fn stripped<'a>(trimmed: &'a str, mark: &str, end: &str) -> &'a str {
    let text = trimmed.strip_prefix(mark).unwrap_or(trimmed);
    let text = if end.is_empty() { text } else { text.strip_suffix(end).unwrap_or(text).trim_end() };
    // The stars down the side of a comment of several lines.
    let text = if mark == C_BLOCK.0 { text.trim_start().trim_start_matches('*') } else { text };
    text.strip_prefix(' ').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::prose;

    /// The texts of the blocks.
    fn texts<'a>(path: &str, text: &'a str) -> Vec<Vec<&'a str>> {
        prose(path, text).iter().map(|block| block.iter().map(|line| line.text).collect()).collect()
    }

    #[test]
    fn comments_of_one_mark_that_follow_each_other_are_a_block() {
        let rust = "//! Head\n//! more\n\nfn f() {} // not alone\n    // a\n    /// b\n    /// ```\n";
        assert_eq!(texts("a.rs", rust), [vec!["Head", "more"], vec!["a"], vec!["b", "```"]]);
        assert_eq!(prose("a.rs", rust)[1][0].number, 5);
        assert_eq!(prose("a.rs", rust)[1][0].whole, "    // a");
    }

    #[test]
    fn comments_of_several_lines_lose_their_stars() {
        let script = "/**\n * One\n *   two\n */\n/* a */\nlet x = 1;\n// b\n";
        assert_eq!(texts("a.ts", script), [vec!["", "One", "  two", ""], vec!["a"], vec!["b"]]);
        assert_eq!(texts("a.html", "<!-- a\n b -->\n<p>text</p>\n"), [vec!["a", "b"]]);
    }

    #[test]
    fn comments_of_several_lines_are_found_behind_code() {
        assert_eq!(texts("a.rs", "f(); /* a\n   b */\ng();\n"), [["a", "b"]]);
        assert_eq!(texts("a.css", "a { b: c } /* d */\n"), [["d"]]);
        // No comments: in texts, without an end, within a line, and behind another comment.
        let none = ["f(\"/* a */\");", "f(`/*\n*/`);", "f(x /* y */, z);", "f(a/*b);", "f(); // /* a */"];
        for script in none {
            assert!(texts("a.js", script).is_empty(), "{script}");
        }
    }

    #[test]
    fn every_line_of_markdown_is_prose_and_no_css_line_is() {
        assert_eq!(texts("a.md", "# A\n\n    b\n"), [vec!["# A", "", "    b"]]);
        assert_eq!(texts("a.css", "// no comment\n/* one */\n"), [vec!["one"]]);
        assert_eq!(texts("a.toml", "# a\nb = 1\n"), [vec!["a"]]);
    }
}
