//! The command `publish`: appends each line of standard input to a room, as an action. A request
//! that got no answer is sent again under the same ids, so that each line is appended once.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, Write as _};
use std::thread;

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::{OWNER_KEY, TOKEN, environment};
use crate::client::{self, Backoff, Client, Failure, Trust};
use crate::configuration::PublishTask;

/// Lines that are read ahead. Whoever writes faster than the room takes them waits.
const MAX_LINES_AHEAD: usize = 1_024;

/// Lines of one request.
const MAX_LINES: usize = 256;

/// Bytes of one request with several lines: half of what a server takes by default.
const MAX_BYTES: usize = 32 * 1024;

/// A server reads no more of a request after this many refusals, and says so by one more result.
const MAX_REFUSALS: usize = 16;

/// Publishes until standard input ends.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(task: &PublishTask) -> anyhow::Result<()> {
    let mut publisher = Publisher::new(task)?;
    let (sender, mut lines) = mpsc::channel(MAX_LINES_AHEAD);
    let reader = thread::spawn(move || read(&sender));
    while let Some(batch) = next_batch(&mut lines).await {
        publisher.publish(batch).await?;
    }
    reader
        .join()
        .map_err(|_| anyhow::anyhow!("a bug: standard input can't be read"))?
        .context("standard input")?;
    match publisher.refused {
        0 => Ok(()),
        1 => bail!("a line was refused"),
        refused => bail!("{refused} lines were refused"),
    }
}

/// A line of standard input, with its number from 1.
struct Line {
    number: u64,
    text: String,
}

/// Reads standard input, but for empty lines.
fn read(lines: &mpsc::Sender<Line>) -> io::Result<()> {
    for (number, text) in (1..).zip(io::stdin().lock().lines()) {
        let text = text?;
        if !text.trim().is_empty() && lines.blocking_send(Line { number, text }).is_err() {
            break;
        }
    }
    Ok(())
}

/// The next line, and those that are there already, as far as they fit into a request. None at the
/// end.
async fn next_batch(lines: &mut mpsc::Receiver<Line>) -> Option<VecDeque<Line>> {
    let mut batch = VecDeque::from([lines.recv().await?]);
    let mut bytes = batch[0].text.len();
    // The line that comes too many is in the next batch, unless it is one alone: a line isn't put
    // back, so there is room for one of any size.
    while batch.len() < MAX_LINES && bytes < MAX_BYTES {
        let Ok(line) = lines.try_recv() else { break };
        bytes += line.text.len() + 1;
        batch.push_back(line);
    }
    Some(batch)
}

struct Publisher<'a> {
    task: &'a PublishTask,
    client: Client,
    owner_key: String,
    token: Option<String>,
    session: String,
    next_id: u64,
    backoff: Backoff,
    refused: u64,
}

impl<'a> Publisher<'a> {
    fn new(task: &'a PublishTask) -> anyhow::Result<Self> {
        let owner_key = environment(OWNER_KEY)?.with_context(|| {
            format!("set {OWNER_KEY} to the room's owner key, which stood in the answer to its opening")
        })?;
        let random = getrandom::u64().context("this machine has no random numbers")?;
        Ok(Self {
            task,
            client: Client::new(task.url.clone(), Trust::Authorities),
            owner_key,
            token: environment(TOKEN)?,
            session: task.session.clone().unwrap_or_else(|| format!("publish-{random:016x}")),
            next_id: task.first_id,
            backoff: Backoff::default(),
            refused: 0,
        })
    }

    /// Publishes these lines, in as many requests as the server wants.
    async fn publish(&mut self, mut lines: VecDeque<Line>) -> anyhow::Result<()> {
        let mut most = lines.len();
        while !lines.is_empty() {
            let count = most.min(lines.len());
            match self.post(&lines, count).await {
                Ok(results) => self.answered(&mut lines, &results)?,
                Err(Failure::Final { status: Some(StatusCode::PAYLOAD_TOO_LARGE), message }) => {
                    if count > 1 {
                        most = count / 2;
                    } else if let Some(line) = lines.pop_front() {
                        self.print(
                            &line,
                            &json!({"error": {"code": "message_too_large", "message": message}}),
                        )?;
                    }
                }
                Err(Failure::Final { message, .. }) => bail!("{}: {message}", self.task.url),
                Err(Failure::Passing { reason, wait }) => {
                    let wait = self.backoff.next(wait);
                    eprintln!("{}: {reason}: again in {} ms", self.task.url, wait.as_millis());
                    sleep(wait).await;
                }
            }
        }
        Ok(())
    }

    /// Sends the first of these lines, and returns what became of them.
    async fn post(&mut self, lines: &VecDeque<Line>, count: usize) -> Result<Vec<Value>, Failure> {
        let request = self.request(lines, count).map_err(|error| Failure::lost(&error))?;
        let response = self.client.send(request).await.map_err(|error| Failure::lost(&error))?;
        if response.status() != StatusCode::OK {
            return Err(Failure::of(response).await);
        }
        let body = client::text(response).await.map_err(|error| Failure::lost(&error))?;
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        let results = answer["results"].as_array().filter(|results| !results.is_empty()).cloned();
        results.ok_or_else(|| Failure::Final {
            status: None,
            message: "the answer is none of a server of rooms".to_owned(),
        })
    }

    fn request(&self, lines: &VecDeque<Line>, count: usize) -> anyhow::Result<Request<Full<Bytes>>> {
        let texts: Vec<_> = lines.iter().take(count).map(|line| line.text.as_str()).collect();
        let path = self.task.url.path(&format!("/rooms/{}/actions", self.task.room));
        let mut request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-ndjson")
            .header(AUTHORIZATION, format!("Bearer {}", self.owner_key))
            .header("idempotency-key", format!("{}:{}", self.session, self.next_id));
        if let Some(token) = &self.token {
            request = request.header("rtbroadcaster-token", token);
        }
        request.body(Full::from(texts.join("\n"))).context("the request")
    }

    /// Prints what became of lines, and takes them away.
    fn answered(&mut self, lines: &mut VecDeque<Line>, results: &[Value]) -> anyhow::Result<()> {
        self.backoff.reset();
        let refusals = results.iter().filter(|result| !result["error"].is_null()).count();
        // The last refusal then says that the rest was not read.
        let is_cut = refusals > MAX_REFUSALS && results.last().is_some_and(|result| result["id"].is_null());
        for result in &results[..results.len() - usize::from(is_cut)] {
            let Some(line) = lines.pop_front() else { break };
            if let Some(id) = result["id"].as_u64() {
                self.next_id = self.next_id.max(id + 1);
            }
            self.print(&line, result)?;
        }
        Ok(())
    }

    fn print(&mut self, line: &Line, result: &Value) -> anyhow::Result<()> {
        self.refused += u64::from(!result["error"].is_null());
        let mut result = result.clone();
        result["line"] = line.number.into();
        let mut out = io::stdout().lock();
        match writeln!(out, "{result}").and_then(|()| out.flush()) {
            // Nobody wants to know, but the lines are to be published all the same.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            printed => printed.context("standard output"),
        }
    }
}
