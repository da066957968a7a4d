//! The command `follow`: prints what is sent in a room, one message a line. It comes back after a
//! lost connection, and prints each action once.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION};
use hyper::{Request, Response};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::environment;
use crate::client::{Backoff, Client, Event, EventReader, Failure, Trust, part_of};
use crate::configuration::FollowTask;

/// A server breaks silence with a comment every `ping-interval-ms`, 25 s by default.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(90);

/// Bytes of a room's retained state that is not complete yet; a server lets a room retain less.
const MAX_SNAPSHOT_BYTES: usize = 256 * 1024 * 1024;

/// The close code of a room that was closed.
const ROOM_CLOSED: u64 = 4500;

/// Close codes from here on mean that a client must not come back.
const FIRST_FINAL_CODE: u64 = 4500;

/// Prints the room's messages until it is closed.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(task: &FollowTask) -> anyhow::Result<()> {
    let mut follower = Follower::new(task)?;
    let mut backoff = Backoff::default();
    loop {
        let failure = match follower.follow(&mut backoff).await {
            Ok(End::Closed | End::Unread) => return Ok(()),
            Err(failure) => failure,
        };
        follower.snapshot = None;
        match failure {
            Failure::Final { message, .. } => bail!("{}: {message}", task.url),
            Failure::Passing { reason, wait } => {
                let wait = backoff.next(wait);
                eprintln!("{}: {reason}: again in {} ms", task.url, wait.as_millis());
                sleep(wait).await;
            }
        }
    }
}

/// Why there is nothing more to print.
enum End {
    /// The room was closed.
    Closed,
    /// Nobody reads what is printed.
    Unread,
}

struct Follower<'a> {
    task: &'a FollowTask,
    client: Client,
    token: Option<String>,
    /// Where to go on from.
    last_id: Option<String>,
    /// Whether the server's reply to the first request was printed. Later ones say nothing new.
    has_entered: bool,
    /// Over how many milliseconds a server that shuts down wants its clients to come back.
    return_window_ms: u64,
    /// The retained state, while it is not complete. A client that is cut off in the middle of it
    /// gets all of it again.
    snapshot: Option<Snapshot>,
}

/// Retained state that is not complete yet.
#[derive(Default)]
struct Snapshot {
    lines: Vec<String>,
    bytes: usize,
}

impl<'a> Follower<'a> {
    fn new(task: &'a FollowTask) -> anyhow::Result<Self> {
        let client = Client::new(task.url.clone(), Trust::Authorities);
        let token = environment(super::TOKEN)?;
        Ok(Self {
            task,
            client,
            token,
            last_id: None,
            has_entered: false,
            return_window_ms: 0,
            snapshot: None,
        })
    }

    /// Follows the room on one connection.
    async fn follow(&mut self, backoff: &mut Backoff) -> Result<End, Failure> {
        let request = self.request().map_err(|error| Failure::lost(&error))?;
        let response = self.client.send(request).await.map_err(|error| Failure::lost(&error))?;
        if response.status() != 200 {
            return Err(Failure::of(response).await);
        }
        // A fresh follower gets the retained state first.
        self.snapshot = self.last_id.is_none().then(Snapshot::default);
        self.read(response, backoff).await
    }

    fn request(&self) -> anyhow::Result<Request<Full<Bytes>>> {
        let path = self.task.url.path(&format!("/rooms/{}/events", self.task.room));
        let mut request = Request::get(path).header(ACCEPT, "text/event-stream");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(id) = &self.last_id {
            request = request.header("last-event-id", id);
        }
        request.body(Full::default()).context("the request")
    }

    async fn read(&mut self, response: Response<Incoming>, backoff: &mut Backoff) -> Result<End, Failure> {
        let (mut body, mut reader) = (response.into_body(), EventReader::default());
        let passing = |reason: String| Failure::Passing { reason, wait: None };
        let mut is_reply = true;
        loop {
            let Ok(frame) = timeout(SILENCE_TIMEOUT, body.frame()).await else {
                return Err(passing("the server says nothing any more".to_owned()));
            };
            let Some(frame) = frame else { return Err(passing("the connection was lost".to_owned())) };
            let frame = frame.map_err(|error| passing(format!("the connection was lost: {error}")))?;
            let Ok(bytes) = frame.into_data() else { continue };
            for event in reader.take(&bytes).map_err(|error| passing(error.to_string()))? {
                backoff.reset();
                if event.kind == "close" {
                    return self.closed(&event);
                }
                let printed = if is_reply { self.reply(&event) } else { self.message(event) };
                is_reply = false;
                if let Err(error) = printed {
                    return if error.kind() == io::ErrorKind::BrokenPipe {
                        Ok(End::Unread)
                    } else {
                        Err(Failure::Final { status: None, message: error.to_string() })
                    };
                }
            }
        }
    }

    fn reply(&mut self, event: &Event) -> io::Result<()> {
        if self.has_entered {
            return Ok(());
        }
        self.has_entered = true;
        print(&[&event.data])
    }

    fn message(&mut self, event: Event) -> io::Result<()> {
        let message: Value = serde_json::from_str(&event.data).unwrap_or_default();
        self.return_window_ms = message["shutdown"].as_u64().unwrap_or(self.return_window_ms);
        if message["resync"] == true {
            self.snapshot = Some(Snapshot::default());
        }
        let Some(mut snapshot) = self.snapshot.take() else {
            print(&[&event.data])?;
            self.last_id = event.id.or(self.last_id.take());
            return Ok(());
        };
        snapshot.bytes += event.data.len();
        snapshot.lines.push(event.data);
        if message["synced"].is_null() {
            if snapshot.bytes > MAX_SNAPSHOT_BYTES {
                return Err(io::Error::other("the room retains more than a server lets it"));
            }
            self.snapshot = Some(snapshot);
            return Ok(());
        }
        print(&snapshot.lines)?;
        self.last_id = event.id.or(self.last_id.take());
        Ok(())
    }

    /// What the end of a stream means.
    fn closed(&mut self, event: &Event) -> Result<End, Failure> {
        let end: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let (code, reason) =
            (end["code"].as_u64().unwrap_or_default(), end["reason"].as_str().unwrap_or_default());
        match code {
            ROOM_CLOSED => Ok(End::Closed),
            code if code >= FIRST_FINAL_CODE => {
                Err(Failure::Final { status: None, message: format!("{code} {reason}") })
            }
            _ => {
                let wait = part_of(std::mem::take(&mut self.return_window_ms));
                Err(Failure::Passing { reason: format!("{code} {reason}"), wait: Some(wait) })
            }
        }
    }
}

/// Prints lines at once, so that whoever reads them gets each as it comes.
fn print(lines: &[impl AsRef<str>]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", line.as_ref())?;
    }
    out.flush()
}
