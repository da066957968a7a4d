//! The paths of the workspace, and how cargo is called in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// The version of every crate here; the npm package must have the same.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The package that is built for wasm only, and is left out of each build for this machine.
pub(crate) const SDK: &str = "rtbroadcaster-sdk";

/// The crate with all that crosses a crate, such as the soak test.
pub(crate) const TESTS: &str = "rtbroadcaster-tests";

/// The server's crate, and its program.
pub(crate) const SERVER: &str = "rtbroadcaster";

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The prefixes of the variables that `cargo run` sets for xtask itself. Build scripts of some
/// dependencies watch them, and would run again if cargo is called from here and then from a shell.
const CARGO_RUN_VARIABLES: [&str; 4] = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"];

/// The checkout that `cargo xtask` was called in.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> anyhow::Result<Self> {
        let xtask = env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo xtask`")?;
        let root = Path::new(&xtask).parent().context("xtask/ has no parent folder")?.to_path_buf();
        // cargo puts this binary into <target>/<profile>/, wherever the target folder is.
        let binary = env::current_exe().context("cannot tell where the xtask binary is")?;
        let target = binary.ancestors().nth(2).context("the xtask binary is not in a target folder")?;
        Ok(Self { target: target.to_path_buf(), root })
    }

    /// A path in the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path in the target folder.
    pub(crate) fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// The path of a program that cargo built for this machine.
    pub(crate) fn binary(&self, profile: Profile, name: &str) -> PathBuf {
        self.target.join(profile.folder()).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The cargo that runs this xtask, in the checkout's root.
    pub(crate) fn cargo<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).args(args);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if CARGO_RUN_VARIABLES.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&*name);
            }
        }
        command
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}
