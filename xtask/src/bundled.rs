//! sdk-wasm/js/bundled.js: the files of js/ in one, for packages built with wasm-pack.
//!
//! wasm-bindgen copies only files that are named, and the server of its test runner loses a
//! connection now and then when a page loads many.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, bail};

use crate::npm;
use crate::workspace::Workspace;

const PATH: &str = "sdk-wasm/js/bundled.js";

/// The files that the wasm imports from; esbuild adds what these import.
const ENTRY: &str = r#"export * from "./room.js"; export * from "./message.js"; export * from "./parts.js";"#;

const BANNER: &str =
    "// `cargo xtask generate` writes this file from the others here, for packages built with wasm-pack.";

/// Writes the file.
pub(crate) fn write(workspace: &Workspace) -> anyhow::Result<()> {
    let text = bundle(workspace)?;
    fs::write(workspace.path(PATH), text).with_context(|| format!("cannot write {PATH}"))
}

/// Fails if the file is older than those from which it is written.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let written = fs::read(workspace.path(PATH)).with_context(|| format!("cannot read {PATH}"))?;
    if written != bundle(workspace)? {
        bail!("{PATH} isn't what the files beside it make: run `cargo xtask generate`");
    }
    Ok(())
}

fn bundle(workspace: &Workspace) -> anyhow::Result<Vec<u8>> {
    let tools = workspace.path("xtask");
    npm::install(&tools)?;
    let mut esbuild = npm::program(&tools, "esbuild");
    esbuild.current_dir(workspace.path("sdk-wasm/js")).args(["--bundle", "--format=esm", "--target=es2022"]);
    esbuild
        .args([
            "--external:./fetch-socket.js",
            "--external:./qr.js",
            "--external:./roster.js",
            "--log-level=warning",
        ])
        .arg(format!("--banner:js={BANNER}"));
    let mut running =
        esbuild.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start esbuild")?;
    running.stdin.take().context("esbuild has no stdin")?.write_all(ENTRY.as_bytes())?;
    let output = running.wait_with_output()?;
    if !output.status.success() {
        bail!("esbuild failed ({})", output.status);
    }
    Ok(output.stdout)
}
