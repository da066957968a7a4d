//! The Rust side of the wasm tooling: the compile target, and wasm-bindgen's tools at the version
//! in the lock file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::process::{execute, on_path, output, say};
use crate::workspace::{Profile, WASM_TARGET, Workspace};

const BINDGEN: &str = "wasm-bindgen-tool";
const TEST_RUNNER: &str = "wasm-bindgen-test-runner";

/// wasm-bindgen's two programs, built by [`build`].
pub(crate) struct Tools {
    pub(crate) bindgen: PathBuf,
    pub(crate) test_runner: PathBuf,
}

/// Builds the tools in the dev profile, which compiles quickly and is fast enough for a small wasm.
/// Later calls find them built.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<Tools> {
    require_same_version(&workspace.path("Cargo.lock"))?;
    let tools = Tools {
        bindgen: workspace.binary(Profile::Dev, BINDGEN),
        test_runner: workspace.binary(Profile::Dev, TEST_RUNNER),
    };
    // Always the same packages and features, so that cargo never builds them a second time.
    let select = ["--package", "xtask", "--features", "wasm-tools", "--bin", BINDGEN, "--bin", TEST_RUNNER];
    let mut cargo = workspace.cargo(["build"]);
    // This project cannot mend the future incompatibilities of the tools' dependencies.
    cargo.args(select).args(["--config", "future-incompat-report.frequency='never'"]);
    if tools.bindgen.exists() && tools.test_runner.exists() {
        cargo.arg("--quiet");
    } else {
        say("building wasm-bindgen's tools; this takes a minute or two, once");
    }
    execute(&mut cargo).context("cannot build wasm-bindgen's tools")?;
    Ok(tools)
}

/// Makes sure that rustc can compile for wasm.
pub(crate) fn require_wasm_target() -> anyhow::Result<()> {
    // rustc is asked, not rustup: a distribution's toolchain may have the target without rustup.
    let libraries =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    if on_path("rustup").is_none() {
        bail!(
            "rustc lacks the target {WASM_TARGET}, and there is no rustup to add it: install rustup (rustup.rs)"
        );
    }
    say(&format!("rustup: adding the target {WASM_TARGET}"));
    execute(Command::new("rustup").args(["target", "add", WASM_TARGET]))
}

/// Checks the versions, because the tools read only wasm of their own version of wasm-bindgen and
/// their own message about it is less clear.
fn require_same_version(lock: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let version = |name| locked_version(&text, name).with_context(|| format!("Cargo.lock has no {name}"));
    let (library, tools) = (version("wasm-bindgen")?, version("wasm-bindgen-cli")?);
    if library != tools {
        bail!(
            "Cargo.lock has wasm-bindgen {library} but wasm-bindgen-cli {tools}: set wasm-bindgen-cli in \
             xtask/Cargo.toml to \"={library}\", or run `cargo update -p wasm-bindgen --precise {tools}`"
        );
    }
    Ok(())
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn reads_a_locked_version() {
        let lock = "[[package]]\nname = \"wasm-bindgen-cli\"\nversion = \"0.2.1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.2\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.2"));
        assert_eq!(locked_version(lock, "wasm-bindgen-cli"), Some("0.2.1"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
