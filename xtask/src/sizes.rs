//! The sizes of the files that a page loads, and of the largest functions in the wasm. The files
//! must stay within sdk-wasm/size-budget.json.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::process::output;
use crate::wasm;
use crate::workspace::Workspace;

/// The files that every page loads. The other files of the package are loaded on demand.
const EVERY_PAGE: [&str; 2] = ["index.js", "rtbroadcaster_sdk_bg.wasm"];

const BUDGET: &str = "sdk-wasm/size-budget.json";

/// How many of the wasm's functions are shown.
const SHOWN_FUNCTIONS: usize = 25;

/// The bytes of a file, as they are and compressed as web servers compress at their best.
struct Sizes {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Prints the sizes of the package in this folder, and fails if they are above the budget.
pub(crate) fn check(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let files = measure(folder)?;
    let (loaded, optional): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| EVERY_PAGE.contains(&file.name.as_str()));
    let total = Sizes {
        name: "total".to_owned(),
        raw: loaded.iter().map(|file| file.raw).sum(),
        gzip: loaded.iter().map(|file| file.gzip).sum(),
        brotli: loaded.iter().map(|file| file.brotli).sum(),
    };
    println!("\n{:<32}{:>10}{:>10}{:>10}", "what every page loads", "bytes", "gzip -9", "brotli");
    loaded.iter().chain([&total]).for_each(print);
    println!("and only those who ask for it");
    optional.iter().for_each(print);
    println!("\nthe largest functions of the wasm, in bytes");
    for (bytes, name) in functions(&wasm::named(workspace))?.into_iter().take(SHOWN_FUNCTIONS) {
        println!("{bytes:>8}  {name}");
    }
    hold_to(&workspace.path(BUDGET), loaded.iter().chain([&total]))
}

fn print(file: &Sizes) {
    println!("{:<32}{:>10}{:>10}{:>10}", file.name, file.raw, file.gzip, file.brotli);
}

fn hold_to<'a>(path: &Path, files: impl Iterator<Item = &'a Sizes>) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let budget: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    for Sizes { name, gzip, .. } in files {
        let most = budget[name].as_u64().with_context(|| format!("{BUDGET} has no {name}"))?;
        if *gzip > most {
            bail!("{name} has {gzip} bytes after gzip -9, {BUDGET} allows {most}");
        }
    }
    Ok(())
}

fn measure(folder: &Path) -> anyhow::Result<Vec<Sizes>> {
    const SCRIPT: &str = r#"
const { readdirSync, readFileSync } = require("node:fs");
const { brotliCompressSync, gzipSync } = require("node:zlib");
const files = readdirSync(".", { recursive: true }).filter((name) => /\.(wasm|m?js)$/.test(name)).sort();
console.log(JSON.stringify(files.map((name) => {
  const bytes = readFileSync(name);
  return [name, bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
})));"#;
    let said = output(Command::new("node").args(["--eval", SCRIPT]).current_dir(folder))?;
    let files: Vec<(String, u64, u64, u64)> =
        serde_json::from_str(&said).context("node did not say how large the files are")?;
    Ok(files.into_iter().map(|(name, raw, gzip, brotli)| Sizes { name, raw, gzip, brotli }).collect())
}

/// The functions of a wasm that has their names, the largest first.
fn functions(wasm: &Path) -> anyhow::Result<Vec<(usize, String)>> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let mut imported = 0;
    let mut bodies = Vec::new();
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(subsections) = section.as_known() else { continue };
                for subsection in subsections {
                    let Name::Function(map) = subsection? else { continue };
                    for naming in map {
                        let naming = naming?;
                        names.push((naming.index as usize, naming.name.to_owned()));
                    }
                }
            }
            _ => {}
        }
    }
    let named = names.into_iter().filter_map(|(index, name)| {
        let bytes = *bodies.get(index.checked_sub(imported)?)?;
        Some((bytes, format!("{:#}", rustc_demangle::demangle(&name))))
    });
    let mut functions: Vec<_> = named.collect();
    functions.sort_by(|one, other| other.cmp(one));
    Ok(functions)
}
