//! The program that is packed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::empty;
use crate::process::{execute, on_path, output, say};
use crate::server;
use crate::workspace::{Profile, SERVER, Workspace};

/// The oldest glibc that the portable program runs with: that of Debian 10 and RHEL 8.
const OLDEST_GLIBC: &str = "2.28";

/// Builds for an older glibc than this machine's. Both come from `PyPI`, ready to run.
const TOOLS: [&str; 2] = ["cargo-zigbuild==0.24.0", "ziglang==0.15.2"];

/// A program, without symbols.
pub(super) struct Binary {
    pub(super) path: PathBuf,
    /// The oldest glibc that it runs with.
    pub(super) glibc: String,
    /// Whether it is for others, or for a test.
    pub(super) is_portable: bool,
}

impl Binary {
    /// The optimised program, linked for an old glibc.
    pub(super) fn portable(workspace: &Workspace) -> anyhow::Result<Self> {
        let target = format!("{}-unknown-linux-gnu", env::consts::ARCH);
        let tools = tools(workspace)?;
        say(&format!("cargo zigbuild, for glibc {OLDEST_GLIBC}: some minutes"));
        let paths = env::var_os("PATH").unwrap_or_default();
        let paths = env::join_paths([tools.clone()].into_iter().chain(env::split_paths(&paths)))?;
        let mut cargo = workspace.cargo(["zigbuild", "--release", "--locked", "--package", SERVER]);
        cargo.args(["--bin", SERVER, "--target", &format!("{target}.{OLDEST_GLIBC}")]);
        execute(cargo.env("PATH", paths).env("CARGO_ZIGBUILD_PYTHON_PATH", tools.join("python")))?;
        let built = workspace.target(&target).join("release").join(SERVER);
        let binary = Self::stripped(workspace, &built, true)?;
        if is_newer(&binary.glibc, OLDEST_GLIBC) {
            bail!("{} needs glibc {}, not {OLDEST_GLIBC}", built.display(), binary.glibc);
        }
        Ok(binary)
    }

    /// The program as the tests run it. It needs this machine's glibc.
    pub(super) fn of_this_machine(workspace: &Workspace) -> anyhow::Result<Self> {
        let built = server::build(workspace, Profile::Dev)?;
        Self::stripped(workspace, &built, false)
    }

    fn stripped(workspace: &Workspace, built: &Path, is_portable: bool) -> anyhow::Result<Self> {
        let folder = workspace.target("dist-binary");
        empty(&folder)?;
        let path = folder.join(SERVER);
        execute(Command::new("strip").arg("-o").arg(&path).arg(built))?;
        let glibc = newest_glibc(&path)?;
        Ok(Self { path, glibc, is_portable })
    }
}

/// The folder with the programs of `TOOLS`, in an environment of their own.
fn tools(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let python =
        on_path("python3").context("python3 is missing: `cargo xtask dist` gets a linker with it")?;
    let environment = workspace.target("xtask/zig");
    let (bin, done) = (environment.join("bin"), environment.join("installed"));
    if fs::read_to_string(&done).is_ok_and(|installed| installed == TOOLS.join(" ")) {
        return Ok(bin);
    }
    empty(&environment)?;
    say(&format!("pip: installing {}", TOOLS.join(" and ")));
    execute(Command::new(python).args(["-m", "venv"]).arg(&environment))?;
    let mut pip = Command::new(bin.join("python"));
    execute(pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:"]).args(TOOLS))?;
    // Written last, so it says that all is there.
    fs::write(&done, TOOLS.join(" ")).context("cannot write into target/xtask")?;
    Ok(bin)
}

/// The newest version of glibc that a program's symbols name: it runs with that one and later ones.
fn newest_glibc(path: &Path) -> anyhow::Result<String> {
    let symbols = output(Command::new("readelf").args(["--version-info", "--wide"]).arg(path))?;
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.');
        rest[..end.unwrap_or(rest.len())]
            .split_once('.')
            .is_some()
            .then(|| &rest[..end.unwrap_or(rest.len())])
    });
    let newest = versions.fold(None, |newest: Option<&str>, version| match newest {
        Some(newest) if !is_newer(version, newest) => Some(newest),
        _ => Some(version),
    });
    newest.map(str::to_owned).with_context(|| format!("{} names no version of glibc", path.display()))
}

/// Whether one version, such as 2.28, is newer than another.
fn is_newer(one: &str, other: &str) -> bool {
    let parts =
        |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    parts(one) > parts(other)
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(is_newer("2.28", "2.9") && is_newer("2.2.5", "2.2") && !is_newer("2.17", "2.17"));
    }
}
