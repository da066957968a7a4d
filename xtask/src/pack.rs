//! The npm package `rtbroadcaster`: the hand-written files of sdk-wasm/npm/, the wasm and its glue.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::npm;
use crate::process::{execute, output, say};
use crate::site::copy_folder;
use crate::wasm;
use crate::workspace::{VERSION, Workspace};

/// What npm packs whether package.json lists it or not.
const ALWAYS_PACKED: [&str; 2] = ["package.json", "README.md"];

/// The package, put together and packed.
pub(crate) struct Packed {
    /// What is in the tarball.
    pub(crate) folder: PathBuf,
    pub(crate) tarball: PathBuf,
    /// What npm says of it.
    contents: Value,
}

/// `cargo xtask pack`.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let packed = pack(workspace)?;
    println!("{}", packed.tarball.display());
    print_contents(&packed.contents);
    print_sizes(&packed.folder)
}

/// Leaves the tarball beside the package's sources, where `npm install` of a checkout finds it.
pub(crate) fn pack(workspace: &Workspace) -> anyhow::Result<Packed> {
    let folder = assemble(workspace)?;
    say("npm: packing");
    let destination = workspace.path("sdk-wasm/npm");
    let mut npm = npm::npm();
    npm.args(["pack", "--json", "--pack-destination"]).arg(&destination).current_dir(&folder);
    let mut said: Value = serde_json::from_str(&output(&mut npm)?).context("npm pack did not print JSON")?;
    let tarball = destination.join(format!("rtbroadcaster-{VERSION}.tgz"));
    Ok(Packed { folder, tarball, contents: said[0].take() })
}

/// Puts the package together in target/npm/rtbroadcaster/ and returns that path.
pub(crate) fn assemble(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    npm::require_node()?;
    let by_hand = workspace.path("sdk-wasm/npm");
    let package = npm::read_package(&by_hand)?;
    if package["version"] != VERSION {
        bail!(
            "sdk-wasm/npm/package.json has version {}, the workspace {VERSION}: make them equal",
            package["version"]
        );
    }
    let folder = workspace.target("npm/rtbroadcaster");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    copy_folder(&by_hand, &folder, &|name| !name.ends_with(".tgz"))?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workspace.path(licence), folder.join(licence))
            .with_context(|| format!("cannot copy {licence}"))?;
    }
    wasm::build_into(workspace, &folder)?;
    bundle_classic(workspace, &folder)?;
    require_all_packed(&package, &folder)?;
    Ok(folder)
}

/// Makes the one file for a plain script tag, wasm and all; what it is made of is nobody's to import.
fn bundle_classic(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let source = folder.join("classic-script.js");
    let banner = format!("--banner:js=/* rtbroadcaster {VERSION}, MIT OR Apache-2.0 */");
    let outfile = format!("--outfile={}", folder.join("rtbroadcaster.classic.js").display());
    // Where the wasm lies beside the script nobody asks: it is in it.
    let options = ["--bundle", "--minify", "--format=iife", "--loader:.wasm=base64", "--log-level=warning"];
    execute(npm::program(&workspace.path("xtask"), "esbuild").arg(&source).args(options).args([
        "--log-override:empty-import-meta=silent",
        &banner,
        &outfile,
    ]))?;
    fs::remove_file(&source).with_context(|| format!("cannot remove {}", source.display()))
}

/// The package's folder and package.json's `files` must name the same: what isn't listed npm leaves out without a word
/// (wasm-bindgen may begin to write `snippets/` at any change of the SDK), and what isn't there nobody could import.
fn require_all_packed(package: &Value, folder: &Path) -> anyhow::Result<()> {
    let files = package["files"].as_array().context("sdk-wasm/npm/package.json has no `files`")?;
    let files: Vec<&str> = files.iter().filter_map(Value::as_str).collect();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let listed = files.iter().any(|file| file.trim_end_matches('/') == name);
        if !listed && !ALWAYS_PACKED.contains(&&*name) {
            bail!("{name} is not in the `files` of sdk-wasm/npm/package.json, so npm would leave it out");
        }
    }
    // A folder, with the slash that marks it, may be absent.
    let missing = files.iter().find(|file| !file.ends_with('/') && !folder.join(file).is_file());
    match missing {
        Some(file) => bail!("the `files` of sdk-wasm/npm/package.json name {file}, which is not there"),
        None => Ok(()),
    }
}

/// Prints what the tarball holds.
fn print_contents(contents: &Value) {
    for file in contents["files"].as_array().into_iter().flatten() {
        let path = file["path"].as_str().unwrap_or_default();
        println!("{path:<32}{:>10}", file["size"].as_u64().unwrap_or_default());
    }
    let bytes = |name| contents[name].as_u64().unwrap_or_default();
    println!("{:<32}{:>10}, packed {}", "all", bytes("unpackedSize"), bytes("size"));
}

/// Prints what a page downloads: every script and the wasm, as they are and compressed.
fn print_sizes(folder: &Path) -> anyhow::Result<()> {
    const SCRIPT: &str = r#"
const { readdirSync, readFileSync } = require("node:fs");
const { gzipSync } = require("node:zlib");
const files = readdirSync(".", { recursive: true }).filter((name) => /\.(wasm|m?js)$/.test(name)).sort();
const rows = files.map((name) => {
  const bytes = readFileSync(name);
  return [name, bytes.length, gzipSync(bytes, { level: 9 }).length];
});
rows.push(["total", ...[1, 2].map((column) => rows.reduce((sum, row) => sum + row[column], 0))]);
for (const row of [["file", "bytes", "gzip -9"], ...rows]) {
  console.log(row[0].padEnd(32) + row.slice(1).map((cell) => cell.toLocaleString("en").padStart(10)).join(""));
}"#;
    execute(Command::new("node").args(["--eval", SCRIPT]).current_dir(folder))
}
