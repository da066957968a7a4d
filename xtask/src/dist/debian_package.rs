//! The package for Debian and what is made of it, packed by `dpkg-deb`.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::binary::Binary;
use super::files::{DOCUMENTS, Files, MONITORING};
use super::{empty, gzip, source_date};
use crate::process::{execute, output, say};
use crate::workspace::{SERVER, VERSION, Workspace};

/// Scripts that dpkg runs, in `server/deploy/debian/`.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// What the unit says for a program that was installed by hand, and what it says in the package,
/// which has a user of its own.
const UNIT_CHANGES: [(&str, &str); 3] = [
    ("/usr/local/bin/rtbroadcaster", "/usr/bin/rtbroadcaster"),
    ("DynamicUser=yes\n", "User=rtbroadcaster\nGroup=rtbroadcaster\n"),
    ("# The program has a user of its own, which", "# The user, whom the package has made, "),
];

/// Writes the package into the folder.
pub(super) fn make(
    workspace: &Workspace,
    binary: &Binary,
    files: &Files,
    folder: &Path,
) -> anyhow::Result<()> {
    let architecture = architecture()?;
    let package = folder.join(format!("{SERVER}_{VERSION}_{architecture}.deb"));
    say(&format!("packing {}", package.display()));
    let root = workspace.target("dist-debian");
    empty(&root)?;
    let tree = Tree { root: &root };
    tree.copy(&binary.path, "usr/bin/rtbroadcaster", 0o755)?;
    tree.write("usr/lib/systemd/system/rtbroadcaster.service", &unit(files)?, 0o644)?;
    tree.copy(&files.path("rtbroadcaster.toml"), "etc/rtbroadcaster/rtbroadcaster.toml", 0o644)?;
    tree.write("etc/rtbroadcaster/secrets.env", SECRETS, 0o600)?;
    for page in files.pages()? {
        gzip(&tree.copy(&files.path("man").join(&page), &format!("usr/share/man/man1/{page}"), 0o644)?)?;
    }
    for (from, to) in [
        ("rtbroadcaster.bash", "bash-completion/completions/rtbroadcaster"),
        ("_rtbroadcaster", "zsh/vendor-completions/_rtbroadcaster"),
        ("rtbroadcaster.fish", "fish/vendor_completions.d/rtbroadcaster.fish"),
    ] {
        tree.copy(&files.path(from), &format!("usr/share/{to}"), 0o644)?;
    }
    for document in DOCUMENTS.iter().filter_map(|path| path.rsplit('/').next()) {
        gzip(&tree.copy(
            &files.path(document),
            &format!("usr/share/doc/rtbroadcaster/{document}"),
            0o644,
        )?)?;
    }
    for name in MONITORING {
        tree.copy(&files.path(name), &format!("usr/share/doc/rtbroadcaster/monitoring/{name}"), 0o644)?;
    }
    tree.write("usr/share/doc/rtbroadcaster/copyright", &copyright(files)?, 0o644)?;
    control(workspace, &tree, binary, &architecture)?;
    pack(workspace, &root, &package, binary.is_portable)
}

/// What `secrets.env` holds before anybody has edited it.
const SECRETS: &str = "# The secrets of the server, as environment variables; only root can read this file.\n\
                       # `rtbroadcaster token secret` prints a new one.\n\
                       #RTBROADCASTER_API_KEYS=\n\
                       #RTBROADCASTER_JWT_SECRET=\n\
                       #RTBROADCASTER_ADMIN_TOKEN=\n\
                       #RTBROADCASTER_METRICS_TOKEN=\n";

/// The folder that becomes the package.
struct Tree<'a> {
    root: &'a Path,
}

impl Tree<'_> {
    fn write(&self, path: &str, text: &str, mode: u32) -> anyhow::Result<PathBuf> {
        let file = self.prepare(path)?;
        fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
        Ok(file)
    }

    fn copy(&self, from: &Path, path: &str, mode: u32) -> anyhow::Result<PathBuf> {
        let file = self.prepare(path)?;
        fs::copy(from, &file).with_context(|| format!("cannot copy {}", from.display()))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
        Ok(file)
    }

    /// Makes the folders of a file. All of them may be entered by everybody.
    fn prepare(&self, path: &str) -> anyhow::Result<PathBuf> {
        let file = self.root.join(path);
        let parent = file.parent().context("a file is in a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot create the folder of {path}"))?;
        for folder in parent.ancestors().take_while(|folder| folder.starts_with(self.root)) {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        }
        Ok(file)
    }
}

/// Debian's name for this machine's kind of processor.
fn architecture() -> anyhow::Result<String> {
    Ok(match env::consts::ARCH {
        "x86_64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        other => bail!("Debian's name for {other} is not known here"),
    })
}

fn unit(files: &Files) -> anyhow::Result<String> {
    UNIT_CHANGES.iter().try_fold(files.text("rtbroadcaster.service")?, |unit, (from, to)| {
        anyhow::ensure!(unit.contains(from), "the unit says no more {from:?}");
        Ok(unit.replace(from, to))
    })
}

fn copyright(files: &Files) -> anyhow::Result<String> {
    Ok(format!(
        "rtbroadcaster is licensed under MIT or Apache-2.0, as you like. The licences of the libraries that are built \
         in\nare in its SBOM. On Debian, Apache-2.0 is in /usr/share/common-licenses/Apache-2.0.\n\n{}",
        files.text("LICENSE-MIT")?
    ))
}

/// Writes what dpkg reads.
fn control(
    workspace: &Workspace,
    tree: &Tree<'_>,
    binary: &Binary,
    architecture: &str,
) -> anyhow::Result<()> {
    let kilobytes = output(
        Command::new("du").args(["--summarize", "--apparent-size", "--block-size=1024"]).arg(tree.root),
    )?;
    let kilobytes = kilobytes.split_whitespace().next().unwrap_or("0");
    let text = format!(
        "Package: {SERVER}\nVersion: {VERSION}\nArchitecture: {architecture}\n\
         Maintainer: The authors of rtbroadcaster <rtbroadcaster@localhost>\nInstalled-Size: {kilobytes}\n\
         Depends: libc6 (>= {}), passwd\nRecommends: ca-certificates\nSection: net\nPriority: optional\n\
         Description: one page drives, every other page follows: the server that holds the rooms\n \
         The owner of a room broadcasts function calls, and every follower runs them, once and in\n \
         order. The room retains the newest state, which a page gets that joins late.\n \
         .\n \
         Settings are in /etc/rtbroadcaster/rtbroadcaster.toml, see rtbroadcaster(1).\n",
        binary.glibc
    );
    tree.write("DEBIAN/control", &text, 0o644)?;
    tree.write(
        "DEBIAN/conffiles",
        "/etc/rtbroadcaster/rtbroadcaster.toml\n/etc/rtbroadcaster/secrets.env\n",
        0o644,
    )?;
    for script in SCRIPTS {
        let path = workspace.path("server/deploy/debian").join(script);
        tree.copy(&path, &format!("DEBIAN/{script}"), 0o755)?;
    }
    Ok(())
}

fn pack(workspace: &Workspace, root: &Path, package: &Path, is_portable: bool) -> anyhow::Result<()> {
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.env("SOURCE_DATE_EPOCH", source_date(workspace)?).args(["--root-owner-group"]);
    // A package for a test is soon gone.
    dpkg.args(if is_portable { ["-Zxz", "-z9"] } else { ["-Zgzip", "-z1"] });
    execute(dpkg.arg("--build").arg(root).arg(package))
}
