//! The list of all that is built into the program (SBOM), in the format `CycloneDX` 1.5.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::binary::Binary;
use crate::process::{output, say};
use crate::workspace::{SERVER, VERSION, Workspace};

/// Writes the list into the folder.
pub(super) fn write(workspace: &Workspace, binary: &Binary, folder: &Path) -> anyhow::Result<()> {
    let name = format!("{SERVER}-{VERSION}-{}-linux.cdx.json", env::consts::ARCH);
    say(&format!("writing {name}"));
    let lock = fs::read_to_string(workspace.path("Cargo.lock")).context("Cargo.lock")?;
    let (components, dependencies) = crates(workspace, &checksums(&lock))?;
    let list = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": reference(SERVER, VERSION),
                "name": SERVER,
                "version": VERSION,
                "purl": reference(SERVER, VERSION),
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
            },
            "properties": [{"name": "glibc", "value": binary.glibc}],
        },
        "components": components,
        "dependencies": dependencies,
    });
    let text = serde_json::to_string_pretty(&list)? + "\n";
    fs::write(folder.join(name), text).context("cannot write the list")
}

/// The crates that the program is built of, each with the crates that it is built of.
fn crates(
    workspace: &Workspace,
    checksums: &BTreeMap<String, &str>,
) -> anyhow::Result<(Vec<Value>, Vec<Value>)> {
    let target = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let mut cargo =
        workspace.cargo(["metadata", "--format-version", "1", "--locked", "--filter-platform", &target]);
    let manifest = workspace.path("server/Cargo.toml");
    let metadata: Value = serde_json::from_str(&output(cargo.arg("--manifest-path").arg(manifest))?)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<_, _> =
        list(&metadata["packages"]).into_iter().map(|package| (package["id"].to_string(), package)).collect();
    let nodes: BTreeMap<_, _> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (node["id"].to_string(), node)).collect();
    let root =
        packages.iter().find(|(_, package)| package["name"] == SERVER).context("the server is no package")?;
    let (mut waiting, mut needs) = (vec![root.0.clone()], BTreeMap::new());
    while let Some(id) = waiting.pop() {
        if needs.contains_key(&id) {
            continue;
        }
        let node = nodes.get(&id).context("cargo names a crate that it doesn't describe")?;
        let built_in = list(&node["deps"]).into_iter().filter(|dependency| {
            // Tests are not built in. What build scripts use is not either.
            list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
        });
        let used: Vec<_> = built_in.map(|dependency| dependency["pkg"].to_string()).collect();
        waiting.extend(used.iter().cloned());
        needs.insert(id, used);
    }
    let reference_of = |id: &String| {
        packages.get(id).map(|package| reference(text(package, "name"), text(package, "version")))
    };
    let mut components: Vec<_> = needs
        .keys()
        .filter(|id| *id != root.0)
        .filter_map(|id| {
            let package = packages.get(id)?;
            Some(component(package, checksums))
        })
        .collect();
    let mut dependencies: Vec<_> = needs
        .iter()
        .map(|(id, used)| {
            let mut used: Vec<_> = used.iter().filter_map(reference_of).collect();
            used.sort();
            json!({"ref": reference_of(id), "dependsOn": used})
        })
        .collect();
    components.sort_by_key(|component| component["bom-ref"].to_string());
    dependencies.sort_by_key(|dependency| dependency["ref"].to_string());
    Ok((components, dependencies))
}

fn component(package: &Value, checksums: &BTreeMap<String, &str>) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let reference = reference(name, version);
    let mut component = json!({
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
        "scope": "required",
    });
    if let Some(licence) = package["license"].as_str() {
        // Some crates write "MIT/Apache-2.0", which is no expression of SPDX.
        component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
    }
    if let Some(checksum) = checksums.get(&reference) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

fn text<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// The package URL of a crate.
fn reference(name: &str, version: &str) -> String {
    // A `+` has a meaning of its own there.
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// The checksums of Cargo.lock, by the crates' package URLs.
fn checksums(lock: &str) -> BTreeMap<String, &str> {
    let packages = lock.split("[[package]]").filter_map(|package| {
        let field = |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix('"'));
        Some((reference(field("name = \"")?, field("version = \"")?), field("checksum = \"")?))
    });
    packages.collect()
}
