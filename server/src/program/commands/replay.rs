//! The command `replay`: opens a room and plays a recording into it, so that pages follow it as
//! they followed the original.

mod moments;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::{TOKEN, environment};
use crate::client::{self, Backoff, Client, Failure, Trust};
use crate::configuration::ReplayTask;
use moments::{Moments, Step};

/// Lines and bytes of one request, as far as there is more than one line.
const MAX_LINES: usize = 256;
const MAX_BYTES: usize = 32 * 1024;

/// The room's owner has no connection, so the room must hear from it from time to time.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Plays the recording to its end, and closes the room.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(task: &ReplayTask) -> anyhow::Result<()> {
    let file = File::open(&task.file).with_context(|| task.file.display().to_string())?;
    let mut replay = Replay::new(task)?;
    let played = replay.play_all(file).await;
    // Nobody else has the owner key, so the room is closed after an error too.
    let closed = if replay.uuid.is_empty() { Ok(()) } else { replay.close().await };
    played.and(closed)?;
    match replay.refused {
        0 => Ok(()),
        refused => bail!("{refused} actions were refused"),
    }
}

struct Replay<'a> {
    task: &'a ReplayTask,
    client: Client,
    token: Option<String>,
    uuid: String,
    owner_key: String,
    session: String,
    next_id: u64,
    /// What is due and not sent yet.
    lines: Vec<String>,
    bytes: usize,
    refused: u64,
}

impl<'a> Replay<'a> {
    fn new(task: &'a ReplayTask) -> anyhow::Result<Self> {
        let random = getrandom::u64().context("this machine has no random numbers")?;
        Ok(Self {
            task,
            client: Client::new(task.url.clone(), Trust::Authorities),
            token: environment(TOKEN)?,
            uuid: String::new(),
            owner_key: String::new(),
            session: format!("replay-{random:016x}"),
            next_id: 1,
            lines: Vec::new(),
            bytes: 0,
            refused: 0,
        })
    }

    /// Opens the room, and says which it is.
    async fn open(&mut self) -> anyhow::Result<()> {
        let body = json!({"session": self.session, "shareAudience": false}).to_string();
        let mut request =
            Request::post(self.task.url.path("/rooms")).header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        // It isn't repeated: nobody would know of the first room then.
        let reply = match self.send(request.body(Full::from(body))?, StatusCode::CREATED).await {
            Ok(reply) => reply,
            Err(Failure::Final { message, .. } | Failure::Passing { reason: message, .. }) => {
                bail!("{}: no room was opened: {message}", self.task.url)
            }
        };
        let text = |name: &str| reply[name].as_str().unwrap_or_default().to_owned();
        (self.uuid, self.owner_key) = (text("uuid"), text("ownerKey"));
        println!("{}", json!({"uuid": self.uuid}));
        Ok(())
    }

    /// Plays a recording up to its end.
    async fn play_all(&mut self, file: File) -> anyhow::Result<()> {
        let task = self.task;
        let (mut moments, mut started) = (Moments::default(), None::<Instant>);
        for line in BufReader::new(file).split(b'\n') {
            // The last line may be torn, and end within a character.
            let line = line.with_context(|| task.file.display().to_string())?;
            let Some(steps) = moments.read(&String::from_utf8_lossy(&line)) else { break };
            for step in steps {
                let started = match started {
                    Some(started) => started,
                    None => {
                        self.open().await?;
                        *started.insert(Instant::now())
                    }
                };
                self.play(step, started).await?;
            }
        }
        let Some(started) = started else {
            bail!("{}: is no recording, or one without anything to play", task.file.display());
        };
        self.flush().await?;
        let end = self.due(moments.last(), started)?;
        self.wait(end).await
    }

    /// When a moment of the recording has come.
    fn due(&self, at: u64, started: Instant) -> anyhow::Result<Instant> {
        let after = Duration::try_from_secs_f64(Duration::from_millis(at).as_secs_f64() / self.task.speed);
        let due = after.ok().and_then(|after| started.checked_add(after));
        due.context("the recording lasts too long at this speed")
    }

    /// Sends a step once it is due.
    async fn play(&mut self, Step { at, message }: Step, started: Instant) -> anyhow::Result<()> {
        let due = self.due(at, started)?;
        if due > Instant::now() {
            self.flush().await?;
            self.wait(due).await?;
        }
        if self.lines.len() >= MAX_LINES || self.bytes + message.len() > MAX_BYTES {
            self.flush().await?;
        }
        self.bytes += message.len() + 1;
        self.lines.push(message);
        Ok(())
    }

    async fn wait(&mut self, due: Instant) -> anyhow::Result<()> {
        while due > Instant::now() + SIGN_OF_LIFE {
            sleep(SIGN_OF_LIFE).await;
            self.post(String::new()).await?;
        }
        sleep_until(due).await;
        Ok(())
    }

    /// Sends what is due.
    async fn flush(&mut self) -> anyhow::Result<()> {
        let mut lines = std::mem::take(&mut self.lines);
        self.bytes = 0;
        while !lines.is_empty() {
            let answer = self.post(lines.join("\n")).await?;
            let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
            // After many refusals the server reads no further, and says so by a result of no line.
            let of_lines: Vec<_> = results.iter().filter(|result| !result["id"].is_null()).collect();
            if of_lines.is_empty() || of_lines.len() > lines.len() {
                bail!("{}: the answer is none of a server of rooms", self.task.url);
            }
            self.next_id += of_lines.len() as u64;
            lines.drain(..of_lines.len());
            for error in of_lines.into_iter().map(|result| &result["error"]).filter(|error| !error.is_null())
            {
                self.refused += 1;
                eprintln!("refused: {error}");
            }
        }
        Ok(())
    }

    /// Posts lines as the room's owner, until they are answered.
    async fn post(&mut self, lines: String) -> anyhow::Result<Value> {
        let path = self.task.url.path(&format!("/rooms/{}/actions", self.uuid));
        let mut backoff = Backoff::default();
        loop {
            let request = Request::post(&path)
                .header(CONTENT_TYPE, "application/x-ndjson")
                .header("idempotency-key", format!("{}:{}", self.session, self.next_id));
            let request = self.as_owner(request).body(Full::from(lines.clone()))?;
            match self.send(request, StatusCode::OK).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final { message, .. }) => bail!("{}: {message}", self.task.url),
                Err(Failure::Passing { reason, wait }) => {
                    let wait = backoff.next(wait);
                    eprintln!("{}: {reason}: again in {} ms", self.task.url, wait.as_millis());
                    sleep(wait).await;
                }
            }
        }
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        let request = Request::delete(self.task.url.path(&format!("/rooms/{}", self.uuid)));
        let request = self.as_owner(request).body(Full::default())?;
        match self.send(request, StatusCode::NO_CONTENT).await {
            Ok(_) => Ok(()),
            Err(Failure::Final { message, .. } | Failure::Passing { reason: message, .. }) => {
                bail!("{}: the room was not closed: {message}", self.task.url)
            }
        }
    }

    fn as_owner(&self, request: hyper::http::request::Builder) -> hyper::http::request::Builder {
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.owner_key));
        match &self.token {
            Some(token) => request.header("rtbroadcaster-token", token),
            None => request,
        }
    }

    /// Sends a request, and reads the answer if it has this status.
    async fn send(&mut self, request: Request<Full<Bytes>>, expected: StatusCode) -> Result<Value, Failure> {
        let response = self.client.send(request).await.map_err(|error| Failure::lost(&error))?;
        if response.status() != expected {
            return Err(Failure::of(response).await);
        }
        let body = client::text(response).await.map_err(|error| Failure::lost(&error))?;
        Ok(serde_json::from_str(&body).unwrap_or_default())
    }
}
