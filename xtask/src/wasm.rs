//! The SDK's wasm: compiled, prepared by wasm-bindgen, and made small.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::glue;
use crate::npm;
use crate::process::{execute, output, say};
use crate::tools;
use crate::types;
use crate::workspace::{SDK, WASM_TARGET, Workspace};

/// The crate's name, which the files begin with.
const NAME: &str = "rtbroadcaster_sdk";

/// The features that rustc's wasm uses. wasm-opt reads no others, and must not write any that old
/// browsers lack, so `--all-features` would be wrong.
const WASM_FEATURES: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
];

/// The profile in Cargo.toml.
const PROFILE: &str = "wasm";

/// The options with the smallest wasm of all that were measured, with the profile's opt-level 2.
/// Functions that are called once are inlined, loops are not unrolled, instructions that all
/// branches begin with are hoisted, and structs are moved by one instruction instead of field by
/// field.
const SMALLEST: [&str; 4] = [
    "-Cllvm-args=-inline-threshold=7",
    "-Cllvm-args=-unroll-runtime=false",
    "-Cllvm-args=-max-store-memcpy=1",
    "-Cllvm-args=-hoist-common-insts",
];

/// wasm-bindgen adds a table of JavaScript's values, and a function that fills it, to each module
/// that declares the feature of references. std's objects declare it, but this wasm has no
/// references: numbers and texts alone cross to it (`sdk-wasm/src/room_engine.rs`).
const NO_REFERENCES: [&str; 2] = [
    "-Clink-arg=--features=bulk-memory,bulk-memory-opt,mutable-globals,nontrapping-fptoint,sign-ext",
    "-Clink-arg=--no-check-features",
];

/// wasm-opt's passes, found by measuring. `--low-memory-unused` is right because the lowest memory
/// is the end of the stack, and nothing points there.
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

/// Removes what only tools read, and shortens the names that cross to JavaScript, which wasm-opt
/// then prints.
const STRIPPED: [&str; 4] = [
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--minify-imports-and-exports-and-modules",
];

const FAILED: &str =
    "wasm-opt failed; if it names a feature that it does not know, add it in xtask/src/wasm.rs";

/// Writes the release wasm into a folder, with wasm-bindgen's JavaScript for `--target bundler`
/// beside it.
pub(crate) fn build_into(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    npm::install(&workspace.path("xtask"))?;
    tools::require_wasm_target()?;
    let tools = tools::build(workspace)?;

    say("compiling the SDK to wasm");
    let select = ["--package", SDK, "--no-default-features", "--features", "npm", "--target", WASM_TARGET];
    // Cargo leaves link-time optimisation out where it makes an rlib too. The wasm would be 1.2 kB
    // larger after gzip, with the texts of panics that nobody ever reads.
    let mut build = workspace.cargo(["rustc", "--lib", "--crate-type", "cdylib", "--profile", PROFILE]);
    execute(build.args(select).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", rustc_flags()))?;
    let compiled = workspace.target(&format!("{WASM_TARGET}/{PROFILE}/{NAME}.wasm"));

    let mut bindgen = Command::new(&tools.bindgen);
    bindgen.args(["--target", "bundler", "--out-name", NAME, "--remove-producers-section"]);
    // Every browser that takes index.js has `TextEncoder.encodeInto`.
    bindgen.args(["--encode-into", "always"]).arg("--out-dir").arg(folder).arg(compiled);
    execute(&mut bindgen)?;
    types::check(workspace, folder)?;
    // The package's own types are written by hand.
    for ending in [".d.ts", "_bg.wasm.d.ts"] {
        let file = folder.join(format!("{NAME}{ending}"));
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    let wasm = folder.join(format!("{NAME}_bg.wasm"));
    let named = named(workspace);
    let optimize = [&PASSES[..], &["--debuginfo"]].concat();
    execute(&mut wasm_opt(workspace, &wasm, &named, &optimize)).context(FAILED)?;
    let names = output(&mut wasm_opt(workspace, &named, &wasm, &STRIPPED)).context(FAILED)?;
    glue::shorten(folder, &names)?;
    glue::stamp(&wasm)
}

/// The path of the last build's wasm with the names of its functions; the package's has none.
pub(crate) fn named(workspace: &Workspace) -> PathBuf {
    workspace.target(&format!("{WASM_TARGET}/{PROFILE}/{NAME}.named.wasm"))
}

fn rustc_flags() -> String {
    format!("{} {} {}", SMALLEST.join(" "), NO_REFERENCES.join(" "), without_local_paths())
}

/// Compiles the example in Rust into its folder, as the examples' readme says.
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

/// Shortens the paths of dependencies' source files, which panic messages contain. Otherwise they
/// would name folders of this machine.
fn without_local_paths() -> String {
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")));
    home.map(|home| format!("--remap-path-prefix={home}/registry/src=")).unwrap_or_default()
}

/// wasm-opt. Names and custom sections are removed here and not by rustc, because wasm-bindgen
/// needs them.
fn wasm_opt(workspace: &Workspace, from: &Path, to: &Path, options: &[&str]) -> Command {
    let mut wasm_opt = npm::program(&workspace.path("xtask"), "wasm-opt");
    wasm_opt.args(WASM_FEATURES).args(options).arg(from).arg("--output").arg(to);
    wasm_opt
}
