//! Who is there: what the program asks, and what it is told later.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use futures_channel::oneshot::Sender;
use js_sys::Array;
use rtbroadcaster_protocol::{NumberField, Refusal, RosterQuery, ServerFields};
use wasm_bindgen::prelude::{JsCast, JsValue};

use super::error::RoomError;
use super::message::Fields;

/// A follower that has given a name, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The number that names this person in the room, and never another one while the server runs.
    pub seat: u32,
    /// What the page has given as its name, or its token says.
    pub name: String,
    /// Whether a token says the name. Any other name proves nothing.
    pub is_verified: bool,
}

/// Some of the people in a room: [`Room::roster`](crate::Room::roster).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Roster {
    /// The people, in the order of their seats.
    pub people: Vec<Person>,
    /// The seat after which the next page begins; 0 if there is none.
    pub next: u32,
    /// How many people have a name, in all.
    pub named: u64,
}

/// Who came and went, at most 50 of each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterChange {
    /// Those who came.
    pub came: Vec<Person>,
    /// The seats of those who went.
    pub went: Vec<u32>,
    /// How many more came or went. Unless it is 0, ask for the roster from its start.
    pub more: u64,
}

/// What the future of a question is given.
pub(super) type Answered = Result<Roster, RoomError>;

/// The questions of a page, and its seat.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) seat: Option<u32>,
    /// Those without an answer, by their numbers. Those of the page itself have nobody who waits.
    pending: BTreeMap<u64, (RosterQuery, Option<Sender<Answered>>)>,
    last: u64,
    /// Whether anything was asked, and so who comes and goes is told.
    has_asked: bool,
}

/// What a message of the server means for the roster.
pub(super) enum Heard {
    /// It isn't for the roster alone. These texts are to be sent.
    Pass(Vec<String>),
    /// It needs nothing.
    Done,
    /// Ask this again after so many milliseconds.
    AskLater(u64, u64),
    Answer(Sender<Answered>, Answered),
    Tell(RosterChange),
}

impl Questions {
    /// Notes a question. Returns its text.
    pub(super) fn ask(&mut self, query: RosterQuery, sender: Option<Sender<Answered>>) -> String {
        self.last += 1;
        self.has_asked = true;
        self.pending.insert(self.last, (query, sender));
        text_of(self.last, query)
    }

    /// The text of a question that has no answer yet.
    pub(super) fn text(&self, number: u64) -> Option<String> {
        self.pending.get(&number).map(|(query, _)| text_of(number, *query))
    }

    /// Takes a message of the server.
    pub(super) fn hear(&mut self, fields: &Fields) -> Heard {
        if fields.owner().as_deref() == Some("back") {
            // A server that was restarted shows followers who is there once the owner is back.
            return Heard::Pass(self.ask_again());
        }
        if fields.number(NumberField::Version).is_some() {
            // The reply to a create, join or claim.
            self.seat = fields.count("seat").and_then(|seat| u32::try_from(seat).ok()).or(self.seat);
            return Heard::Pass(self.ask_again());
        }
        if !self.has_asked {
            return Heard::Pass(Vec::new());
        }
        if let Some(came) = list(fields, "came") {
            let went = list(fields, "went").unwrap_or_default().iter().map(|seat| number(&seat)).collect();
            return Heard::Tell(RosterChange { came: people(&came), went, more: count(fields, "more") });
        }
        if let (Some(ask), Some(roster)) = (fields.count("ask"), list(fields, "roster")) {
            let next = fields.count("next").and_then(|next| u32::try_from(next).ok()).unwrap_or(0);
            return self
                .answer(ask, Ok(Roster { people: people(&roster), next, named: count(fields, "named") }));
        }
        if let (Some(ask), Some(refusal)) = (fields.refused_ask(), fields.error()) {
            return self.refuse(ask, refusal);
        }
        Heard::Pass(Vec::new())
    }

    /// The page has a new connection. What was asked before is asked again, and how many are named:
    /// nobody has told this page who came and went meanwhile.
    fn ask_again(&mut self) -> Vec<String> {
        if self.has_asked && self.pending.is_empty() {
            self.ask(RosterQuery { after: 0, limit: Some(0) }, None);
        }
        self.pending.iter().map(|(number, (query, _))| text_of(*number, *query)).collect()
    }

    pub(super) fn refuse(&mut self, ask: u64, refusal: Refusal) -> Heard {
        match refusal.retry_after_ms {
            Some(wait) => Heard::AskLater(ask, wait),
            None => self.answer(ask, Err(refusal.into())),
        }
    }

    fn answer(&mut self, ask: u64, answer: Answered) -> Heard {
        match (self.pending.remove(&ask), answer) {
            (Some((_, Some(sender))), answer) => Heard::Answer(sender, answer),
            (Some((_, None)), Ok(Roster { named, .. })) => {
                Heard::Tell(RosterChange { came: Vec::new(), went: Vec::new(), more: named })
            }
            _ => Heard::Done,
        }
    }
}

fn text_of(ask: u64, query: RosterQuery) -> String {
    let RosterQuery { after, limit } = query;
    let limit = limit.map_or_else(String::new, |limit| format!(",\"limit\":{limit}"));
    format!("{{\"ask\":{ask},\"roster\":{{\"after\":{after}{limit}}}}}")
}

fn list(fields: &Fields, name: &str) -> Option<Array> {
    fields.get(name).dyn_into().ok()
}

fn count(fields: &Fields, name: &str) -> u64 {
    fields.count(name).unwrap_or(0)
}

fn number(value: &JsValue) -> u32 {
    value.as_f64().map_or(0, |number| number as u32)
}

fn people(list: &Array) -> Vec<Person> {
    list.iter().filter_map(Fields::of).map(|person| person_of(&person)).collect()
}

fn person_of(fields: &Fields) -> Person {
    Person {
        seat: number(&fields.get("seat")),
        name: fields.text("name").unwrap_or_default(),
        is_verified: fields.get("verified").is_truthy(),
    }
}
