//! How a server's message is read: field by field, whatever reads the JSON. Tests and programs read
//! JSON text; the SDK reads the browser's objects.

use alloc::string::String;

use crate::{
    AnnouncedLimits, Audience, Connected, MemberRole, OwnerPresence, Refusal, ServerMessage, Status,
};

/// The fields of one message of a server. They are a parsed document in tests, and the browser's
/// own object in a page. [`ServerMessage::read`] makes the message of them.
///
/// A field that is absent, null or of a wrong type is none, false or empty: a page doesn't argue
/// with its server.
pub trait ServerFields {
    /// The type of an action's params.
    type Params;

    /// `uuid`.
    fn uuid(&self) -> Option<String>;
    /// `status.value`.
    fn status(&self) -> Option<u64>;
    /// `funcKey`; none if it is empty.
    fn func_key(&self) -> Option<String>;
    /// `funcParams`; an empty list if it is absent.
    fn func_params(&self) -> Self::Params;
    /// `stateMessage`.
    fn state_message(&self) -> bool;
    /// `slot`.
    fn slot(&self) -> Option<String>;
    /// `clear`.
    fn clear(&self) -> Option<String>;
    /// `owner`.
    fn owner(&self) -> Option<String>;
    /// `ownerKey`.
    fn owner_key(&self) -> Option<String>;
    /// `code`.
    fn code(&self) -> Option<String>;
    /// `resync`.
    fn resync(&self) -> bool;
    /// `at`. None where nobody asks for it: a page that is written in JavaScript has a clock of its
    /// own.
    fn at(&self) -> Option<u64> {
        None
    }
    /// `time`. None where nobody asks for it.
    fn time(&self) -> Option<u64> {
        None
    }
    /// `seat`. None where nobody asks for it.
    fn seat(&self) -> Option<u64> {
        None
    }
    /// `role`. None where nobody asks for it: a page that is written in JavaScript reads it itself.
    fn role(&self) -> Option<MemberRole> {
        None
    }
    /// `clock`. False where nobody asks for it.
    fn clock(&self) -> bool {
        false
    }
    /// The field with this name, if it is a number.
    fn number(&self, field: NumberField) -> Option<u64>;
    /// The field of `limits` with this name.
    fn limit(&self, field: LimitField) -> Option<u64>;
    /// `limits.paramsDepth`. None where nobody asks for it, as in a page.
    fn params_depth(&self) -> Option<u64> {
        None
    }
    /// `audience`.
    fn audience(&self) -> Option<Audience>;
    /// `error`.
    fn error(&self) -> Option<Refusal>;
}

/// The fields of a server's message that are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberField {
    /// `v`
    Version,
    /// `seq`
    Seq,
    /// `epoch`
    Epoch,
    /// `ack`
    Ack,
    /// `synced`
    Synced,
    /// `shutdown`
    Shutdown,
    /// `ping`
    Ping,
    /// `pong`
    Pong,
}

/// The fields inside `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitField {
    /// `messageBytes`
    MessageBytes,
    /// `queueActions`
    QueueActions,
    /// `queueBytes`
    QueueBytes,
    /// `heartbeat`
    Heartbeat,
}

impl<P> ServerMessage<P> {
    /// Makes a message of its fields. None if this version doesn't know the message, which is then
    /// ignored.
    ///
    /// A message with a function key is an action, whatever else it carries. Actions come a
    /// thousand times a second, so they are recognised first.
    pub fn read(fields: &impl ServerFields<Params = P>) -> Option<Self> {
        if let Some(key) = fields.func_key() {
            let slot = fields.state_message().then(|| fields.slot().unwrap_or_else(|| key.clone()));
            let seq = fields.number(NumberField::Seq);
            return Some(Self::Action { seq, key, params: fields.func_params(), slot, at: fields.at() });
        }
        match fields.status().and_then(Status::from_value) {
            Some(Status::Connected) => Some(Self::Connected(Connected::read(fields))),
            Some(Status::NotConnected) => Some(match fields.error() {
                Some(refusal) => Self::Refused(refusal),
                None => Self::Closed,
            }),
            Some(Status::New | Status::Join | Status::Close) => None,
            None => Self::read_control(fields),
        }
    }

    fn read_control(fields: &impl ServerFields<Params = P>) -> Option<Self> {
        let seq = fields.number(NumberField::Seq);
        if let Some(slot) = fields.clear() {
            return Some(Self::Cleared { seq, slot });
        }
        if let Some(id) = fields.number(NumberField::Ack) {
            return Some(Self::Ack { id, seq: seq? });
        }
        if let Some(number) = fields.number(NumberField::Pong) {
            return Some(Self::Pong { number, time: fields.time() });
        }
        if let Some(number) = fields.number(NumberField::Ping) {
            return Some(Self::Ping(number));
        }
        if let Some(seq) = fields.number(NumberField::Synced) {
            return Some(Self::Synced(seq));
        }
        if let Some(window) = fields.number(NumberField::Shutdown) {
            return Some(Self::Shutdown(window));
        }
        if let Some(audience) = fields.audience() {
            return Some(Self::Audience(audience));
        }
        if fields.resync() {
            return Some(Self::Resync(seq?));
        }
        match fields.owner()?.as_str() {
            "away" => Some(Self::Owner(OwnerPresence::Away)),
            "back" => Some(Self::Owner(OwnerPresence::Here)),
            _ => None,
        }
    }
}

impl Connected {
    fn read(fields: &impl ServerFields) -> Self {
        let default = AnnouncedLimits::default();
        let limit = |field, otherwise| fields.limit(field).unwrap_or(otherwise);
        Self {
            uuid: fields.uuid().unwrap_or_default(),
            version: fields.number(NumberField::Version),
            seq: fields.number(NumberField::Seq).unwrap_or(0),
            limits: AnnouncedLimits {
                message_bytes: limit(LimitField::MessageBytes, default.message_bytes),
                queue_actions: limit(LimitField::QueueActions, default.queue_actions),
                queue_bytes: limit(LimitField::QueueBytes, default.queue_bytes),
                heartbeat_ms: limit(LimitField::Heartbeat, default.heartbeat_ms),
            },
            params_depth: fields.params_depth(),
            owner_key: fields.owner_key(),
            epoch: fields.number(NumberField::Epoch),
            ack: fields.number(NumberField::Ack).unwrap_or(0),
            code: fields.code(),
            clock: fields.clock(),
            time: fields.time(),
            seat: fields.seat(),
            role: fields.role(),
        }
    }
}
