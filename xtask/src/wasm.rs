//! The SDK's wasm: compiled, prepared by wasm-bindgen, and made small.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::npm;
use crate::process::{execute, say};
use crate::tools;
use crate::workspace::{SDK, WASM_TARGET, Workspace};

/// What the files are named after: the crate.
const NAME: &str = "rtbroadcaster_sdk";

/// What rustc's wasm uses. wasm-opt refuses to read what isn't listed, and must not write what old browsers lack, hence
/// no `--all-features`.
const WASM_FEATURES: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
];

/// Of Cargo.toml.
const PROFILE: &str = "wasm";

/// Of all that was measured this makes the smallest wasm, a tenth smaller than opt-level s or z do: functions are inlined where
/// they are called once, loops are not unrolled, jumps not doubled, what branches begin with is hoisted, and structs are
/// moved by an instruction instead of field by field.
const SMALLEST: [&str; 5] = [
    "-Cllvm-args=-inline-threshold=14",
    "-Cllvm-args=-unroll-runtime=false",
    "-Cllvm-args=-max-store-memcpy=1",
    "-Cllvm-args=-jump-threading-threshold=0",
    "-Cllvm-args=-hoist-common-insts",
];

/// wasm-bindgen puts a table of JavaScript's values, and a function that fills it, into every module that says of itself that it may
/// have references. std's objects say so, but nothing here has any: what crosses are numbers (`sdk-wasm/src/cores.rs`).
const NUMBERS_ALONE: [&str; 2] = [
    "-Clink-arg=--features=bulk-memory,bulk-memory-opt,mutable-globals,nontrapping-fptoint,sign-ext",
    "-Clink-arg=--no-check-features",
];

/// wasm-opt's passes, found by measuring. `--low-memory-unused` holds because what lies lowest is the end of the stack, to
/// which nothing points.
const PASSES: [&str; 9] = [
    "--low-memory-unused",
    "--one-caller-inline-max-function-size=200",
    "-Oz",
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--converge",
    "--reorder-locals",
];

/// Writes the release wasm into a folder, and beside it what wasm-bindgen makes for `--target bundler`.
pub(crate) fn build_into(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    npm::install(&workspace.path("xtask"))?;
    tools::require_wasm_target()?;
    let tools = tools::build(workspace)?;

    say("compiling the SDK to wasm");
    let select = ["--package", SDK, "--no-default-features", "--features", "npm", "--target", WASM_TARGET];
    let mut build = workspace.cargo(["build", "--profile", PROFILE]);
    execute(build.args(select).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", rustc_flags()))?;
    let compiled = workspace.target(&format!("{WASM_TARGET}/{PROFILE}/{NAME}.wasm"));

    // The package's types are written by hand.
    let options =
        ["--target", "bundler", "--out-name", NAME, "--no-typescript", "--remove-producers-section"];
    execute(Command::new(&tools.bindgen).args(options).arg("--out-dir").arg(folder).arg(compiled))?;
    let wasm = folder.join(format!("{NAME}_bg.wasm"));
    let named = named(workspace);
    optimize(workspace, &wasm, &named, &["--debuginfo"])?;
    optimize(workspace, &named, &wasm, &["--strip-debug", "--strip-producers", "--strip-target-features"])
}

/// Where the last build has left the wasm with the names of its functions, as they stand in the package's.
pub(crate) fn named(workspace: &Workspace) -> PathBuf {
    workspace.target(&format!("{WASM_TARGET}/{PROFILE}/{NAME}.named.wasm"))
}

fn rustc_flags() -> String {
    format!("{} {} {}", SMALLEST.join(" "), NUMBERS_ALONE.join(" "), without_local_paths())
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
fn optimize(workspace: &Workspace, from: &Path, to: &Path, options: &[&str]) -> anyhow::Result<()> {
    let mut wasm_opt = npm::program(&workspace.path("xtask"), "wasm-opt");
    wasm_opt.args(PASSES).args(WASM_FEATURES).args(options);
    execute(wasm_opt.arg(from).arg("--output").arg(to))
        .context("wasm-opt failed; if it names a feature that it does not know, add it in xtask/src/wasm.rs")
}
