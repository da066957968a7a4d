//! One NATS server with JetStream, as a child process.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use tokio::process::{Child, Command};

use super::ports::free_port;
use crate::{load, signal, until, within};

/// A NATS server, killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    /// Its name in its cluster.
    pub name: String,
    /// Where clients reach it: `host:port`.
    pub address: String,
    /// Where it tells how it is: `host:port`.
    monitor: String,
    routes: String,
    program: PathBuf,
    folder: PathBuf,
    is_apart: bool,
    child: Option<Child>,
}

impl NatsServer {
    /// A server that isn't started yet, with its files below `folder`.
    pub(super) fn new(program: &Path, folder: &Path, name: &str, host: &str, is_apart: bool) -> Self {
        let address = || format!("{host}:{}", free_port());
        Self {
            name: name.to_owned(),
            address: address(),
            monitor: address(),
            routes: address(),
            program: program.to_owned(),
            folder: folder.join(name),
            is_apart,
            child: None,
        }
    }

    /// Writes its configuration. A server without others has no cluster.
    pub(super) fn configure(&self, others: &[String], more: &str) {
        let (host, port) = self.address.rsplit_once(':').expect("an address has a port");
        let store = self.folder.join("store");
        let mut text = format!(
            "server_name: {}\nhost: {host}\nport: {port}\nhttp: \"{}\"\nlog_file: {:?}\n\
             jetstream {{ store_dir: {store:?} }}\n",
            self.name,
            self.monitor,
            self.log_file()
        );
        if others.len() > 1 {
            let routes: Vec<_> = others.iter().map(|address| format!("\"nats-route://{address}\"")).collect();
            writeln!(
                text,
                "cluster {{ name: tests, listen: \"{}\", routes: [{}], no_advertise: true }}",
                self.routes,
                routes.join(", ")
            )
            .expect("a String takes everything");
        }
        text.push_str(more);
        fs::create_dir_all(&self.folder).expect("a folder for a test");
        fs::write(self.folder.join("nats.conf"), text).expect("a file for a test");
    }

    /// Where the other servers of its cluster reach it.
    pub(super) fn routes(&self) -> &str {
        &self.routes
    }

    /// Starts it, or starts it again. It isn't ready then.
    ///
    /// # Panics
    /// If it runs.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "{} runs", self.name);
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.folder.join("nats.conf")).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if self.is_apart {
            command.process_group(0);
        }
        self.child = Some(command.spawn().expect("nats-server starts"));
    }

    /// Waits until it has found its cluster's leader, and has everything that it should have.
    pub async fn is_ready(&mut self) {
        let (name, log, monitor) = (self.name.clone(), self.log_file(), self.monitor.clone());
        let child = self.child.as_mut().expect("it was started");
        until(&format!("{name} to be ready"), async || {
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                let log = fs::read_to_string(&log).unwrap_or_default();
                panic!("{name} has ended with {status}:\n{log}");
            }
            load::get(&monitor, "/healthz").await.filter(|(status, _)| *status == 200).map(drop)
        })
        .await;
    }

    /// Whether it runs, or is paused.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Kills it at once (SIGKILL).
    pub async fn kill(&mut self) {
        self.end("KILL").await;
    }

    /// Ends it in order (SIGTERM).
    pub async fn stop(&mut self) {
        self.end("TERM").await;
    }

    /// Holds it at this moment (SIGSTOP).
    pub async fn pause(&self) {
        signal(self.process_id(), "STOP").await;
    }

    /// Lets it go on after a pause (SIGCONT).
    pub async fn resume(&self) {
        signal(self.process_id(), "CONT").await;
    }

    /// Has it leave its cluster in order, and send its clients away (lame duck mode). It ends by
    /// itself some 20 s later.
    pub async fn send_clients_away(&self) {
        let mut command = Command::new(&self.program);
        command.args(["--signal", &format!("ldm={}", self.process_id())]);
        let sent = command.stderr(Stdio::null()).status().await.expect("nats-server starts");
        assert!(sent.success(), "{sent}");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        let mut child = self.child.take().expect("it runs");
        within("a NATS server to end", child.wait()).await.expect("it can be waited for");
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    async fn end(&mut self, name: &str) {
        signal(self.process_id(), name).await;
        self.ended().await;
    }

    fn process_id(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap_or_else(|| panic!("{} doesn't run", self.name))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        // It fails only if the server has ended by itself.
        drop(child.start_kill());
        // Its files are removed next, so it must not write any more.
        while matches!(child.try_wait(), Ok(None)) {
            thread::yield_now();
        }
    }
}
