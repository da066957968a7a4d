//! The program `rtbroadcaster` as a child process.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command as BlockingCommand, Output, Stdio};
use std::sync::OnceLock;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use crate::within;

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: Option<BufReader<ChildStderr>>,
    /// `host:port`.
    pub address: String,
    /// `http` or `https`.
    pub scheme: String,
    /// The address of its administration, if that is another one.
    pub administration: Option<String>,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
}

impl Finished {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Program {
    /// A command for the program, without settings from this environment.
    #[must_use]
    pub fn command() -> Command {
        Self::command_of(binary())
    }

    /// The same for a program that is built already.
    #[must_use]
    pub fn command_of(binary: &Path) -> Command {
        let mut command = Command::new(binary);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("RTBROADCASTER_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Starts the program on a free port with these arguments, and waits until it listens.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut command = Self::command();
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        Self::listening(command).await
    }

    /// Starts a command of [`Program::command`] and waits until it listens.
    pub async fn listening(mut command: Command) -> Self {
        command.stderr(Stdio::null());
        Self::started(command).await
    }

    /// As [`Program::listening`], and writes its log to a file.
    pub async fn logging(mut command: Command, log: &Path) -> Self {
        command.stderr(File::create(log).expect("the log's folder is there"));
        Self::started(command).await
    }

    async fn started(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its stdout is a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let mut administration = None;
        loop {
            let line = within("the program to listen", lines.next_line()).await.expect("text");
            let line = line.expect("the program says where it listens");
            if let Some(address) = line.strip_prefix("administration on http://") {
                administration = address.strip_suffix("/admin/").map(str::to_owned);
                continue;
            }
            let address = line.strip_prefix("listening on ").and_then(|url| url.split_once("://"));
            let (scheme, address) = address.unwrap_or_else(|| panic!("an address in {line:?}"));
            let (scheme, address) = (scheme.to_owned(), address.to_owned());
            let log = child.stderr.take().map(BufReader::new);
            return Self { child, log, address, scheme, administration };
        }
    }

    /// As [`Program::listening`], and its log can be read with [`Program::next_log`].
    pub async fn telling(mut command: Command) -> Self {
        command.stderr(Stdio::piped());
        Self::started(command).await
    }

    /// The next line of its log that contains this text.
    pub async fn next_log(&mut self, text: &str) -> String {
        let log = self.log.as_mut().expect("it was started so that its log can be read");
        loop {
            let mut line = String::new();
            let read = within(text, log.read_line(&mut line)).await.expect("text");
            assert_ne!(read, 0, "the log ended without {text}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Runs a command of [`Program::command`] that ends by itself.
    pub async fn run(mut command: Command) -> Finished {
        Finished::of(&within("the program to end", command.output()).await.expect("the program starts"))
    }

    /// As [`Program::run`], with this text as its standard input.
    pub async fn run_with_input(mut command: Command, input: &str) -> Finished {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("its stdin is a pipe");
        // It need not read all of it.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        Finished::of(&within("the program to end", child.wait_with_output()).await.expect("it ends"))
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_none()
    }

    /// The id of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id().expect("the program runs")
    }

    /// Sends a signal: `TERM`, `INT`.
    pub async fn signal(&self, name: &str) {
        signal(self.process_id(), name).await;
    }

    /// Waits for its end. Returns its exit code, or `None` if a signal ended it.
    pub async fn exit_code(&mut self) -> Option<i32> {
        within("the program to end", self.child.wait()).await.expect("it can be waited for").code()
    }
}

/// Sends a signal to a process: `TERM`, `KILL`, `STOP`, `CONT`.
pub(crate) async fn signal(process: u32, name: &str) {
    let process = process.to_string();
    let sent = Command::new("kill").args(["-s", name, &process]).status().await;
    assert!(sent.expect("there is a `kill`").success(), "{name} to {process}");
}

/// Builds the program and returns its path.
///
/// `cargo test` builds a package's binaries only for that package's own integration tests, so this
/// calls cargo. It uses the packages, profile and folder of the test itself: cargo then reuses what
/// is compiled already, and the program is never older than its sources.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = env::current_exe().expect("a test knows where it is");
        // <target>/<profile>/deps/<test>
        let profile = test.ancestors().nth(2).expect("a test is in a profile's folder");
        let target = profile.parent().expect("a profile's folder is in the target folder");
        let mut cargo = BlockingCommand::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([
            "build",
            "--quiet",
            "--workspace",
            "--exclude",
            "rtbroadcaster-sdk",
            "--bin",
            "rtbroadcaster",
        ]);
        cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        // Build scripts watch some of the variables that cargo sets for a test, and would run
        // again.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"]
                .iter()
                .any(|set| text.starts_with(set))
            {
                cargo.env_remove(&name);
            }
        }
        let built = cargo.status().expect("cargo can be called");
        assert!(built.success(), "the program could not be built: run `cargo build --package rtbroadcaster`");
        profile.join(format!("rtbroadcaster{}", env::consts::EXE_SUFFIX))
    })
}
