//! Checks the sources and licences of all dependencies against `deny.toml`, as far as that needs no
//! database of vulnerabilities.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The entries of a list in `deny.toml`, which has one entry a line.
fn listed(list: &str) -> BTreeSet<String> {
    let text = read("deny.toml");
    let lines = text.lines().skip_while(|line| *line != format!("{list} = [")).skip(1);
    let entries = lines.take_while(|line| *line != "]").filter_map(|line| line.trim().strip_prefix('"'));
    let entries: BTreeSet<_> =
        entries.filter_map(|entry| entry.strip_suffix("\",")).map(str::to_owned).collect();
    assert!(!entries.is_empty(), "deny.toml has no list {list}");
    entries
}

/// A package of `Cargo.lock`.
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

fn locked() -> Vec<Locked> {
    let text = read("Cargo.lock");
    let packages = text.split("[[package]]").skip(1).map(|package| {
        let field = |name: &str| {
            let value = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
            value.and_then(|value| value.strip_suffix('"')).map(str::to_owned)
        };
        Locked {
            name: field("name").expect("a name"),
            version: field("version").expect("a version"),
            source: field("source"),
        }
    });
    packages.collect()
}

#[test]
fn every_crate_comes_from_crates_io() {
    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let mut own = 0;
    for package in locked() {
        match package.source.as_deref() {
            None => own += 1,
            Some(source) => assert_eq!(source, CRATES_IO, "{}", package.name),
        }
    }
    // The workspace's own crates.
    assert_eq!(own, 6);
}

#[test]
fn no_crate_is_there_that_must_not_be_and_none_twice_but_those_that_are_named() {
    let (banned, skipped) = (listed("deny"), listed("skip"));
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in locked() {
        assert!(!banned.contains(&package.name), "{} must not be built in", package.name);
        versions.entry(package.name).or_default().insert(package.version);
    }
    let is_skipped = |name: &str, version: &str| {
        skipped.iter().any(|skip| {
            let (other, start) = skip.split_once('@').expect("a name and a version");
            name == other && (version == start || version.starts_with(&format!("{start}.")))
        })
    };
    for (name, versions) in &versions {
        let counted: Vec<_> = versions.iter().filter(|version| !is_skipped(name, version)).collect();
        assert_eq!(counted.len(), 1, "{name} is there as {versions:?}: deny.toml names those that may be");
    }
    for skip in &skipped {
        let name = skip.split('@').next().expect("a name");
        assert!(versions.get(name).is_some_and(|versions| versions.len() > 1), "{skip} is there once only");
    }
}

/// Whether the allowed licences satisfy an SPDX expression. It ignores brackets, which can only
/// refuse too much.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    expression
        .replace(['(', ')'], "")
        .replace('/', " OR ")
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

#[test]
fn every_crate_has_a_licence_that_it_may_have() {
    let allowed = listed("allow");
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(root())
        .output()
        .expect("cargo can be called");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo speaks json");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(is_met(licence, &allowed), "{} has the licence {licence}", package["name"]);
    }
    assert!(!is_met("GPL-3.0", &allowed) && !is_met("MIT AND GPL-3.0", &allowed));
}

/// All committed `package.json` files.
fn npm_packages() -> Vec<String> {
    let output = Command::new("git").args(["ls-files", "*package.json"]).current_dir(root()).output();
    let output = output.expect("git can be called");
    String::from_utf8(output.stdout).expect("paths are text").lines().map(str::to_owned).collect()
}

#[test]
fn what_npm_installs_is_pinned_and_locked() {
    let packages = npm_packages();
    assert!(packages.len() > 10, "{packages:?}");
    for path in packages {
        let package: Value = serde_json::from_str(&read(&path)).expect("json");
        for kind in ["dependencies", "devDependencies", "optionalDependencies"] {
            for (name, version) in package[kind].as_object().into_iter().flatten() {
                let version = version.as_str().expect("a version");
                let is_exact =
                    version.split('.').all(|part| part.chars().all(|digit| digit.is_ascii_digit()));
                assert!(
                    is_exact && version.split('.').count() == 3,
                    "{path}: {name} {version} is not one version"
                );
                let lock = path.replace("package.json", "package-lock.json");
                let lock: Value = serde_json::from_str(&read(&lock)).expect("json");
                let locked = &lock["packages"][format!("node_modules/{name}")];
                assert_eq!(locked["version"], version, "{path}: {name}");
                assert!(locked["integrity"].is_string(), "{path}: {name} has no checksum");
            }
        }
    }
}
