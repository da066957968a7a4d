//! Writes messages as JSON text. No message holds a raw newline, because newlines separate the
//! messages of a frame.
//!
//! A server's messages have two renderings. *Compact* is for clients that speak session fields, and
//! leaves out fields at their default. *Original* is for all others, and has the original's
//! envelope with all five fields.

mod entry;
#[cfg(feature = "rooms")]
mod lanes;
#[cfg(feature = "rooms")]
mod logged;
#[cfg(feature = "rooms")]
mod members;
mod questions;
#[cfg(feature = "rooms")]
mod roster;

use alloc::string::String;

use crate::wire::json_writer::{ObjectWriter, append};
use crate::{
    Action, ClaimKind, ClientMessage, Connected, Create, Join, Lane, LaneMessage, LaneWord, MemberRole,
    OwnerPresence, RecordingWish, Refusal, ServerMessage, Status,
};

#[cfg(feature = "rooms")]
pub(crate) use entry::{logged_entry, recording, retained_entry};
#[cfg(feature = "rooms")]
pub(crate) use lanes::{lane_said, lane_totals, refused_on_lane, voted};
#[cfg(feature = "rooms")]
pub(crate) use logged::{compact_cleared, compact_logged, original_action};
#[cfg(feature = "rooms")]
pub(crate) use members::{asked_done, asked_seat, asked_seq, ended, request};
#[cfg(feature = "rooms")]
pub(crate) use roster::{refused_ask, roster_news, roster_page};

/// How a server writes messages for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rendering {
    /// For clients that speak session fields. Fields at their default are left out.
    Compact,
    /// For all other clients: the original's envelope.
    Original,
}

/// Writes a client's message at the end of `out`. Fields at their default are left out. Only
/// create, join and close have a status.
pub fn client(out: &mut String, message: &ClientMessage<'_>) {
    match message {
        ClientMessage::Create(message) => create(out, message),
        ClientMessage::Join(message) => join(out, message),
        ClientMessage::Action { id, action } => client_action(out, *id, action.as_str()),
        ClientMessage::Clear { id, slot } => client_clear(out, *id, slot),
        ClientMessage::Record { id, wish } => client_record(out, *id, *wish),
        ClientMessage::Lane { id, name, lane } => client_lane(out, *id, name, lane.as_ref()),
        ClientMessage::Speak(message) => lane_message(out, message),
        ClientMessage::Drive { id, seat } => client_drive(out, *id, *seat),
        ClientMessage::Ask { ask, question } => questions::client_ask(out, *ask, question),
        ClientMessage::Close => close(out),
        ClientMessage::Ping { number, wants_time: false } => client_number(out, "ping", *number),
        ClientMessage::Ping { number, wants_time: true } => time_ping(out, *number),
        ClientMessage::Pong(number) => client_number(out, "pong", *number),
    }
}

// Each of a client's messages can be written by itself, so that a page doesn't load the code for
// those that it never sends.

/// All fields of the messages that ask for a room: create, join and claim. Each has some of them.
#[derive(Default)]
pub(crate) struct FirstMessage<'a> {
    /// None in a create.
    pub(crate) uuid: Option<&'a str>,
    pub(crate) version: Option<u64>,
    pub(crate) since: Option<u64>,
    pub(crate) owner_key: Option<&'a str>,
    pub(crate) invite: Option<&'a str>,
    /// Whether the owner key is to take the right to write from nobody.
    pub(crate) takes_nothing: bool,
    pub(crate) session: Option<&'a str>,
    pub(crate) acknowledged: Option<u64>,
    pub(crate) epoch: Option<u64>,
    pub(crate) share_audience: bool,
    pub(crate) code: bool,
    pub(crate) clock: bool,
    pub(crate) share_roster: bool,
    pub(crate) record: Option<RecordingWish>,
    pub(crate) name: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
}

pub(crate) fn first_message(out: &mut String, message: &FirstMessage<'_>) {
    let mut object = ObjectWriter::new(out);
    object.optional_text("uuid", message.uuid);
    status(&mut object, if message.uuid.is_some() { Status::Join } else { Status::New }, None);
    object.optional_number("v", message.version).optional_number("since", message.since);
    object.optional_text("ownerKey", message.owner_key).optional_text("invite", message.invite);
    if message.takes_nothing {
        object.boolean("drive", false);
    }
    object.optional_text("session", message.session);
    object.optional_number("ack", message.acknowledged).optional_number("epoch", message.epoch);
    if message.share_audience {
        object.boolean("shareAudience", true);
    }
    if message.code {
        object.boolean("code", true);
    }
    if message.clock {
        object.boolean("clock", true);
    }
    if message.share_roster {
        object.boolean("shareRoster", true);
    }
    write_record(&mut object, message.record);
    object.optional_text("name", message.name).optional_text("token", message.token);
    object.end();
}

fn create(out: &mut String, create: &Create<'_>) {
    let &Create { version, share_audience, code, clock, share_roster, record, .. } = create;
    let (session, token) = (create.session.as_deref(), create.token.as_deref());
    first_message(
        out,
        &FirstMessage {
            version,
            session,
            share_audience,
            code,
            clock,
            share_roster,
            record,
            token,
            ..FirstMessage::default()
        },
    );
}

fn join(out: &mut String, join: &Join<'_>) {
    let &Join { version, since, clock, record, .. } = join;
    let (uuid, token) = (Some(&*join.uuid), join.token.as_deref());
    let (name, session) = (join.name.as_deref(), join.session.as_deref());
    let message =
        FirstMessage { uuid, version, since, clock, record, name, session, token, ..FirstMessage::default() };
    first_message(
        out,
        &match &join.claim {
            Some(claim) => FirstMessage {
                owner_key: Some(&*claim.key).filter(|_| claim.kind != ClaimKind::Presenter),
                invite: Some(&*claim.key).filter(|_| claim.kind == ClaimKind::Presenter),
                takes_nothing: claim.kind == ClaimKind::Creator,
                session: claim.session.as_deref(),
                acknowledged: claim.acknowledged,
                epoch: claim.epoch,
                share_audience: claim.share_audience,
                share_roster: claim.share_roster,
                ..message
            },
            None => message,
        },
    );
}

#[inline(always)]
pub(crate) fn client_action(out: &mut String, id: Option<u64>, action: Action<&str>) {
    let mut object = ObjectWriter::new(out);
    object.optional_number("id", id);
    compact_action(&mut object, action);
    object.end();
}

pub(crate) fn client_clear(out: &mut String, id: Option<u64>, slot: &str) {
    let mut object = ObjectWriter::new(out);
    object.optional_number("id", id).text("clear", slot);
    object.end();
}

/// Writes that a lane is to be opened, set anew or ended.
pub(crate) fn client_lane(out: &mut String, id: Option<u64>, name: &str, lane: Option<&Lane>) {
    let mut object = ObjectWriter::new(out);
    object.optional_number("id", id);
    entry::write_lane_entry(&mut object, name, lane);
    object.end();
}

/// Writes what a follower says on a lane.
fn lane_message(out: &mut String, message: &LaneMessage<'_>) {
    let mut object = ObjectWriter::new(out);
    object.text("lane", &message.lane);
    match &message.word {
        LaneWord::Say(value) => object.raw("say", value),
        LaneWord::React(symbol) => object.text("react", symbol),
        LaneWord::Vote { option, number, seq, session } => {
            object.number("vote", *option).number("n", *number).optional_number("seq", *seq);
            object.optional_text("session", session.as_deref())
        }
    };
    object.end();
}

/// Writes whether an owner wants its room recorded.
pub(crate) fn client_record(out: &mut String, id: Option<u64>, wish: RecordingWish) {
    let mut object = ObjectWriter::new(out);
    object.optional_number("id", id);
    write_record(&mut object, Some(wish));
    object.end();
}

fn write_record(object: &mut ObjectWriter<'_>, wish: Option<RecordingWish>) {
    match wish {
        Some(RecordingWish::Start { shared: false }) => object.boolean("record", true),
        Some(RecordingWish::Start { shared: true }) => object.text("record", "shared"),
        Some(RecordingWish::Stop) => object.boolean("record", false),
        None => object,
    };
}

/// Writes who is to write from now on.
fn client_drive(out: &mut String, id: Option<u64>, seat: u64) {
    let mut object = ObjectWriter::new(out);
    object.optional_number("id", id).number("drive", seat);
    object.end();
}

pub(crate) fn close(out: &mut String) {
    let mut object = ObjectWriter::new(out);
    status(&mut object, Status::Close, None);
    object.end();
}

/// Writes a `ping` whose answer is to say the server's time.
pub(crate) fn time_ping(out: &mut String, number: u64) {
    let mut object = ObjectWriter::new(out);
    object.number("ping", number).boolean("time", true);
    object.end();
}

/// Writes a `ping` or `pong`.
pub(crate) fn client_number(out: &mut String, name: &str, number: u64) {
    let mut object = ObjectWriter::new(out);
    object.number(name, number);
    object.end();
}

/// Writes a server's message at the end of `out`, for a client that speaks session fields.
pub fn compact<P: AsRef<str>>(out: &mut String, message: &ServerMessage<P>) {
    let mut object = ObjectWriter::new(out);
    match message {
        ServerMessage::Connected(reply) => connected(&mut object, reply),
        ServerMessage::Closed => status(&mut object, Status::NotConnected, None),
        ServerMessage::Refused(refusal) => {
            status(&mut object, Status::NotConnected, Some(&refusal.message));
            error(&mut object, refusal, None);
        }
        ServerMessage::Action { seq, key, params, slot, at } => {
            object.optional_number("seq", *seq);
            let (params, slot, at) = (params.as_ref(), slot.as_deref(), *at);
            compact_action(&mut object, Action { key, params, slot, at });
        }
        ServerMessage::Cleared { seq, slot } => {
            object.optional_number("seq", *seq).text("clear", slot);
        }
        ServerMessage::Resync(seq) => {
            object.boolean("resync", true).number("seq", *seq);
        }
        ServerMessage::Synced(seq) => {
            object.number("synced", *seq);
        }
        ServerMessage::Ack { id, seq } => {
            object.number("ack", *id).number("seq", *seq);
        }
        ServerMessage::Owner(presence) => {
            object.text(
                "owner",
                match presence {
                    OwnerPresence::Here => "back",
                    OwnerPresence::Away => "away",
                },
            );
        }
        ServerMessage::Audience(audience) => {
            object.object("audience", |fields| {
                fields.number("connected", audience.connected).number("lagging", audience.lagging);
            });
        }
        ServerMessage::Shutdown(window) => {
            object.number("shutdown", *window);
        }
        ServerMessage::Ping(number) => {
            object.number("ping", *number);
        }
        ServerMessage::Pong { number, time } => {
            object.number("pong", *number).optional_number("time", *time);
        }
    }
    object.end();
}

/// Writes a client's message with an id. `message` was rendered without one.
pub(crate) fn with_id(out: &mut String, id: u64, message: &str) {
    let mut object = ObjectWriter::new(out);
    object.number("id", id);
    append(out, ",");
    append(out, message.strip_prefix('{').unwrap_or(message));
}

/// Writes a reply, or the end of a room, as the original's envelope.
pub fn original_status(out: &mut String, uuid: &str, value: Status) {
    envelope(out, uuid, (value, None), NO_ACTION, |_| ());
}

/// Writes a refusal as the original's envelope, with the field `error` added.
pub fn original_refusal(out: &mut String, uuid: &str, refusal: &Refusal) {
    let status = (Status::NotConnected, Some(refusal.message.as_str()));
    envelope(out, uuid, status, NO_ACTION, |object| error(object, refusal, None));
}

/// What the envelope of a message holds if there is no action.
const NO_ACTION: Action<&str> = Action { key: "", params: "[]", slot: None, at: None };

fn envelope(
    out: &mut String,
    uuid: &str,
    (value, text): (Status, Option<&str>),
    Action { key, params, slot, .. }: Action<&str>,
    more: impl FnOnce(&mut ObjectWriter<'_>),
) {
    let mut object = ObjectWriter::new(out);
    object.text("uuid", uuid);
    status(&mut object, value, text);
    object.text("funcKey", key).raw("funcParams", params).boolean("stateMessage", slot.is_some());
    more(&mut object);
    object.end();
}

#[inline(always)]
fn compact_action(object: &mut ObjectWriter<'_>, Action { key, params, slot, at }: Action<&str>) {
    object.optional_number("at", at).text("funcKey", key);
    if params != "[]" {
        object.raw("funcParams", params);
    }
    if let Some(slot) = slot {
        object.boolean("stateMessage", true);
        if slot != key {
            object.text("slot", slot);
        }
    }
}

fn connected(object: &mut ObjectWriter<'_>, reply: &Connected) {
    object.text("uuid", &reply.uuid);
    status(object, Status::Connected, None);
    object.optional_number("v", reply.version).number("seq", reply.seq);
    object.object("limits", |limits| {
        limits
            .number("messageBytes", reply.limits.message_bytes)
            .optional_number("paramsDepth", reply.params_depth)
            .number("queueActions", reply.limits.queue_actions)
            .number("queueBytes", reply.limits.queue_bytes)
            .number("heartbeat", reply.limits.heartbeat_ms);
    });
    object.optional_text("ownerKey", reply.owner_key.as_deref());
    object.optional_number("epoch", reply.epoch);
    // Only who has a key has answers.
    if reply.epoch.is_some() || reply.role.is_some() {
        object.number("ack", reply.ack);
    }
    object.optional_text("code", reply.code.as_deref());
    if reply.clock {
        object.boolean("clock", true);
    }
    object.optional_number("time", reply.time).optional_number("seat", reply.seat);
    object.optional_text("role", reply.role.map(MemberRole::as_str));
}

fn status(object: &mut ObjectWriter<'_>, value: Status, text: Option<&str>) {
    object.object("status", |fields| {
        fields.number("value", value.value()).text("text", text.unwrap_or(value.text()));
    });
}

/// `ask` is the number of the question that is refused.
fn error(object: &mut ObjectWriter<'_>, refusal: &Refusal, ask: Option<u64>) {
    object.object("error", |fields| {
        fields
            .text("code", &refusal.code)
            .text("message", &refusal.message)
            .optional_number("id", refusal.id)
            .optional_number("ask", ask)
            .optional_number("retryAfterMs", refusal.retry_after_ms);
    });
}
