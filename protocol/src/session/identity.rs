//! What a page says of itself in its first message: which room it wants, by which key, and under
//! which session. A page of the npm package writes these texts in JavaScript, and its wasm does
//! without all code for them.

use alloc::string::String;

use crate::wire::json_writer::ObjectWriter;
use crate::wire::render::FirstMessage;
use crate::{Goal, PROTOCOL_VERSION, SessionOptions, render};

/// The numbers of a first message: how far the page came.
#[derive(Debug, Clone, Copy)]
pub struct EntryNumbers {
    /// `since`.
    pub since: Option<u64>,
    /// `ack`, for pages that have a key.
    pub acknowledged: u64,
    /// `epoch`.
    pub epoch: Option<u64>,
}

/// What a page says of itself in its first message, and learns from the reply.
pub trait Identity {
    /// Notes what the reply says of the room.
    fn entered(&mut self, uuid: String, owner_key: Option<String>, code: Option<String>);
    /// The key of the page's seat isn't good any more. The page is an ordinary follower from now
    /// on.
    fn lose_seat(&mut self);
    /// The first message.
    fn first_message(&self, numbers: EntryNumbers) -> String;
}

/// All texts by which a page is known.
#[derive(Debug)]
pub struct Names {
    /// The uuid of the room, once it is known.
    uuid: Option<String>,
    /// The room's short code, if the reply had one.
    code: Option<String>,
    owner_key: Option<String>,
    /// What the page has given. The key of its seat may be another one since.
    options: SessionOptions,
    /// Says what this page may do.
    token: Option<String>,
}

impl Names {
    pub(super) fn new(options: SessionOptions) -> Self {
        let (uuid, owner_key) = match &options.goal {
            Goal::Create => (None, None),
            Goal::Claim { uuid, owner_key } => (Some(uuid.clone()), Some(owner_key.clone())),
            Goal::Join { uuid } => (Some(uuid.clone()), None),
        };
        Self { uuid, code: None, owner_key, options, token: None }
    }

    pub(super) fn uuid(&self) -> Option<&str> {
        self.uuid.as_deref()
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(super) fn owner_key(&self) -> Option<&str> {
        self.owner_key.as_deref()
    }

    pub(super) fn set_token(&mut self, token: Option<String>) {
        self.token = token;
    }

    pub(super) fn set_invite(&mut self, invite: Option<String>) {
        self.options.invite = invite;
    }
}

impl Identity for Names {
    fn entered(&mut self, uuid: String, owner_key: Option<String>, code: Option<String>) {
        self.uuid = Some(uuid);
        self.code = code;
        self.owner_key = owner_key.or(self.owner_key.take());
    }

    fn lose_seat(&mut self) {
        self.options.invite = None;
    }

    fn first_message(&self, numbers: EntryNumbers) -> String {
        let options = &self.options;
        let (creates, claims) = (self.uuid.is_none(), self.owner_key.is_some());
        let owns = creates || claims;
        let has_key = claims || options.invite.is_some();
        let mut text = String::new();
        render::first_message(
            &mut text,
            &FirstMessage {
                uuid: self.uuid(),
                version: Some(PROTOCOL_VERSION),
                since: numbers.since,
                owner_key: self.owner_key(),
                invite: options.invite.as_deref(),
                takes_nothing: claims,
                session: (owns || has_key || options.name.is_some()).then_some(&options.session),
                acknowledged: has_key.then_some(numbers.acknowledged),
                epoch: numbers.epoch,
                share_audience: owns && options.share_audience,
                code: options.code && creates,
                clock: options.clock,
                share_roster: owns && options.share_roster,
                record: None,
                name: options.name.as_deref().filter(|_| !owns),
                token: self.token.as_deref(),
            },
        );
        text
    }
}

/// Nothing: whoever drives the session knows all texts, and writes them.
#[derive(Debug, Default)]
pub struct Unnamed {
    /// The first message without its numbers and its last brace. It has a field at least.
    first_message: String,
}

impl Unnamed {
    pub(super) fn set_first_message(&mut self, first_message: String) {
        self.first_message = first_message;
    }
}

impl Identity for Unnamed {
    fn entered(&mut self, _uuid: String, _owner_key: Option<String>, _code: Option<String>) {}

    fn lose_seat(&mut self) {}

    fn first_message(&self, EntryNumbers { since, acknowledged, epoch }: EntryNumbers) -> String {
        let mut message = self.first_message.clone();
        let mut object = ObjectWriter::going_on(&mut message);
        object.optional_number("since", since).number("ack", acknowledged).optional_number("epoch", epoch);
        object.end();
        message
    }
}
