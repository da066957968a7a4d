//! The program as a node of a cluster.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::process::Command;

use super::ports::free_address;
use crate::{METRICS_PATH, Program, Request, Scrape, load, until};

/// The token for a node's administration and metrics.
const TOKEN: &str = "the-token-of-a-cluster's-tests";

/// What a node is started with.
#[derive(Debug, Clone)]
pub struct NodePlan {
    name: String,
    address: String,
    nats: String,
    arguments: Vec<String>,
    /// The program, if it is built already.
    binary: Option<PathBuf>,
    /// A command that runs another one, such as in another network.
    wrapper: Vec<String>,
    /// A file for its log that is kept.
    log: Option<PathBuf>,
    is_apart: bool,
}

impl NodePlan {
    /// A node of this name, on the NATS servers at these addresses.
    #[must_use]
    pub fn new(name: &str, nats: &str) -> Self {
        Self {
            name: name.to_owned(),
            address: free_address(),
            nats: nats.to_owned(),
            arguments: Vec::new(),
            binary: None,
            wrapper: Vec::new(),
            log: None,
            is_apart: false,
        }
    }

    /// With more arguments.
    #[must_use]
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// With a program that is built already.
    #[must_use]
    pub fn by(self, binary: &Path) -> Self {
        Self { binary: Some(binary.to_owned()), ..self }
    }

    /// At this address.
    #[must_use]
    pub fn at(self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self }
    }

    /// With its log in this file, which is kept.
    #[must_use]
    pub fn logging_to(self, log: &Path) -> Self {
        Self { log: Some(log.to_owned()), ..self }
    }

    /// Without the signals that a terminal sends to all processes of a command.
    #[must_use]
    pub fn apart(self) -> Self {
        Self { is_apart: true, ..self }
    }

    /// Started by another command, which gets the program and its arguments as its last arguments.
    pub(super) fn started_by(self, wrapper: &[&str]) -> Self {
        Self { wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }

    fn command(&self) -> Command {
        let mut program = self.binary.as_deref().map_or_else(Program::command, Program::command_of);
        if let [wrapper, arguments @ ..] = &self.wrapper[..] {
            let inner = program.as_std().get_program().to_owned();
            let mut outer = Program::command_of(Path::new(wrapper));
            outer.args(arguments).arg(inner);
            program = outer;
        }
        program.args(["--listen", &self.address, "--nats", &self.nats, "--node-name", &self.name]);
        // All clients share one address, which another owner may use anew in a moment.
        program.args(["--unknown-rooms-per-minute", "1000000"]);
        if self.is_apart {
            program.process_group(0);
        }
        program.args(&self.arguments).env("RTBROADCASTER_ADMIN_TOKEN", TOKEN);
        program
    }
}

/// A node; killed when dropped.
#[derive(Debug)]
pub struct Node {
    /// Where clients reach it: `host:port`. It keeps this address when it is started again.
    pub address: String,
    plan: NodePlan,
    log: PathBuf,
    program: Option<Program>,
}

impl Node {
    /// Starts a node and waits until it is ready.
    pub async fn start(plan: NodePlan) -> Self {
        static LOGS: AtomicU64 = AtomicU64::new(0);
        let number = LOGS.fetch_add(1, Ordering::Relaxed);
        let log = plan.log.clone().unwrap_or_else(|| {
            env::temp_dir().join(format!("rtbroadcaster-node-{}-{number}.log", process::id()))
        });
        let mut node = Self { address: plan.address.clone(), plan, log, program: None };
        node.restart().await;
        node
    }

    /// Starts it again and waits until it is ready.
    ///
    /// # Panics
    /// If it runs.
    pub async fn restart(&mut self) {
        assert!(self.program.is_none(), "{} runs", self.plan.name);
        self.program = Some(Program::logging(self.plan.command(), &self.log).await);
        self.is_ready(true).await;
    }

    /// Kills it at once (SIGKILL).
    pub async fn kill(&mut self) {
        let mut program = self.program.take().expect("it runs");
        program.signal("KILL").await;
        assert_eq!(program.exit_code().await, None, "it was killed");
    }

    /// Ends it in order (SIGTERM): it sends its clients away first.
    pub async fn stop(&mut self) {
        let mut program = self.program.take().expect("it runs");
        program.signal("TERM").await;
        assert_eq!(program.exit_code().await, Some(0), "{}", self.log());
    }

    /// Ends it in order, unless somebody else has ended it already.
    pub async fn end_if_it_runs(&mut self) {
        let Some(mut program) = self.program.take() else { return };
        if program.is_running() {
            program.signal("TERM").await;
            program.exit_code().await;
        }
    }

    /// Holds it at this moment (SIGSTOP).
    pub async fn pause(&self) {
        self.program().signal("STOP").await;
    }

    /// Lets it go on after a pause (SIGCONT).
    pub async fn resume(&self) {
        self.program().signal("CONT").await;
    }

    /// The id of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.program().process_id()
    }

    /// Waits until it says that it is ready for clients, or that it is not.
    pub async fn is_ready(&self, expected: bool) {
        let name = &self.plan.name;
        until(&format!("{name} to be ready: {expected}"), async || {
            let (status, _) = load::get(&self.address, "/readyz").await?;
            (status == if expected { 200 } else { 503 }).then_some(())
        })
        .await;
    }

    /// Its metrics.
    pub async fn metrics(&self) -> Scrape {
        Scrape::parse(&self.administration(METRICS_PATH).await)
    }

    /// What its administration says at a path below `/admin/`, as JSON.
    pub async fn admin(&self, path: &str) -> Value {
        let body = self.administration(&format!("/admin/{path}")).await;
        serde_json::from_str(&body).unwrap_or_else(|_| panic!("JSON: {body}"))
    }

    /// Has its administration end what is at a path below `/admin/`.
    pub async fn admin_delete(&self, path: &str) {
        let request = Request::new("DELETE", &format!("/admin/{path}")).bearing(TOKEN);
        let response = request.send(&self.address).await;
        assert_eq!(response.status, 204, "{}", response.body);
    }

    /// What it has logged since it was started last.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has logged a line with this text.
    pub async fn logs(&self, text: &str) {
        until(&format!("{text:?} in the log of {}", self.plan.name), async || {
            self.log().contains(text).then_some(())
        })
        .await;
    }

    async fn administration(&self, path: &str) -> String {
        let response = Request::get(path).bearing(TOKEN).send(&self.address).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.body
    }

    fn program(&self) -> &Program {
        self.program.as_ref().unwrap_or_else(|| panic!("{} doesn't run", self.plan.name))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of {}:\n{}", self.plan.name, self.log());
        }
        if self.plan.log.is_none() {
            drop(fs::remove_file(&self.log));
        }
    }
}
