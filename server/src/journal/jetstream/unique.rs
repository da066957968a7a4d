//! What no two nodes of a cluster give out: the short codes of rooms, and the numbers of nodes.
//! Each is a subject of one stream, whose first message only one node can write.

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::RawMessage;
use rtbroadcaster_protocol::{RoomCode, RoomId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::room_logs::{ApiError, NO_MESSAGE, RoomLogs, Unread, Written};

/// The room of a code, as the stream keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptCode {
    /// The id of the room.
    room: String,
    /// When that was written, in milliseconds since 1970.
    written_ms: u64,
}

/// The room that a code stands for, or stood for until lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodedRoom {
    pub(crate) room: RoomId,
    /// When that was written, in milliseconds since 1970.
    pub(crate) written_ms: u64,
    /// Its place in the stream.
    pub(crate) position: u64,
}

/// The answer to the question for the last message of a subject.
#[derive(Debug, Deserialize)]
struct LastMessage {
    message: Option<RawMessage>,
    error: Option<ApiError>,
}

/// The stream, by which it is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UniqueStream {
    created: String,
    last: u64,
}

impl UniqueStream {
    /// Whether what an earlier one had may be missing in this.
    pub(crate) fn lacks_what(&self, earlier: &Self) -> bool {
        self.created != earlier.created || self.last < earlier.last
    }
}

/// The answer to the question for a stream.
#[derive(Debug, Deserialize)]
struct StreamShown {
    created: String,
    state: StateShown,
}

#[derive(Debug, Deserialize)]
struct StateShown {
    last_seq: u64,
}

impl RoomLogs {
    /// The stream, as its leader knows it.
    ///
    /// # Errors
    /// If there is none, or its leader doesn't answer.
    pub(crate) async fn unique_stream(&self) -> Result<UniqueStream, Unread> {
        let subject = format!("$JS.API.STREAM.INFO.{}", self.subjects().unique_stream());
        let answer = self.ask(subject, String::new()).await?;
        let shown: StreamShown = serde_json::from_slice(&answer.payload).map_err(Unread::for_now)?;
        Ok(UniqueStream { created: shown.created, last: shown.state.last_seq })
    }

    /// Writes that a code stands for a room. `previous` is the place of what was written of it
    /// before; 0 if it must be nothing.
    pub(crate) async fn write_code(
        &self,
        code: RoomCode,
        room: RoomId,
        previous: u64,
        now_ms: u64,
    ) -> Written {
        let kept = KeptCode { room: room.to_string(), written_ms: now_ms };
        self.write_unique(self.subjects().code(code), previous, &kept).await
    }

    /// The room of a code, as the stream's leader knows it.
    ///
    /// # Errors
    /// If the leader doesn't answer.
    pub(crate) async fn room_of_code(&self, code: RoomCode) -> Result<Option<CodedRoom>, Unread> {
        let kept = self.last_unique::<KeptCode>(&self.subjects().code(code)).await?;
        let Some((KeptCode { room, written_ms }, position)) = kept else { return Ok(None) };
        let room = RoomId::parse(&room).ok_or_else(|| Unread::for_now("a code without a room"))?;
        Ok(Some(CodedRoom { room, written_ms, position }))
    }

    /// The number that a node has taken last, and its place in the stream. None if there is none.
    ///
    /// # Errors
    /// If the leader doesn't answer.
    pub(crate) async fn last_node_number(&self) -> Result<Option<(u16, u64)>, Unread> {
        self.last_unique(&self.subjects().node_number()).await
    }

    /// Writes the number that a node takes, behind the one at the place `previous`.
    pub(crate) async fn write_node_number(&self, number: u16, previous: u64) -> Written {
        self.write_unique(self.subjects().node_number(), previous, &number).await
    }

    async fn write_unique(&self, subject: String, previous: u64, value: &impl Serialize) -> Written {
        match serde_json::to_vec(value) {
            Ok(value) => self.write_to(subject, previous, value.into()).await,
            Err(error) => Written::Unanswered(error.to_string()),
        }
    }

    async fn last_unique<T: DeserializeOwned>(&self, subject: &str) -> Result<Option<(T, u64)>, Unread> {
        let question = json!({"last_by_subj": subject}).to_string();
        let stream = self.subjects().unique_stream();
        let answer = self.ask(format!("$JS.API.STREAM.MSG.GET.{stream}"), question).await?;
        let answer: LastMessage = serde_json::from_slice(&answer.payload).map_err(Unread::for_now)?;
        match (answer.message, answer.error) {
            (Some(message), _) => {
                let message = StreamMessage::try_from(message).map_err(Unread::for_now)?;
                let value = serde_json::from_slice(&message.payload).map_err(Unread::for_now)?;
                Ok(Some((value, message.sequence)))
            }
            (None, Some(error)) if error.err_code == NO_MESSAGE => Ok(None),
            (None, Some(error)) => Err(Unread::ForNow(error.description)),
            (None, None) => Err(Unread::for_now("an answer without a message")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_was_created_anew_or_restored_may_lack_something() {
        let stream = |created: &str, last| UniqueStream { created: created.into(), last };
        let earlier = stream("monday", 7);
        assert!(!stream("monday", 7).lacks_what(&earlier) && !stream("monday", 8).lacks_what(&earlier));
        assert!(stream("tuesday", 9).lacks_what(&earlier) && stream("monday", 6).lacks_what(&earlier));
    }
}
