//! What is published: each crate says all that a registry shows, and holds what it needs and
//! nothing else.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates that are published, by their folders.
const CRATES: [(&str, &str); 3] =
    [("protocol", "rtbroadcaster-protocol"), ("sdk-wasm", "rtbroadcaster-sdk"), ("server", "rtbroadcaster")];

/// What each package may hold beside its sources.
const FILES: [&str; 7] = [
    "README.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    ".cargo_vcs_info.json",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.args(arguments).current_dir(root()).output().expect("cargo can be called");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn each_crate_says_what_a_registry_shows_and_the_others_are_not_published() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).expect("json");
    let packages = metadata["packages"].as_array().expect("packages");
    let published = packages.iter().filter(|package| package["publish"].is_null());
    let names: BTreeSet<_> = published.clone().filter_map(|package| package["name"].as_str()).collect();
    assert_eq!(names, CRATES.iter().map(|(_, name)| *name).collect());
    for package in published {
        let name = &package["name"];
        assert_eq!(package["version"], env!("CARGO_PKG_VERSION"), "{name}");
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        assert!(package["description"].as_str().is_some_and(|text| text.len() > 30), "{name}");
        // crates.io takes at most five of each.
        for list in ["keywords", "categories"] {
            assert!(
                package[list].as_array().is_some_and(|list| (1..=5).contains(&list.len())),
                "{name}: {list}"
            );
        }
        for keyword in package["keywords"].as_array().into_iter().flatten() {
            assert!(keyword.as_str().is_some_and(|keyword| keyword.len() <= 20), "{name}: {keyword}");
        }
        assert!(package["metadata"]["docs"]["rs"].is_object(), "{name} says how docs.rs builds it");
        // There is no public repository of this project; the original's is somebody else's.
        assert!(package["repository"].is_null() && package["homepage"].is_null(), "{name}");
    }
}

#[test]
fn each_crate_holds_what_it_needs_and_nothing_else() {
    for (folder, name) in CRATES {
        let listed = cargo(&["package", "--list", "--allow-dirty", "--package", name]);
        // Windows lists them with its own separator.
        let listed: BTreeSet<_> = listed.lines().map(|path| path.replace('\\', "/")).collect();
        for needed in ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "src/lib.rs"] {
            assert!(listed.contains(needed), "{name} lacks {needed}");
        }
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(read(licence), read(&format!("{folder}/{licence}")), "{name}");
        }
        let may_be = |path: &str| {
            FILES.contains(&path)
                || path.starts_with("src/")
                || (folder == "server" && (path.starts_with("deploy/") || path.starts_with("examples/")))
                || (folder == "sdk-wasm" && (path == "js/bundled.js" || path.starts_with("examples/rust/")))
        };
        for path in &listed {
            assert!(may_be(path), "{name} is packed with {path}: `include` in its Cargo.toml says what is");
        }
        // Everything that git has of its sources is in it, what its code includes as text too.
        let tracked = Command::new("git").args(["ls-files", "src"]).current_dir(root().join(folder)).output();
        let tracked = String::from_utf8(tracked.expect("git can be called").stdout).expect("paths are text");
        for path in tracked.lines() {
            assert!(listed.contains(path), "{name} is packed without {path}");
        }
    }
}

#[test]
fn no_code_but_that_of_tests_reads_a_file_outside_of_its_crate() {
    for (folder, name) in CRATES {
        for path in sources(&root().join(folder).join("src")) {
            let text = fs::read_to_string(&path).expect("source is text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let depth = path.strip_prefix(root().join(folder)).expect("it is below").components().count() - 1;
            let outside = format!("include_str!(\"{}", "../".repeat(depth + 1));
            let lines = code.lines().filter(|line| line.contains(&outside) && !line.starts_with("#[doc ="));
            let lines: Vec<_> = lines.collect();
            assert!(lines.is_empty(), "{name}: {}: {lines:?}", path.display());
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn a_readme_that_is_published_has_no_link_that_is_dead_elsewhere() {
    let readmes = ["protocol/README.md", "sdk-wasm/README.md", "server/README.md", "sdk-wasm/npm/README.md"];
    for readme in readmes {
        for link in read(readme).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_whole = link.starts_with('#') || link.starts_with("https://");
            assert!(is_whole, "{readme}: {link} leads to a file of the repository");
            assert!(!link.contains("pablanka"), "{readme}: {link} is the original's, not this project's");
        }
    }
}

#[test]
fn the_changelog_begins_with_this_version_and_its_day() {
    let text = read("CHANGELOG.md");
    let heading = text.lines().find(|line| line.starts_with("## ")).expect("a heading");
    let day = heading.strip_prefix(concat!("## ", env!("CARGO_PKG_VERSION"), " – ")).expect("this version");
    let parts: Vec<_> = day.split('-').map(str::len).collect();
    assert_eq!(parts, [4, 2, 2], "{day}");
}
