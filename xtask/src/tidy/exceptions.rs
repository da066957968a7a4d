//! What may break a rule of [tidy](super), and why: the only place for exceptions.
//!
//! The rules about imports are in `modules/layers.rs`, the words of the spell check in
//! `xtask/cspell.yaml`.

use super::finding::{Check, Finding};
use super::tree::Tree;

/// Where the exceptions are, for the findings about them.
const HERE: &str = "xtask/src/tidy/exceptions.rs";

/// Lifts a rule for one path.
struct Exception {
    check: Check,
    /// A file or folder; with `/` at its end, all that is below the folder.
    path: &'static str,
    /// What the number may grow to, for the checks that count something; `None` is any number.
    up_to: Option<usize>,
    /// Why.
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 2] = [
    Exception {
        check: Check::Length,
        path: "sdk-wasm/js/bundled.js",
        up_to: None,
        reason: "it is generated from the files beside it",
    },
    Exception {
        check: Check::Length,
        path: "sdk-wasm/npm/index.d.ts",
        up_to: Some(1_150),
        reason: "the package's interface is read as one page, and most of it is documentation",
    },
];

/// Leaves out what is excepted, and adds the exceptions that except nothing.
pub(super) fn apply(tree: &Tree, findings: Vec<Finding>) -> Vec<Finding> {
    apply_these(&EXCEPTIONS, tree, findings)
}

fn apply_these(exceptions: &[Exception], tree: &Tree, mut findings: Vec<Finding>) -> Vec<Finding> {
    let is_needed = |exception: &&Exception| findings.iter().any(|finding| exception.is_about(finding));
    let idle: Vec<Finding> =
        exceptions.iter().filter(|exception| !is_needed(exception)).map(|idle| idle.finding(tree)).collect();
    findings.retain(|finding| !exceptions.iter().any(|exception| exception.lifts(finding)));
    findings.extend(idle);
    findings
}

impl Exception {
    fn is_about(&self, finding: &Finding) -> bool {
        let is_below = self.path.ends_with('/') && finding.path.starts_with(self.path);
        self.check == finding.check && (is_below || self.path == finding.path)
    }

    fn lifts(&self, finding: &Finding) -> bool {
        self.is_about(finding) && self.up_to.is_none_or(|most| finding.size <= most)
    }

    fn finding(&self, tree: &Tree) -> Finding {
        Finding {
            check: Check::Exceptions,
            path: HERE.to_owned(),
            line: tree.line_with(HERE, &format!("{:?}", self.path)),
            size: 0,
            text: format!(
                "nothing in {} needs the exception from {:?} any more ({}): remove it",
                self.path, self.check, self.reason
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Exception, HERE, apply_these};
    use crate::tidy::finding::{Check, Finding};
    use crate::tidy::tree::Tree;

    fn finding(check: Check, path: &str, size: usize) -> Finding {
        Finding { check, path: path.to_owned(), line: None, size, text: format!("{size} found") }
    }

    fn texts(exceptions: &[Exception], findings: Vec<Finding>) -> Vec<String> {
        let tree = Tree::of(&[(HERE, "one\n \"a.rs\"\n")]);
        apply_these(exceptions, &tree, findings).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_exception_lifts_one_check_in_one_place_up_to_a_number() {
        let file = Exception { check: Check::Length, path: "a.rs", up_to: Some(500), reason: "so" };
        let folder = Exception { check: Check::Width, path: "b/", up_to: None, reason: "so" };
        let found = vec![
            finding(Check::Length, "a.rs", 500),
            finding(Check::Length, "c.rs", 401),
            finding(Check::Width, "a.rs", 101),
            finding(Check::Width, "b/c/d.rs", 900),
        ];
        assert_eq!(texts(&[file, folder], found), ["c.rs: 401 found", "a.rs: 101 found"]);
    }

    #[test]
    fn an_exception_that_is_outgrown_is_still_needed() {
        let file = || Exception { check: Check::Length, path: "a.rs", up_to: Some(500), reason: "so" };
        let found = vec![finding(Check::Length, "a.rs", 501)];
        assert_eq!(texts(&[file()], found), ["a.rs: 501 found"]);
        assert_eq!(
            texts(&[file()], Vec::new()),
            [format!("{HERE}:2: nothing in a.rs needs the exception from Length any more (so): remove it")]
        );
    }
}
