//! Checks which crates depend on which. `cargo xtask tidy` checks the modules within a crate.

use std::collections::BTreeSet;
use std::env;
use std::process::Command;

use serde_json::Value;

const PROTOCOL: &str = "rtbroadcaster-protocol";
const SERVER: &str = "rtbroadcaster";
const SDK: &str = "rtbroadcaster-sdk";

/// The workspace's own packages from `cargo metadata`. Without their dependencies it needs no
/// network.
fn metadata() -> Value {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be called");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo speaks json")
}

/// The dependencies of a package without those of its tests.
fn dependencies<'a>(metadata: &'a Value, package: &str) -> Vec<&'a Value> {
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|other| other["name"] == package);
    let all = package.expect("the package is in the workspace")["dependencies"].as_array();
    all.expect("dependencies").iter().filter(|dependency| dependency["kind"] != "dev").collect()
}

fn names<'a>(dependencies: &[&'a Value]) -> BTreeSet<&'a str> {
    dependencies.iter().filter_map(|dependency| dependency["name"].as_str()).collect()
}

#[test]
fn the_protocol_is_pure() {
    let metadata = metadata();
    let used = names(&dependencies(&metadata, PROTOCOL));
    // As they are used here, none of these does I/O, reads a clock, draws random numbers or starts
    // a task.
    let allowed = BTreeSet::from(["bytes", "serde", "serde_json", "thiserror", "uuid"]);
    let more: Vec<_> = used.difference(&allowed).collect();
    assert!(more.is_empty(), "the protocol's crate depends on {more:?}");
}

#[test]
fn only_the_codec_behind_a_feature_knows_json() {
    let metadata = metadata();
    for dependency in dependencies(&metadata, PROTOCOL) {
        if ["serde", "serde_json"].contains(&dependency["name"].as_str().unwrap()) {
            assert_eq!(dependency["optional"], true, "{dependency}");
        }
    }
    let sdk = dependencies(&metadata, SDK);
    assert!(!names(&sdk).contains("serde_json"), "a json parser would get into the wasm");
    let protocol = sdk.iter().find(|dependency| dependency["name"] == PROTOCOL).unwrap();
    assert!(!protocol["features"].as_array().unwrap().contains(&"json".into()), "{protocol}");
}

#[test]
fn server_and_sdk_never_know_each_other() {
    let metadata = metadata();
    let (server, sdk) = (dependencies(&metadata, SERVER), dependencies(&metadata, SDK));
    assert!(names(&server).contains(PROTOCOL) && names(&sdk).contains(PROTOCOL));
    assert!(!names(&server).contains(SDK), "the server knows the SDK");
    assert!(!names(&sdk).contains(SERVER), "the SDK knows the server");
    let of_a_page = ["wasm-bindgen", "js-sys", "web-sys", "serde-wasm-bindgen"];
    let of_a_server = ["tokio", "warp", "hyper", "tokio-tungstenite"];
    assert!(of_a_page.iter().all(|name| !names(&server).contains(name)), "{:?}", names(&server));
    assert!(of_a_server.iter().all(|name| !names(&sdk).contains(name)), "{:?}", names(&sdk));
}
