//! A page of the simulation of people: what it knows of who is there, and what it may be told.

use std::collections::{BTreeMap, BTreeSet};

use rtbroadcaster_protocol::Peer;
use serde_json::Value;

use crate::sim::invariant::{Checked, Invariant};

/// Rows of one kind that a message may have.
const MOST_OF_A_KIND: usize = 50;
/// Shortest time between two messages of who came and went, in milliseconds.
const INTERVAL_MS: u64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct PeoplePage {
    pub(super) peer: Option<Peer>,
    /// The server that it is connected to, or was last.
    pub(super) server: usize,
    /// A connection that has ended, and its server doesn't know yet.
    pub(super) former: Option<(usize, Peer)>,
    /// When it came to its server.
    pub(super) came_at: u64,
    pub(super) is_owner: bool,
    pub(super) name: Option<String>,
    /// How often it has come as somebody else.
    pub(super) life: u32,
    /// Its seat, and whether it must have that one again.
    pub(super) seat: Option<u32>,
    /// Until when its seat is kept, once its last connection has ended.
    pub(super) kept_until: u64,
    pub(super) is_deaf: bool,
    /// Whether it reads nothing, or has read nothing on this connection for a while.
    pub(super) was_deaf: bool,
    /// Whether it wants to know who is there.
    pub(super) wants: bool,
    /// Whether it has asked on this connection.
    pub(super) has_asked: bool,
    /// Names by seats, as it knows them.
    pub(super) known: BTreeMap<u32, String>,
    /// Pages of the roster that it reads, and who has gone meanwhile.
    reading: Option<(BTreeMap<u32, String>, BTreeSet<u32>)>,
    /// The seat after which it asks next, and when.
    pub(super) asks_next: Option<(u64, u64)>,
    told_at: Option<u64>,
}

/// What a message to a page shows.
pub(super) struct Shown {
    /// Somebody's name.
    pub(super) has_names: bool,
    pub(super) seat: Option<u32>,
}

impl PeoplePage {
    /// The owner's page, or another one, of which every third has no name.
    pub(super) fn new(index: usize) -> Self {
        let name = (!index.is_multiple_of(3)).then(|| format!("name-{index}"));
        Self { is_owner: index == 0, name, ..Self::default() }
    }

    /// The name of its session.
    pub(super) fn session(&self, index: usize) -> String {
        format!("session-{index}-{}", self.life)
    }

    /// Forgets what it knew on its former connection.
    pub(super) fn start_again(&mut self) {
        self.known.clear();
        (self.reading, self.told_at, self.asks_next) = (None, None, None);
        (self.has_asked, self.was_deaf) = (false, self.is_deaf);
    }

    /// Reads the roster from the start.
    pub(super) fn read_all(&mut self, now: u64) {
        self.reading = Some(Default::default());
        self.asks_next = Some((0, now));
    }

    /// Whether it still reads pages of the roster.
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Hears a message.
    pub(super) fn hear(&mut self, message: &Value, most: usize, now: u64) -> Checked<Shown> {
        let mut shown = Shown { has_names: false, seat: None };
        if let Some(seat) = message["seat"].as_u64() {
            shown.seat = u32::try_from(seat).ok();
        }
        if let Some(roster) = message["roster"].as_array() {
            shown.has_names = !roster.is_empty();
            self.hear_page(roster, message["next"].as_u64().unwrap_or(0), most, now)?;
        } else if let Some(came) = message["came"].as_array() {
            shown.has_names = !came.is_empty();
            self.hear_news(came, message, now)?;
        } else if message["owner"] == "back" && self.wants {
            // A room that was restored is shared again once its owner is there.
            self.read_all(now);
        } else if let Some(retry) = message["error"]["retryAfterMs"].as_u64()
            && message["error"]["ask"].is_u64()
        {
            let after = message["error"]["ask"].as_u64().unwrap_or_default();
            self.asks_next = Some((after, now + retry));
        }
        Ok(shown)
    }

    fn hear_page(&mut self, roster: &[Value], next: u64, most: usize, now: u64) -> Checked {
        Invariant::RosterIsBounded.ensure(roster.len() <= most, || format!("{} on a page", roster.len()))?;
        Invariant::RosterIsPrivate.ensure(self.has_asked, || "nobody asked".to_owned())?;
        let Some((people, gone)) = &mut self.reading else { return Ok(()) };
        people.extend(roster.iter().map(person));
        if next > 0 {
            self.asks_next = Some((next, now));
            return Ok(());
        }
        people.retain(|seat, _| !gone.contains(seat));
        self.known = std::mem::take(people);
        self.reading = None;
        Ok(())
    }

    fn hear_news(&mut self, came: &[Value], message: &Value, now: u64) -> Checked {
        let went: Vec<u32> = message["went"].as_array().into_iter().flatten().map(number).collect();
        Invariant::RosterIsPrivate.ensure(self.has_asked, || format!("nobody asked: {message}"))?;
        Invariant::RosterIsBounded
            .ensure(came.len() <= MOST_OF_A_KIND && went.len() <= MOST_OF_A_KIND, || format!("{message}"))?;
        let since = self.told_at.replace(now).map(|told_at| now - told_at);
        Invariant::RosterIsBounded
            .ensure(self.was_deaf || since.is_none_or(|since| since >= INTERVAL_MS), || {
                format!("told again after {since:?} ms")
            })?;
        let came: Vec<(u32, String)> = came.iter().map(person).collect();
        if let Some((people, gone)) = &mut self.reading {
            people.extend(came.iter().cloned());
            gone.extend(&went);
        }
        self.known.extend(came);
        self.known.retain(|seat, _| !went.contains(seat));
        if message["more"].as_u64() != Some(0) {
            self.read_all(now);
        }
        Ok(())
    }
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn person(value: &Value) -> (u32, String) {
    (number(&value["seat"]), value["name"].as_str().unwrap_or_default().to_owned())
}
