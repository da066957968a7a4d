//! One NATS server or several that are one cluster.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::jetstream;
use super::nats_server::NatsServer;
use crate::until;

/// What NATS servers are started with.
#[derive(Debug, Clone)]
pub struct NatsPlan {
    servers: usize,
    host: String,
    configuration: String,
    is_apart: bool,
}

impl NatsPlan {
    /// This many servers.
    #[must_use]
    pub fn new(servers: usize) -> Self {
        Self { servers, host: "127.0.0.1".to_owned(), configuration: String::new(), is_apart: false }
    }

    /// At another address of this machine.
    #[must_use]
    pub fn at(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    /// With this text added to each server's configuration.
    #[must_use]
    pub fn configured(self, configuration: &str) -> Self {
        Self { configuration: configuration.to_owned(), ..self }
    }

    /// Without the signals that a terminal sends to all processes of a command.
    #[must_use]
    pub fn apart(self) -> Self {
        Self { is_apart: true, ..self }
    }
}

/// NATS servers with JetStream. When dropped, they are killed and their files removed.
#[derive(Debug)]
pub struct NatsCluster {
    /// The servers: `n0`, `n1`, `n2`.
    pub servers: Vec<NatsServer>,
    folder: PathBuf,
}

impl NatsCluster {
    /// Starts this many servers and waits until they are ready. None if there is no program
    /// `nats-server`.
    pub async fn start(servers: usize) -> Option<Self> {
        Self::start_as(NatsPlan::new(servers)).await
    }

    /// Starts servers as planned and waits until they are ready. None if there is no program
    /// `nats-server`.
    pub async fn start_as(plan: NatsPlan) -> Option<Self> {
        static CLUSTERS: AtomicU64 = AtomicU64::new(0);
        let program = super::nats_server().await?;
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("rtbroadcaster-nats-{}-{number}", process::id()));
        // It is there if a former process with this id was cut off.
        drop(fs::remove_dir_all(&folder));
        let servers: Vec<_> = (0..plan.servers)
            .map(|number| {
                NatsServer::new(&program, &folder, &format!("n{number}"), &plan.host, plan.is_apart)
            })
            .collect();
        let routes: Vec<_> = servers.iter().map(|server| server.routes().to_owned()).collect();
        servers.iter().for_each(|server| server.configure(&routes, &plan.configuration));
        let mut cluster = Self { servers, folder };
        cluster.restart_all().await;
        Some(cluster)
    }

    /// The addresses of all servers, as the program takes them.
    #[must_use]
    pub fn urls(&self) -> String {
        let urls: Vec<_> = self.servers.iter().map(|server| format!("nats://{}", server.address)).collect();
        urls.join(",")
    }

    /// Waits until the servers that run are ready, all at once.
    pub async fn is_ready(&mut self) {
        let running = self.servers.iter_mut().filter(|server| server.is_running());
        join_all(running.map(NatsServer::is_ready)).await;
    }

    /// Kills all servers at once.
    pub async fn kill_all(&mut self) {
        join_all(self.servers.iter_mut().map(NatsServer::kill)).await;
    }

    /// Starts all servers, or starts them again, and waits until they are ready.
    pub async fn restart_all(&mut self) {
        self.servers.iter_mut().for_each(NatsServer::start);
        self.is_ready().await;
    }

    /// The number of the server that leads a stream, once there is one.
    pub async fn leader_of(&self, stream: &str) -> usize {
        until(&format!("a leader of {stream}"), async || {
            let info = self.ask(&format!("$JS.API.STREAM.INFO.{stream}"), &Value::Null).await?;
            let leader = info["cluster"]["leader"].as_str()?;
            self.servers.iter().position(|server| server.name == leader && server.is_running())
        })
        .await
    }

    /// What JetStream says of a stream: its configuration and state. None if there is none.
    pub async fn stream(&self, stream: &str) -> Option<Value> {
        let info = self.answer(&format!("$JS.API.STREAM.INFO.{stream}"), &Value::Null).await;
        info["error"].is_null().then_some(info)
    }

    /// The names of all streams.
    pub async fn streams(&self) -> Vec<String> {
        let names = self.answer("$JS.API.STREAM.NAMES", &Value::Null).await;
        let names = names["streams"].as_array().cloned().unwrap_or_default();
        names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// The stream that holds a room, and the room's subject there.
    pub async fn stream_of(&self, uuid: &str) -> (String, String) {
        for stream in self.streams().await {
            let subjects = json!({"subjects_filter": ">"});
            let info = self.answer(&format!("$JS.API.STREAM.INFO.{stream}"), &subjects).await;
            let subjects = info["state"]["subjects"].as_object().cloned().unwrap_or_default();
            if let Some(subject) = subjects.keys().find(|subject| subject.ends_with(uuid)) {
                return (stream, subject.clone());
            }
        }
        panic!("no stream holds {uuid}");
    }

    /// The messages of a subject, oldest first: the sequence in the stream, and the body.
    pub async fn messages(&self, stream: &str, subject: &str) -> Vec<(u64, Vec<u8>)> {
        let (mut messages, mut next) = (Vec::new(), 1);
        loop {
            let request = json!({"next_by_subj": subject, "seq": next});
            let answer = self.answer(&format!("$JS.API.STREAM.MSG.GET.{stream}"), &request).await;
            let Some(sequence) = answer["message"]["seq"].as_u64() else { return messages };
            let body = STANDARD.decode(answer["message"]["data"].as_str().unwrap_or_default());
            messages.push((sequence, body.expect("bodies are told in base64")));
            next = sequence + 1;
        }
    }

    /// Creates a stream with this configuration.
    pub async fn create(&self, configuration: &Value) {
        let name = configuration["name"].as_str().expect("a stream has a name");
        self.succeed(&format!("$JS.API.STREAM.CREATE.{name}"), configuration).await;
    }

    /// Changes fields of a stream's configuration.
    pub async fn change(&self, stream: &str, fields: &Value) {
        let mut configuration = self.stream(stream).await.expect("there is one")["config"].clone();
        for (name, value) in fields.as_object().expect("fields") {
            configuration[name] = value.clone();
        }
        self.succeed(&format!("$JS.API.STREAM.UPDATE.{stream}"), &configuration).await;
    }

    /// Removes all messages of a stream.
    pub async fn purge(&self, stream: &str) {
        self.succeed(&format!("$JS.API.STREAM.PURGE.{stream}"), &Value::Null).await;
    }

    /// Removes a stream.
    pub async fn delete(&self, stream: &str) {
        self.succeed(&format!("$JS.API.STREAM.DELETE.{stream}"), &Value::Null).await;
    }

    /// Has a stream's leader make way for another.
    pub async fn step_down(&self, stream: &str) {
        self.succeed(&format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}"), &Value::Null).await;
    }

    /// Publishes a message to a stream, as a foreign program would, with these headers.
    pub async fn publish(&self, subject: &str, headers: &[(&str, &str)], body: &[u8]) -> Value {
        until(&format!("an answer to a message for {subject}"), async || {
            let server = self.servers.iter().find(|server| server.is_running())?;
            jetstream::request(&server.address, subject, headers, body).await
        })
        .await
    }

    /// Asks JetStream until it answers, and fails on an error.
    async fn succeed(&self, subject: &str, body: &Value) {
        let answer = self.answer(subject, body).await;
        assert!(answer["error"].is_null(), "{subject}: {answer}");
    }

    async fn answer(&self, subject: &str, body: &Value) -> Value {
        until(&format!("an answer to {subject}"), async || self.ask(subject, body).await).await
    }

    /// Asks each running server in turn until one answers.
    async fn ask(&self, subject: &str, body: &Value) -> Option<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        for server in self.servers.iter().filter(|server| server.is_running()) {
            if let Some(answer) = jetstream::request(&server.address, subject, &[], body.as_bytes()).await {
                return Some(answer);
            }
        }
        None
    }
}

impl Drop for NatsCluster {
    fn drop(&mut self) {
        // This waits until they have ended.
        self.servers.clear();
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// The configuration of a stream with these subjects.
#[must_use]
pub fn stream(name: &str, subjects: &[&str]) -> Value {
    json!({"name": name, "subjects": subjects, "storage": "file", "retention": "limits"})
}
