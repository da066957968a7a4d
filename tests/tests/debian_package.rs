//! The package for Debian, which `cargo xtask dist` makes: it is installed into a clean system,
//! runs there, and is removed.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rtbroadcaster_tests::{dist, skip, tool};

/// A system of Debian in a folder, which is removed when it is dropped.
struct Root(PathBuf);

impl Root {
    /// A new one of this machine's release, with the packages that every system has. None, with the
    /// reason told, if it can't be made here.
    fn new() -> Option<Self> {
        let debootstrap = tool("debootstrap")?;
        let id = Command::new("id").arg("-u").output().expect("there is an `id`");
        if text(&id.stdout).trim() != "0" {
            skip("only root can make a system to install into");
            return None;
        }
        let (Some(release), Some(mirror)) = (release(), mirror()) else {
            skip("apt doesn't say where this machine's packages come from");
            return None;
        };
        let root = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian"));
        drop(fs::remove_dir_all(&root.0));
        let mut command = Command::new(debootstrap);
        command.args(["--variant=minbase", &release]).arg(&root.0).arg(&mirror);
        let made = ended(&mut command);
        if !made.status.success() {
            let last = text(&made.stdout).trim().lines().last().unwrap_or_default().to_owned();
            skip(&format!("debootstrap can't make a system: {last}"));
            return None;
        }
        Some(root)
    }

    /// Runs a command in it, which must succeed, and returns what it printed.
    fn run(&self, arguments: &[&str]) -> String {
        let output = ended(Command::new("chroot").arg(&self.0).args(arguments));
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {stdout}{stderr}");
        stdout
    }

    fn has(&self, path: &str) -> bool {
        // A link may lead nowhere.
        self.0.join(path.trim_start_matches('/')).symlink_metadata().is_ok()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path.trim_start_matches('/')))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// All that is in it, but for what dpkg keeps of packages that were there.
    fn everything(&self) -> BTreeSet<String> {
        let paths = self.run(&["find", "/", "-xdev", "-path", "/proc", "-prune", "-o", "-print"]);
        let is_kept = |path: &&str| !path.starts_with("/var/lib/dpkg/") && !path.starts_with("/var/log/");
        // `useradd` and `userdel` keep the files as they were before.
        paths.lines().filter(is_kept).filter(|path| !path.ends_with('-')).map(str::to_owned).collect()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs a command to its end. Nothing of this session's settings reaches it.
fn ended(command: &mut Command) -> Output {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("RTBROADCASTER_") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command.output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The code name of this machine's release.
fn release() -> Option<String> {
    let about = fs::read_to_string("/etc/os-release").ok()?;
    about.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).map(str::to_owned)
}

/// Where apt gets this machine's packages.
fn mirror() -> Option<String> {
    let release = release()?;
    let format = ["indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"];
    let targets = Command::new("apt-get").args(format).output().ok()?;
    let start = format!("{release} ");
    text(&targets.stdout).lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
}

fn package() -> Option<PathBuf> {
    dist(".deb")
}

/// The value of a field of a package.
fn field(package: &Path, name: &str) -> String {
    let output = ended(Command::new("dpkg-deb").arg("--field").arg(package).arg(name));
    text(&output.stdout).trim().to_owned()
}

#[test]
fn the_package_says_what_it_is_and_holds_what_belongs_in_it() {
    let Some(package) = package() else { return };
    assert_eq!(field(&package, "Version"), env!("CARGO_PKG_VERSION"));
    assert!(field(&package, "Depends").contains("libc6 (>= 2."), "{}", field(&package, "Depends"));
    let listed = ended(Command::new("dpkg-deb").arg("--contents").arg(&package));
    let listed = text(&listed.stdout);
    let mut files = BTreeSet::new();
    for line in listed.lines() {
        let parts: Vec<_> = line.split_whitespace().collect();
        assert_eq!(parts[1], "root/root", "{line}");
        files.insert(parts[5]);
    }
    for file in [
        "./usr/bin/rtbroadcaster",
        "./usr/lib/systemd/system/rtbroadcaster.service",
        "./etc/rtbroadcaster/rtbroadcaster.toml",
        "./usr/share/man/man1/rtbroadcaster.1.gz",
        "./usr/share/man/man1/rtbroadcaster-health.1.gz",
        "./usr/share/bash-completion/completions/rtbroadcaster",
        "./usr/share/doc/rtbroadcaster/copyright",
        "./usr/share/doc/rtbroadcaster/monitoring/alerts.yml",
    ] {
        assert!(files.contains(file), "{file} is not in {files:?}");
    }
    assert!(
        listed.lines().any(|line| line.starts_with("-rw-------") && line.ends_with("secrets.env")),
        "{listed}"
    );
}

/// Starts the server in the system, asks it how it is, and ends it.
const SERVE: &str = "rtbroadcaster --config /etc/rtbroadcaster/rtbroadcaster.toml --listen 127.0.0.1:0 >/run/out & \
                     server=$!; \
                     while ! grep -q listening /run/out; do kill -0 $server || exit 1; done; \
                     rtbroadcaster health --listen $(sed 's/.*http:..//' /run/out); \
                     kill -TERM $server; wait $server";

#[test]
fn it_is_installed_runs_and_is_removed_without_a_trace() {
    let Some(package) = package() else { return };
    let Some(root) = Root::new() else { return };
    let before = root.everything();
    fs::copy(&package, root.0.join("tmp/package.deb")).expect("the package is there");
    root.run(&["dpkg", "--install", "/tmp/package.deb"]);
    let version = format!("rtbroadcaster {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(root.run(&["rtbroadcaster", "--version"]), version);
    root.run(&["rtbroadcaster", "check", "/etc/rtbroadcaster/rtbroadcaster.toml"]);
    assert_eq!(root.run(&["sh", "-c", SERVE]), "ok\n");
    let user = root.run(&["getent", "passwd", "rtbroadcaster"]);
    assert!(user.contains(":/var/lib/rtbroadcaster:/usr/sbin/nologin"), "{user}");
    let unit = root.read("/usr/lib/systemd/system/rtbroadcaster.service");
    assert!(
        unit.contains("ExecStart=/usr/bin/rtbroadcaster ") && unit.contains("\nUser=rtbroadcaster\n"),
        "{unit}"
    );
    assert!(!unit.contains("DynamicUser") && !unit.contains("/usr/local"), "{unit}");
    let link = "/etc/systemd/system/multi-user.target.wants/rtbroadcaster.service";
    assert!(root.has(link), "it starts with the machine");

    // An upgrade keeps what somebody has changed.
    let settings = "/etc/rtbroadcaster/rtbroadcaster.toml";
    let changed = root.read(settings) + "# changed\n";
    fs::write(root.0.join(&settings[1..]), &changed).expect("it can be changed");
    root.run(&["dpkg", "--install", "/tmp/package.deb"]);
    assert_eq!(root.read(settings), changed);

    root.run(&["dpkg", "--remove", "rtbroadcaster"]);
    assert!(!root.has("/usr/bin/rtbroadcaster") && root.has(settings), "settings stay until it is purged");
    root.run(&["dpkg", "--purge", "rtbroadcaster"]);
    fs::remove_file(root.0.join("tmp/package.deb")).expect("it was copied");
    fs::remove_file(root.0.join("run/out")).expect("the server wrote it");
    let after = root.everything();
    let left: Vec<_> = after.difference(&before).collect();
    assert!(left.is_empty(), "it leaves {left:?}");
    let gone: Vec<_> = before.difference(&after).collect();
    assert!(gone.is_empty(), "it takes along {gone:?}");
    assert!(!root.read("/etc/passwd").contains("rtbroadcaster"));
}
