//! What operators install beside the package for Debian: the archive, the list of what is built in,
//! and the checksums.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use rtbroadcaster_tests::dist;
use serde_json::Value;

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_archive_has_one_folder_with_all_that_an_operator_needs() {
    let Some(archive) = dist(".tar.gz") else { return };
    let listed = output(Command::new("tar").arg("--list").arg("--file").arg(&archive));
    let name = archive.file_name().and_then(|name| name.to_str()).expect("a name");
    let folder = name.strip_suffix(".tar.gz").expect("it is one");
    assert!(folder.contains(env!("CARGO_PKG_VERSION")) && folder.contains("-linux-glibc2."), "{folder}");
    let prefix = format!("{folder}/");
    let files: BTreeSet<_> =
        listed.lines().map(|path| path.strip_prefix(&prefix).expect("it is in the folder")).collect();
    for file in [
        "rtbroadcaster",
        "rtbroadcaster.toml",
        "rtbroadcaster.service",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "man/rtbroadcaster.1",
        "completions/rtbroadcaster.bash",
        "docs/operating.md",
        "monitoring/alerts.yml",
        "monitoring/dashboard.json",
    ] {
        assert!(files.contains(file), "{file} is not in {files:?}");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    output(Command::new("tar").arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(folder));
    let program = folder.join(&prefix).join("rtbroadcaster");
    let version = output(Command::new(program).arg("--version"));
    assert_eq!(version, format!("rtbroadcaster {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_checksums_are_those_of_every_file() {
    let Some(sums) = dist("SHA256SUMS") else { return };
    let folder = sums.parent().expect("a file is in a folder");
    output(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder));
    let summed = fs::read_to_string(&sums).expect("text").lines().count();
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), summed + 1);
}

#[test]
fn the_list_of_what_is_built_in_has_every_crate_with_its_licence_and_checksum() {
    let Some(list) = dist(".cdx.json") else { return };
    let list: Value = serde_json::from_str(&fs::read_to_string(list).expect("text")).expect("json");
    assert_eq!((&list["bomFormat"], &list["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(list["metadata"]["component"]["version"], env!("CARGO_PKG_VERSION"));
    let components = list["components"].as_array().expect("components");
    let names: BTreeSet<_> = components.iter().filter_map(|component| component["name"].as_str()).collect();
    // What it certainly is built of, and what only tests and tools are built of.
    for name in ["rtbroadcaster-protocol", "warp", "tokio", "rustls", "rusqlite", "libsqlite3-sys", "clap"] {
        assert!(names.contains(name), "{name} is not in it");
    }
    for name in ["proptest", "rtbroadcaster", "rtbroadcaster-tests", "wasm-bindgen", "cc"] {
        assert!(!names.contains(name), "{name} is in it");
    }
    for component in components {
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
        let is_own = component["name"] == "rtbroadcaster-protocol";
        assert!(is_own || component["hashes"][0]["content"].is_string(), "{component}");
    }
    let known: BTreeSet<_> =
        components.iter().filter_map(|component| component["bom-ref"].as_str()).collect();
    for dependency in list["dependencies"].as_array().expect("dependencies") {
        for used in dependency["dependsOn"].as_array().expect("a list") {
            assert!(known.contains(used.as_str().expect("a reference")), "{used} is not in it");
        }
    }
}
