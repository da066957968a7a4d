//! The demo site as the server serves it: www/, the npm package, and the browser modules that the
//! pages import.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::npm;
use crate::pack;
use crate::process::say;
use crate::workspace::Workspace;

/// Assembles the site in target/site/ and returns that path.
pub(crate) fn assemble(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    assemble_with(workspace, &pack::assemble(workspace)?)
}

/// The same, with an npm package that is assembled already.
pub(crate) fn assemble_with(workspace: &Workspace, package: &Path) -> anyhow::Result<PathBuf> {
    let www = workspace.path("www");
    if www.join("package.json").is_file() {
        npm::install(&www)?;
    }
    let site = workspace.target("site");
    say(&format!("assembling the site in {}", site.display()));
    if site.exists() {
        fs::remove_dir_all(&site).with_context(|| format!("cannot empty {}", site.display()))?;
    }
    copy_folder(&www, &site, &|name| !is_for_npm(name))?;
    copy_folder(package, &site.join("rtbroadcaster"), &|_| true)?;
    copy_vendored(&www, &site.join("vendor"))?;
    write_address(&site, None)?;
    Ok(site)
}

/// Writes the address under which other machines reach this one. The pages put it into their QR
/// codes, even on a page that was opened as localhost.
pub(crate) fn write_address(site: &Path, address: Option<&str>) -> anyhow::Result<()> {
    let file = site.join("site.json");
    fs::write(&file, format!("{}\n", json!({ "address": address })))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Copies the files and folders whose names `wanted` accepts. It never copies names that begin with
/// a dot.
pub(crate) fn copy_folder(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with('.') || !wanted(&shown) {
            continue;
        }
        let (source, copy) = (entry.path(), to.join(&name));
        if source.is_dir() {
            copy_folder(&source, &copy, wanted)?;
        } else {
            fs::copy(&source, &copy).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

fn is_for_npm(name: &str) -> bool {
    matches!(name, "node_modules" | "package.json" | "package-lock.json")
}

/// Copies the browser module and the licence of each dependency in www/package.json. There is no
/// bundler, so each package must have a module that needs no other.
fn copy_vendored(www: &Path, vendor: &Path) -> anyhow::Result<()> {
    if !www.join("package.json").is_file() {
        return Ok(());
    }
    let site = npm::read_package(www)?;
    for name in site["dependencies"].as_object().into_iter().flat_map(|packages| packages.keys()) {
        let from = www.join("node_modules").join(name);
        let to = vendor.join(name);
        let package = npm::read_package(&from)?;
        let Some(module) = browser_module(&package) else {
            bail!(
                "{name} has no module for browsers: neither `exports` nor `module` of its package.json names one"
            );
        };
        fs::create_dir_all(&to).with_context(|| format!("cannot create {}", to.display()))?;
        let file =
            Path::new(module).file_name().with_context(|| format!("{name}'s module has no file name"))?;
        fs::copy(from.join(module), to.join(file))
            .with_context(|| format!("cannot copy {name}'s {module}"))?;
        copy_licences(&from, &to)?;
    }
    Ok(())
}

fn copy_licences(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let upper = name.to_string_lossy().to_uppercase();
        if ["LICENCE", "LICENSE"].iter().any(|start| upper.starts_with(start)) {
            fs::copy(entry.path(), to.join(&name))
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// The file that a browser's `import` of the package's name loads.
fn browser_module(package: &Value) -> Option<&str> {
    let exports = &package["exports"];
    let main = exports.get(".").unwrap_or(exports);
    [
        main,
        &main["browser"],
        &main["import"],
        &main["import"]["default"],
        &main["default"],
        &package["module"],
    ]
    .into_iter()
    .find_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::browser_module;
    use serde_json::json;

    #[test]
    fn finds_the_browser_module() {
        let lean_qr = json!({ "exports": { ".": { "require": "./index.js", "import": "./index.mjs" } } });
        assert_eq!(browser_module(&lean_qr), Some("./index.mjs"));
        assert_eq!(browser_module(&json!({ "exports": "./a.js" })), Some("./a.js"));
        assert_eq!(browser_module(&json!({ "module": "b.mjs", "main": "b.js" })), Some("b.mjs"));
        assert_eq!(browser_module(&json!({ "main": "c.js" })), None);
    }
}
