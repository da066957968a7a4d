//! The files of the packages, as the program itself prints them or the repository has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::binary::Binary;
use super::empty;
use crate::process::{execute, output};
use crate::workspace::Workspace;

/// Completions: the shell, and the file's name in the packages.
pub(super) const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "rtbroadcaster.bash"), ("zsh", "_rtbroadcaster"), ("fish", "rtbroadcaster.fish")];

/// Documents that an operator reads.
pub(super) const DOCUMENTS: [&str; 7] = [
    "CHANGELOG.md",
    "docs/operating.md",
    "docs/cluster.md",
    "docs/cluster.svg",
    "docs/settings.md",
    "docs/codes.md",
    "docs/http.md",
];

/// What Prometheus and Grafana take.
pub(super) const MONITORING: [&str; 2] = ["alerts.yml", "dashboard.json"];

/// A folder with all of it.
pub(super) struct Files(PathBuf);

impl Files {
    /// Writes all of it into the folder, which is emptied before.
    pub(super) fn write(workspace: &Workspace, binary: &Binary, folder: &Path) -> anyhow::Result<Self> {
        empty(folder)?;
        let files = Self(folder.to_path_buf());
        fs::create_dir(files.path("man")).context("cannot create a folder for the manual")?;
        execute(Command::new(&binary.path).arg("manual").arg(files.path("man")))?;
        for (shell, name) in COMPLETIONS {
            files.save(name, &output(Command::new(&binary.path).args(["completions", shell]))?)?;
        }
        files
            .save("rtbroadcaster.toml", &output(Command::new(&binary.path).args(["config", "--example"]))?)?;
        let unit = workspace.path("server/deploy/rtbroadcaster.service");
        files.save("rtbroadcaster.service", fs::read_to_string(unit).context("the unit")?.trim_end())?;
        for name in MONITORING {
            files.copy(&workspace.path("server/deploy/monitoring").join(name))?;
        }
        for name in DOCUMENTS.into_iter().chain(["LICENSE-MIT", "LICENSE-APACHE"]) {
            files.copy(&workspace.path(name))?;
        }
        Ok(files)
    }

    /// The path of one of them.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The text of one of them.
    pub(super) fn text(&self, name: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.path(name)).with_context(|| format!("cannot read {name}"))
    }

    /// The names of the manual's pages.
    pub(super) fn pages(&self) -> anyhow::Result<Vec<String>> {
        let entries = fs::read_dir(self.path("man")).context("the manual")?;
        let mut names: Vec<_> = entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    }

    fn save(&self, name: &str, text: &str) -> anyhow::Result<()> {
        fs::write(self.path(name), format!("{text}\n")).with_context(|| format!("cannot write {name}"))
    }

    fn copy(&self, path: &Path) -> anyhow::Result<()> {
        let name = path.file_name().context("a file has a name")?;
        fs::copy(path, self.0.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        Ok(())
    }
}
