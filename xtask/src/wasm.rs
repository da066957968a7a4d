//! The SDK's wasm: compiled, given its JavaScript glue, and made small.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::npm;
use crate::process::{execute, say};
use crate::tools;
use crate::workspace::{SDK, WASM_TARGET, Workspace};

/// What the glue and the wasm are named after: the crate.
const NAME: &str = "rtbroadcaster_sdk";

/// What rustc's wasm uses. wasm-opt refuses to read what isn't listed, and must not write what old browsers lack, hence
/// no `--all-features`.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Writes the release wasm and its glue into a folder, as wasm-bindgen's `--target web` names them.
pub(crate) fn build_into(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    npm::install(&workspace.path("xtask"))?;
    tools::require_wasm_target()?;
    let tools = tools::build(workspace)?;

    say("compiling the SDK to wasm");
    let mut build = workspace.cargo(["build", "--release", "--package", SDK, "--target", WASM_TARGET]);
    build.args(["--no-default-features", "--features", "javascript"]);
    execute(build.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", without_local_paths()))?;
    let compiled = workspace.target(&format!("{WASM_TARGET}/release/{NAME}.wasm"));

    // The package's types are written by hand.
    let options = ["--target", "web", "--out-name", NAME, "--no-typescript", "--remove-producers-section"];
    execute(Command::new(&tools.bindgen).args(options).arg("--out-dir").arg(folder).arg(compiled))?;
    optimize(workspace, &folder.join(format!("{NAME}_bg.wasm")))
}

/// Compiles the example in Rust into its folder, as its readme says.
pub(crate) fn build_example(workspace: &Workspace) -> anyhow::Result<()> {
    tools::require_wasm_target()?;
    let tools = tools::build(workspace)?;
    say("compiling the example in Rust");
    let mut build = workspace.cargo(["build", "--release", "--package", SDK, "--target", WASM_TARGET]);
    execute(build.args(["--no-default-features", "--features", "web", "--example", "rust"]))?;
    let compiled = workspace.target(&format!("{WASM_TARGET}/release/examples/rust.wasm"));
    let mut bindgen = Command::new(&tools.bindgen);
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]);
    execute(bindgen.arg(workspace.path("sdk-wasm/examples/rust/pkg")).arg(compiled))
}

/// Panic messages name source files, those of dependencies by where they happen to lie on this machine.
fn without_local_paths() -> String {
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")));
    home.map(|home| format!("--remap-path-prefix={home}/registry/src=")).unwrap_or_default()
}

/// Names and custom sections go only here: stripped by rustc, wasm-bindgen would lose sight of what it needs.
fn optimize(workspace: &Workspace, wasm: &Path) -> anyhow::Result<()> {
    let strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
    execute(
        npm::program(&workspace.path("xtask"), "wasm-opt")
            .arg("-O3")
            .args(WASM_FEATURES)
            .args(strip)
            .arg(wasm)
            .arg("--output")
            .arg(wasm),
    )
    .context("wasm-opt failed; if it names a feature that it does not know, add it in xtask/src/wasm.rs")
}
