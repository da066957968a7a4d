//! Who is in a room, on all nodes: each tells the others of its own people.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rtbroadcaster_protocol::{Room, RoomId, RosterSaid, RosterSaying, RosterServer, SeatedPerson, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tracing::warn;

use super::Cluster;
use crate::shared_room::SharedRoom;

/// After how many milliseconds a node that has a room anew has heard who is there on others: they
/// say their whole list at most once a second, and may have said it to another node just before.
const HEARD_AFTER_MS: u64 = 2_500;

/// What a node says of the people of a room. What it doesn't say is left out.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Said {
    node: u64,
    list: u64,
    version: u64,
    /// Asks the others for their lists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asks: bool,
    /// A part of the whole list, and how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<(u32, u32)>,
    /// The version before what has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    people: Vec<Row>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    went: Vec<u32>,
}

/// Seat, name, whether a token says it, session.
#[derive(Debug, Serialize, Deserialize)]
struct Row(u32, String, bool, Option<String>);

impl From<SeatedPerson> for Row {
    fn from(SeatedPerson { seat, name, is_verified, session }: SeatedPerson) -> Self {
        Self(seat, name, is_verified, session)
    }
}

impl From<Row> for SeatedPerson {
    fn from(Row(seat, name, is_verified, session): Row) -> Self {
        Self { seat, name, is_verified, session }
    }
}

impl From<RosterSaid> for Said {
    fn from(RosterSaid { server: node, list, version, what }: RosterSaid) -> Self {
        let said = Self { node, list, version, ..Self::default() };
        let rows = |people: Vec<SeatedPerson>| people.into_iter().map(Row::from).collect();
        match what {
            RosterSaying::Asks => Self { asks: true, ..said },
            RosterSaying::Whole { part, parts, people } => {
                Self { part: Some((part, parts)), people: rows(people), ..said }
            }
            RosterSaying::Changes { from, came, went } => {
                Self { from: Some(from), people: rows(came), went, ..said }
            }
        }
    }
}

impl Said {
    /// None if a later version says it, in another way.
    fn read(self) -> Option<RosterSaid> {
        let Self { node: server, list, version, asks, part, from, people, went } = self;
        let people = people.into_iter().map(SeatedPerson::from).collect();
        let what = match (asks, part, from) {
            (true, None, None) => RosterSaying::Asks,
            (false, Some((part, parts)), None) => RosterSaying::Whole { part, parts, people },
            (false, None, Some(from)) => RosterSaying::Changes { from, came: people, went },
            _ => return None,
        };
        Some(RosterSaid { server, list, version, what })
    }
}

impl Cluster {
    /// What a room needs to share its seats with other nodes. A room that was just opened doesn't
    /// ask them for their people.
    pub(super) fn roster_server(&self, asks: bool) -> RosterServer {
        let list = self.lists.fetch_add(1, Ordering::Relaxed) + 1;
        // Without randomness it begins elsewhere than the list before, at least.
        let given = getrandom::u32().unwrap_or(list as u32);
        RosterServer { id: self.writer, seats: self.seats, list, given, asks }
    }

    /// Tells the other nodes who is here. To be called once a second.
    pub(super) fn exchange_roster(self: &Arc<Self>, room: &Arc<SharedRoom>, now: Timestamp) {
        if room.look(Room::has_to_say_roster) != Some(true) {
            return;
        }
        let said = self.change(room, |room| room.say_roster(now)).unwrap_or_default();
        if said.is_empty() {
            return;
        }
        let subject = self.logs.subjects().roster(room.id());
        let logs = self.logs.clone();
        self.spawn(async move {
            for said in said {
                let message = serde_json::to_vec(&Said::from(said)).unwrap_or_default();
                logs.tell(subject.clone(), message).await;
            }
        });
    }

    /// Takes what another node says of the people of a room.
    pub(super) fn hear_of_roster(self: &Arc<Self>, room: RoomId, message: &[u8]) {
        let said = serde_json::from_slice(message).ok().and_then(Said::read);
        let Some(said) = said.filter(|said| said.server != self.writer) else { return };
        let Some(room) = self.room(room) else { return };
        self.counts.roster_messages.add();
        let asks = said.what == RosterSaying::Asks;
        let now = self.clock.now();
        if self.change(&room, |room| room.hear_roster(said, now)) == Some(false) && self.may_warn() {
            warn!(
                room = %room.id(),
                "there is no memory for the people of other nodes: raise --room-memory-bytes"
            );
        }
        if asks {
            self.exchange_roster(&room, now);
        }
    }

    /// Waits until this node has heard who is in a room on others, if it has the room only since a
    /// moment ago.
    pub(crate) async fn has_heard_roster(&self, room: RoomId) {
        let Some(shared) = self.replicas.get(room) else { return };
        let heard_at = shared.lock().since.after(HEARD_AFTER_MS);
        sleep(Duration::from_millis(heard_at.since(self.clock.now()))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again_and_what_a_later_version_says_is_not() {
        let person = SeatedPerson { seat: 7, name: "Ben".into(), is_verified: true, session: None };
        for what in [
            RosterSaying::Asks,
            RosterSaying::Whole { part: 1, parts: 2, people: vec![person.clone()] },
            RosterSaying::Changes { from: 0, came: vec![person], went: vec![9] },
            RosterSaying::Changes { from: 1, came: Vec::new(), went: Vec::new() },
        ] {
            let said = RosterSaid { server: 1, list: 2, version: 3, what };
            let text = serde_json::to_string(&Said::from(said.clone())).unwrap();
            let read = serde_json::from_str::<Said>(&text).unwrap().read();
            assert_eq!(read, Some(said), "{text}");
        }
        let later = r#"{"node":1,"list":2,"version":3,"moved":[7]}"#;
        assert_eq!(serde_json::from_str::<Said>(later).unwrap().read(), None);
    }
}
