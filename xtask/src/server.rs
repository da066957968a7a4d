//! The server: its binary, and a running one for the SDK's tests.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::process::{execute, say};
use crate::workspace::{Profile, SDK, Workspace};

const BINARY: &str = "rtbroadcaster";

/// Where the server's rooms are, here and on the demo site.
pub(crate) const ROOMS_PATH: &str = "/broadcasting";

/// The text that the server prints before its address.
const READY: &str = "listening on http://";

/// A start takes far less; only a server that hangs reaches this.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Builds the server and returns the binary's path.
///
/// It selects the whole workspace although it needs one binary: dependencies then get the same
/// features as in `cargo test --workspace`, and are not compiled twice.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> anyhow::Result<PathBuf> {
    say("building the server");
    let mut cargo = workspace.cargo(["build", "--workspace", "--exclude", SDK, "--bin", BINARY]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    execute(&mut cargo)?;
    Ok(workspace.binary(profile, BINARY))
}

/// A server on a free port of this machine, killed when dropped.
pub(crate) struct RunningServer {
    child: Child,
    port: u16,
}

impl RunningServer {
    /// Starts the server and waits until it listens. Pages of any origin may connect, because the
    /// tests' pages come from the test runner.
    pub(crate) fn start(binary: &Path, log: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.args(["--listen", "127.0.0.1:0", "--allow-origin", "*", "--path", ROOMS_PATH]);
        Self::spawn(&mut command, log)
    }

    /// Starts any server that prints its address as ours does.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(log.parent().unwrap_or(log)).context("cannot create the log's folder")?;
        let log_file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .with_context(|| format!("cannot start {}", Path::new(command.get_program()).display()))?;
        let stdout = child.stdout.take();
        // From here on, an early return kills the child.
        let mut server = Self { child, port: 0 };
        let (send, ready) = mpsc::channel();
        thread::spawn(move || stdout.map(|stdout| drain(stdout, &send)));
        let Ok(port) = ready.recv_timeout(START_DEADLINE) else {
            let log = fs::read_to_string(log).unwrap_or_default();
            bail!("the server did not print `{READY}…`; its log:\n{log}");
        };
        server.port = port;
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn rooms_url(&self) -> String {
        format!("ws://127.0.0.1:{}{ROOMS_PATH}", self.port)
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        // Killing fails only if the server has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads all that the server prints, so that the server never blocks on a full pipe, and sends the
/// port on.
fn drain(stdout: ChildStdout, ready: &Sender<u16>) {
    for line in BufReader::new(stdout).lines() {
        let Ok(line) = line else { return };
        if let Some(port) = listening_port(&line) {
            // After the deadline the receiver is gone.
            let _ = ready.send(port);
        }
    }
}

/// `listening on http://127.0.0.1:8080` → 8080
fn listening_port(line: &str) -> Option<u16> {
    let (_, address) = line.split_once(READY)?;
    let address = address.split_whitespace().next()?;
    address.trim_end_matches('/').rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::listening_port;

    #[test]
    fn reads_the_port() {
        assert_eq!(listening_port("listening on http://127.0.0.1:8080"), Some(8080));
        assert_eq!(listening_port("listening on http://[::1]:41/"), Some(41));
        assert_eq!(listening_port("listening"), None);
    }
}
