//! The logs of rooms, as JetStream keeps them: writing the next entry, reading, deleting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::stream::Config;
use async_nats::{Client, HeaderMap, Message, Request, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use rtbroadcaster_protocol::RoomId;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::settings::ClusterSettings;
use super::streams;
use super::subjects::Subjects;

/// How long one request may take. JetStream answers within milliseconds, or has no leader.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Entries that are asked for at once.
const BATCH: usize = 256;

/// Bytes of entries that are asked for at once, and one entry at least. NATS cuts off a node that
/// more waits for than the server's `max_pending` (64 MiB), so all that is asked for must be less.
const BATCH_BYTES: usize = 1_024 * 1_024;

/// Questions for several messages that may be open at a time.
const MAX_QUESTIONS: usize = 16;

/// Rooms of which the last entries are asked for at once. JetStream answers for at most 1,024.
const MAX_ROOMS: usize = 1_000;

/// Bytes of a message beside its entry: its headers.
const OTHER_BYTES: usize = 1_024;

/// The most bytes of an entry. A larger one would keep others waiting.
const MAX_ENTRY_BYTES: usize = 512 * 1_024;

/// Error codes with which JetStream refuses an entry because another one is the last. Of the second
/// kind is one whose rival is not stored yet.
const NOT_LAST: [u64; 2] = [10_071, 10_164];

/// Error code with which JetStream refuses what has no place.
const NO_PLACE: u64 = 10_077;

/// Error code with which JetStream says that there is no such stream.
const NO_STREAM: u64 = 10_059;

/// Error code with which JetStream says that there is no such message.
pub(super) const NO_MESSAGE: u64 = 10_037;

/// One entry of a room's log, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredEntry {
    /// Its place among all entries of the stream.
    pub(crate) position: u64,
    pub(crate) bytes: Bytes,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is stored, at this position.
    At(u64),
    /// The last entry is another one than was said. That may be this one, written before.
    NotLast,
    /// The stream is full.
    NoPlace(String),
    /// There was no answer. It may be stored or not.
    Unanswered(String),
}

/// A room can't be had from its log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    /// The log can't be read now.
    #[error("the log of a room can't be read now: {0}")]
    ForNow(String),
    /// What the log holds makes no room, however often it is read.
    #[error("no room can be made of its log: {0}")]
    Damaged(String),
}

/// What became of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamState {
    /// Its leader answers.
    Answers,
    /// Somebody has deleted it.
    Missing,
    /// Nothing was heard of it.
    Silent,
}

impl Unread {
    #[expect(clippy::needless_pass_by_value, reason = "a function for map_err, which hands the error over")]
    pub(crate) fn for_now(reason: impl ToString) -> Self {
        Self::ForNow(reason.to_string())
    }

    pub(crate) fn damaged(reason: &impl ToString) -> Self {
        Self::Damaged(reason.to_string())
    }
}

/// The logs of all rooms of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct RoomLogs {
    client: Client,
    subjects: Subjects,
    /// The streams, as they should be.
    wanted: Arc<[Config]>,
    /// One permit for each of [`MAX_QUESTIONS`].
    questions: Arc<Semaphore>,
}

/// The answer to an entry, and to other requests that change something.
#[derive(Debug, Deserialize)]
struct Acknowledgement {
    seq: Option<u64>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    #[serde(default)]
    pub(super) err_code: u64,
    #[serde(default)]
    pub(super) description: String,
}

/// The answer to the question for the last message of a subject.
#[derive(Debug, Deserialize)]
struct LastMessage {
    message: Option<MessageNumber>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct MessageNumber {
    seq: u64,
}

impl RoomLogs {
    pub(crate) fn new(client: Client, settings: &ClusterSettings, owner_grace_ms: u64) -> Self {
        let wanted = streams::wanted(settings, owner_grace_ms).into();
        let questions = Arc::new(Semaphore::new(MAX_QUESTIONS));
        Self { client, subjects: Subjects::new(&settings.name), wanted, questions }
    }

    pub(crate) fn subjects(&self) -> &Subjects {
        &self.subjects
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The most bytes of records in an entry.
    pub(crate) fn max_entry_bytes(&self) -> usize {
        MAX_ENTRY_BYTES.min(self.client.max_payload().saturating_sub(OTHER_BYTES))
    }

    /// Writes an entry behind the one at the position `previous`.
    pub(crate) async fn write(&self, room: RoomId, previous: u64, entry: Bytes) -> Written {
        self.write_to(self.subjects.log(room), previous, entry).await
    }

    /// Writes a message of a subject behind the one at the position `previous`.
    pub(super) async fn write_to(&self, subject: String, previous: u64, message: Bytes) -> Written {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, previous.to_string());
        let request = Request::new().headers(headers).payload(message);
        let answer = match self.send(subject, request).await {
            Ok(answer) => answer,
            Err(Unread::ForNow(reason) | Unread::Damaged(reason)) => return Written::Unanswered(reason),
        };
        match serde_json::from_slice(&answer.payload) {
            Ok(Acknowledgement { error: Some(error), .. }) if NOT_LAST.contains(&error.err_code) => {
                Written::NotLast
            }
            Ok(Acknowledgement { error: Some(error), .. }) if error.err_code == NO_PLACE => {
                Written::NoPlace(error.description)
            }
            Ok(Acknowledgement { error: Some(error), .. }) => Written::Unanswered(error.description),
            Ok(Acknowledgement { seq: Some(position), .. }) => Written::At(position),
            Ok(_) => Written::Unanswered("an answer without a sequence".to_owned()),
            Err(error) => Written::Unanswered(error.to_string()),
        }
    }

    /// The position of the last entry of a room, as the leader of its stream knows it. None if
    /// there is none.
    ///
    /// # Errors
    /// If the leader doesn't answer.
    pub(crate) async fn last(&self, room: RoomId) -> Result<Option<u64>, Unread> {
        self.last_of(&self.subjects.stream(room), &self.subjects.log(room)).await
    }

    /// What became of the stream of this number.
    pub(crate) async fn state(&self, stream: usize) -> StreamState {
        let (name, subject) = (self.subjects.stream_name(stream), self.subjects.nothing(stream));
        match self.ask_for_last(&name, &subject).await.map(|answer| answer.error) {
            Ok(Some(error)) if error.err_code == NO_STREAM => StreamState::Missing,
            Ok(Some(error)) if error.err_code != NO_MESSAGE => StreamState::Silent,
            Ok(_) => StreamState::Answers,
            Err(_) => StreamState::Silent,
        }
    }

    /// Creates a stream that somebody has deleted. Other nodes may do the same.
    ///
    /// # Errors
    /// If it can't be created.
    pub(crate) async fn create(&self, stream: usize) -> Result<(), Unread> {
        let wanted = self.wanted.get(stream).ok_or_else(|| Unread::for_now("there is no such stream"))?;
        let wanted = serde_json::to_string(wanted).map_err(Unread::for_now)?;
        let subject = format!("$JS.API.STREAM.CREATE.{}", self.subjects.stream_name(stream));
        let answer = self.ask(subject, wanted).await?;
        let answer: Acknowledgement = serde_json::from_slice(&answer.payload).map_err(Unread::for_now)?;
        answer.error.map_or(Ok(()), |error| Err(Unread::ForNow(error.description)))
    }

    async fn ask_for_last(&self, stream: &str, subject: &str) -> Result<LastMessage, Unread> {
        let question = json!({"last_by_subj": subject}).to_string();
        let answer = self.ask(format!("$JS.API.STREAM.MSG.GET.{stream}"), question).await?;
        serde_json::from_slice(&answer.payload).map_err(Unread::for_now)
    }

    async fn last_of(&self, stream: &str, subject: &str) -> Result<Option<u64>, Unread> {
        let answer = self.ask_for_last(stream, subject).await?;
        match (answer.message, answer.error) {
            (Some(message), _) => Ok(Some(message.seq)),
            (None, Some(error)) if error.err_code == NO_MESSAGE => Ok(None),
            (None, Some(error)) => Err(Unread::ForNow(error.description)),
            (None, None) => Err(Unread::for_now("an answer without a message")),
        }
    }

    /// The entries of a room from this position on, in order, as one of the servers knows them: the
    /// newest may be missing.
    ///
    /// # Errors
    /// If no server answers.
    pub(crate) async fn read(&self, room: RoomId, from: u64) -> Result<Vec<StoredEntry>, Unread> {
        let (stream, subject) = (self.subjects.stream(room), self.subjects.log(room));
        let mut entries: Vec<StoredEntry> = Vec::new();
        loop {
            let from = entries.last().map_or(from, |last| last.position + 1).max(1);
            let question =
                json!({"seq": from, "next_by_subj": subject, "batch": BATCH, "max_bytes": BATCH_BYTES});
            let take = |message| {
                entries.push(stored(message)?);
                Some(())
            };
            let rest = self.ask_for_several(&stream, question.to_string(), take).await?;
            if rest == 0 {
                return Ok(entries);
            }
        }
    }

    /// The positions of the last entries of those of these rooms that have one, as one of the
    /// servers knows them.
    ///
    /// # Errors
    /// If no server answers.
    pub(crate) async fn last_of_each(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, u64)>, Unread> {
        let mut last = Vec::new();
        for (number, stream) in self.subjects.streams().enumerate() {
            let of_stream = |room: &RoomId| Subjects::stream_number(*room) == number;
            let of_stream: Vec<_> = rooms.iter().copied().filter(of_stream).collect();
            for rooms in of_stream.chunks(MAX_ROOMS) {
                let by_subject: HashMap<_, _> =
                    rooms.iter().map(|room| (self.subjects.log(*room), *room)).collect();
                let question = json!({"multi_last": by_subject.keys().collect::<Vec<_>>()}).to_string();
                let take = |message: Message| {
                    let room = by_subject.get(text(&message, "Nats-Subject")?)?;
                    last.push((*room, stored(message)?.position));
                    Some(())
                };
                self.ask_for_several(&stream, question, take).await?;
            }
        }
        Ok(last)
    }

    /// Deletes the entries of a room before this position. It does no harm if that is not done.
    pub(crate) async fn delete_before(&self, room: RoomId, position: u64) -> Result<(), Unread> {
        self.delete(room, json!({"filter": self.subjects.log(room), "seq": position})).await
    }

    /// Deletes all entries of a room but the last.
    pub(crate) async fn delete_all_but_last(&self, room: RoomId) -> Result<(), Unread> {
        self.delete(room, json!({"filter": self.subjects.log(room), "keep": 1})).await
    }

    async fn delete(&self, room: RoomId, what: serde_json::Value) -> Result<(), Unread> {
        let subject = format!("$JS.API.STREAM.PURGE.{}", self.subjects.stream(room));
        let answer = self.ask(subject, what.to_string()).await?;
        let answer: Acknowledgement = serde_json::from_slice(&answer.payload).map_err(Unread::for_now)?;
        answer.error.map_or(Ok(()), |error| Err(Unread::ForNow(error.description)))
    }

    pub(super) async fn ask(&self, subject: String, question: String) -> Result<Message, Unread> {
        self.send(subject, Request::new().payload(question.into())).await
    }

    /// Sends a request, and waits for the answer. Without a connection it isn't sent: it would wait
    /// for one, and be of no use then.
    async fn send(&self, subject: String, request: Request) -> Result<Message, Unread> {
        self.check_connected()?;
        let request = request.timeout(Some(REQUEST_TIMEOUT));
        // The client's own timeout doesn't count how long the request waits to be sent.
        let sent = timeout(REQUEST_TIMEOUT * 2, self.client.send_request(subject, request)).await;
        sent.map_err(Unread::for_now)?.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => {
                Unread::for_now("no server has the stream, or it has no leader")
            }
            _ => Unread::for_now(error),
        })
    }

    fn check_connected(&self) -> Result<(), Unread> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            State::Pending | State::Disconnected => Err(Unread::for_now("there is no connection to NATS")),
        }
    }

    /// Publishes a message that is of use only now. Without a connection, it is dropped.
    pub(crate) async fn tell(&self, subject: String, message: Vec<u8>) {
        if self.check_connected().is_ok() {
            // If it is lost, it is said again.
            let _ = timeout(REQUEST_TIMEOUT, self.client.publish(subject, message.into())).await;
        }
    }

    /// Asks for several messages at once, until `take` returns none for one that it can't be.
    /// Returns how many more there are.
    async fn ask_for_several(
        &self,
        stream: &str,
        question: String,
        mut take: impl FnMut(Message) -> Option<()>,
    ) -> Result<u64, Unread> {
        let _permit = self.questions.acquire().await.map_err(Unread::for_now)?;
        self.check_connected()?;
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(Unread::for_now)?;
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        self.client.publish_with_reply(subject, inbox, question.into()).await.map_err(Unread::for_now)?;
        loop {
            let next = timeout(REQUEST_TIMEOUT, answers.next()).await;
            let answer =
                next.map_err(Unread::for_now)?.ok_or_else(|| Unread::for_now("the connection has ended"))?;
            match answer.status.map(|status| status.as_u16()) {
                None => {
                    take(answer).ok_or_else(|| Unread::for_now("a message without its headers"))?;
                }
                // The end of the batch, and: there is no such message.
                Some(204) => return Ok(number(&answer, "Nats-Num-Pending").unwrap_or(0)),
                Some(404) => return Ok(0),
                Some(status) => {
                    let reason = answer.description.unwrap_or_default();
                    return Err(Unread::ForNow(format!("status {status} {reason}")));
                }
            }
        }
    }
}

/// The entry in a message that JetStream has stored.
pub(crate) fn stored(message: Message) -> Option<StoredEntry> {
    let position = number(&message, "Nats-Sequence")?;
    Some(StoredEntry { position, bytes: message.payload })
}

fn number(message: &Message, header: &str) -> Option<u64> {
    text(message, header)?.parse().ok()
}

fn text<'a>(message: &'a Message, header: &str) -> Option<&'a str> {
    Some(message.headers.as_ref()?.get(header)?.as_str())
}
