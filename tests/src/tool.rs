//! Programs from outside that some tests need.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Set by `cargo xtask ci`, where no test may be skipped.
const ALL_TESTS: &str = "TESTS_MUST_NOT_BE_SKIPPED";

/// The path of a program that a test needs. None if this machine lacks it: the test is then skipped
/// and says so, except in CI, where it fails.
#[must_use]
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where only root's PATH leads.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|program| is_file(program));
    if found.is_none() {
        skip(&format!("there is no {name}"));
    }
    found
}

/// Names the folder with what operators install; `cargo xtask test` makes it.
const DIST: &str = "RTBROADCASTER_DIST";

/// The only file with this ending of what operators install. None if it was not made: the test is
/// then skipped and says so, except in CI, where it fails.
///
/// # Panics
/// If it was made without this file.
#[must_use]
pub fn dist(ending: &str) -> Option<PathBuf> {
    let Some(folder) = env::var_os(DIST) else {
        skip(&format!("{DIST} names no folder: `cargo xtask test` makes one"));
        return None;
    };
    let files =
        fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    let mut found = files.filter(|path| path.to_string_lossy().ends_with(ending));
    let file = found.next().unwrap_or_else(|| panic!("no {ending} in {}", folder.display()));
    assert!(found.next().is_none(), "more than one {ending} in {}", folder.display());
    Some(file)
}

/// Says why a test is skipped.
///
/// # Panics
/// In CI, where no test may be skipped.
pub fn skip(reason: &str) {
    assert!(env::var_os(ALL_TESTS).is_none(), "{reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // The macro `eprintln` would write to what cargo shows of failed tests only.
    let _ = writeln!(std::io::stderr(), "skipped {test}: {reason}");
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
