//! The npm package `rtbroadcaster`: the hand-written files of sdk-wasm/npm/ and js/, and the wasm.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::members;
use crate::npm;
use crate::process::{execute, output, say};
use crate::site::copy_folder;
use crate::sizes;
use crate::wasm;
use crate::workspace::{VERSION, Workspace};

/// The files that npm packs even if package.json does not list them.
const ALWAYS_PACKED: [&str; 2] = ["package.json", "README.md"];

/// How esbuild puts the wasm into a script. `import.meta.url`, which would say where to find the
/// file, is not needed then. Without it bundlers don't look for the file either, and the script
/// runs where there are no modules.
const EMBEDDED: [&str; 4] =
    ["--bundle", "--loader:.wasm=base64", "--define:import.meta.url=undefined", "--log-level=warning"];

/// The scripts that only some pages load, by their names without the end.
const ON_DEMAND: [&str; 8] =
    ["clock", "fetch-socket", "lanes", "presenting", "qr", "resume", "roster", "schemas"];

/// Where the package is assembled, in the target folder.
pub(crate) const FOLDER: &str = "npm/rtbroadcaster";

/// The package, assembled and packed.
pub(crate) struct Packed {
    /// The folder with the tarball's contents.
    pub(crate) folder: PathBuf,
    pub(crate) tarball: PathBuf,
    /// npm's own list of the files and sizes.
    contents: Value,
}

/// `cargo xtask pack`.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let packed = pack(workspace)?;
    println!("{}", packed.tarball.display());
    print_contents(&packed.contents);
    sizes::check(workspace, &packed.folder)
}

/// Writes the tarball beside the package's sources, where `npm install` in a checkout finds it.
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

/// Assembles the package in target/npm/rtbroadcaster/ and returns that path.
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
    let folder = workspace.target(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    copy_folder(&by_hand, &folder, &|name| !name.ends_with(".tgz"))?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workspace.path(licence), folder.join(licence))
            .with_context(|| format!("cannot copy {licence}"))?;
    }
    wasm::build_into(workspace, &folder)?;
    bundle_index(workspace, &folder)?;
    bundle_qr(workspace, &folder)?;
    minify_clock(workspace, &folder)?;
    bundle_embedded(workspace, &folder)?;
    require_all_packed(&package, &folder)?;
    Ok(folder)
}

/// Bundles what every page loads into one script: index.js, the files of js/, which no page imports
/// by itself, and wasm-bindgen's JavaScript. Files that only some pages load stay beside it. The
/// source map has all of their text, so that a stack trace in an application says where.
fn bundle_index(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let parts = folder.join("parts");
    fs::create_dir(&parts).with_context(|| format!("cannot create {}", parts.display()))?;
    copy_folder(&workspace.path("sdk-wasm/js"), &parts, &|name| name != "bundled.js")?;
    for name in ["index.js", "rtbroadcaster_sdk_bg.js"] {
        fs::rename(folder.join(name), parts.join(name)).with_context(|| format!("cannot move {name}"))?;
    }
    let tools = workspace.path("xtask");
    let mut esbuild = npm::program(&tools, "esbuild");
    esbuild.current_dir(&parts).args(["index.js", "--outfile=bundle.js", "--bundle", "--format=esm"]);
    esbuild.args(["--target=es2022", "--sourcemap", "--log-level=warning"]);
    esbuild.args(ON_DEMAND.map(external));
    execute(esbuild.arg(format!("--define:VERSION=\"{VERSION}\"")))?;
    // terser makes the script 3 % smaller than esbuild does, and another 3 % with short names for
    // members that nobody else names.
    let public = [
        folder.join("index.d.ts"),
        workspace.path("sdk-wasm/src/fields.rs"),
        workspace.path("sdk-wasm/js/clock.js"),
    ];
    let hidden = members::hidden(&parts, &public)?;
    let mut terser = npm::program(&tools, "terser");
    terser.current_dir(&parts).args(["bundle.js", "--module", "--ecma", "2022", "--mangle"]);
    terser.args(["--mangle-props", &format!("regex=/^({})$/", hidden.join("|"))]);
    terser.args(["--compress", "passes=3,hoist_funs,conditionals=false,pure_getters"]);
    terser.args(["--source-map", "content='bundle.js.map',url='index.js.map',includeSources"]);
    execute(terser.args(["--output", "../index.js"]))?;
    fs::remove_dir_all(&parts).with_context(|| format!("cannot remove {}", parts.display()))?;
    let entry = folder.join("rtbroadcaster_sdk.js");
    fs::remove_file(&entry).with_context(|| format!("cannot remove {}", entry.display()))
}

/// Has esbuild leave the import of this script as it is.
fn external(name: &str) -> String {
    format!("--external:./{name}.js")
}

/// Puts the library for QR codes into qr.js, so that a page without a bundler needs no other
/// package. Its licence asks for the two lines about copyright.
fn bundle_qr(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let tools = workspace.path("xtask");
    let licence = fs::read_to_string(tools.join("node_modules/uqr/LICENSE"))
        .context("cannot read the licence of uqr")?;
    let banner = format!("--banner:js=/* With uqr:\n\n{}\n*/", licence.trim());
    let mut esbuild = npm::program(&tools, "esbuild");
    esbuild.current_dir(folder).env("NODE_PATH", tools.join("node_modules")).arg("qr.js").arg(banner);
    esbuild.args(["--outfile=qr.js", "--allow-overwrite", "--bundle", "--format=esm", "--target=es2022"]);
    execute(esbuild.args(["--minify", "--external:./error.js", "--log-level=warning"]))
}

/// Puts what actions with a moment need beside the script that every page loads.
fn minify_clock(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let mut esbuild = npm::program(&workspace.path("xtask"), "esbuild");
    esbuild.current_dir(folder).arg(workspace.path("sdk-wasm/js/clock.js"));
    execute(esbuild.args(["--outfile=clock.js", "--minify", "--target=es2022", "--log-level=warning"]))
}

/// Bundles the files that carry the wasm: the module for Node, and the two for a plain script tag.
/// No page imports the sources of those, which are removed.
fn bundle_embedded(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let banner = format!("--banner:js=/* rtbroadcaster {VERSION}, MIT OR Apache-2.0 */");
    let node = ["--format=esm", "--platform=neutral", "--allow-overwrite"];
    let mut esbuild = npm::program(&workspace.path("xtask"), "esbuild");
    esbuild.current_dir(folder).args(["node.js", "--outfile=node.js", "--external:node:*"]);
    execute(esbuild.args(node).args(ON_DEMAND.map(external)).args(EMBEDDED).arg(&banner))?;
    for name in ["classic", "global"] {
        let mut esbuild = npm::program(&workspace.path("xtask"), "esbuild");
        esbuild.current_dir(folder).arg(format!("{name}-script.js"));
        esbuild.arg(format!("--outfile=rtbroadcaster.{name}.js")).args(["--format=iife", "--minify"]);
        if name == "classic" {
            // The original's class has neither `qr` nor `roster`.
            esbuild.args(["qr", "roster"].map(external));
        }
        execute(esbuild.args(EMBEDDED).arg(&banner))?;
    }
    for name in ["embedded.js", "classic-script.js", "global-script.js"] {
        fs::remove_file(folder.join(name)).with_context(|| format!("cannot remove {name}"))?;
    }
    Ok(())
}

/// Checks that the package's folder and `files` in package.json name the same files. npm silently
/// leaves out a file that is not listed; a listed file that is missing could not be imported.
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

/// Prints the files of the tarball and their sizes.
fn print_contents(contents: &Value) {
    for file in contents["files"].as_array().into_iter().flatten() {
        let path = file["path"].as_str().unwrap_or_default();
        println!("{path:<32}{:>10}", file["size"].as_u64().unwrap_or_default());
    }
    let bytes = |name| contents[name].as_u64().unwrap_or_default();
    println!("{:<32}{:>10}, packed {}", "all", bytes("unpackedSize"), bytes("size"));
}
