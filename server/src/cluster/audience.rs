//! Counting the followers of a room on all nodes.

use std::sync::Arc;

use rtbroadcaster_protocol::{Audience, Room, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Cluster;
use super::replica::SharedReplica;
use crate::fanout::SharedRoom;

/// A node says how many follow at least once in this time, in milliseconds.
const REPEAT_MS: u64 = 15_000;

/// What a node has said counts for this long, in milliseconds.
const COUNTS_MS: u64 = 40_000;

/// What a node says of the audience of a room.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    node: u64,
    connected: u64,
    lagging: u64,
    /// Whether the other nodes are to say theirs too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asks: bool,
}

/// What the other nodes have said of one room, and what this one has.
#[derive(Debug, Default)]
pub(super) struct AudienceElsewhere {
    nodes: Vec<(u64, Audience, Timestamp)>,
    /// What this node has said last, and when. None if it is to say it again.
    said: Option<(Audience, Timestamp)>,
}

impl AudienceElsewhere {
    /// The nodes that have followers.
    pub(super) fn nodes(&self) -> Vec<u64> {
        self.nodes.iter().map(|(node, ..)| *node).collect()
    }

    fn note(&mut self, node: u64, audience: Audience, now: Timestamp) {
        self.nodes.retain(|(other, ..)| *other != node);
        if audience.connected > 0 {
            self.nodes.push((node, audience, now));
        }
    }

    /// Forgets what nodes have said that are gone. Returns what is left, together.
    fn sum(&mut self, now: Timestamp, is_alive: impl Fn(u64) -> bool) -> Audience {
        self.nodes.retain(|(node, _, at)| now.since(*at) < COUNTS_MS && is_alive(*node));
        self.nodes.iter().fold(Audience::default(), |sum, (_, audience, _)| Audience {
            connected: sum.connected + audience.connected,
            lagging: sum.lagging + audience.lagging,
        })
    }

    /// Whether this node is to say that so many follow. It counts as said then.
    fn must_say(&mut self, audience: Audience, now: Timestamp) -> bool {
        let must_say = match self.said {
            None => audience.connected > 0,
            Some((said, at)) => said != audience || (audience.connected > 0 && now.since(at) >= REPEAT_MS),
        };
        if must_say {
            self.said = Some((audience, now));
        }
        must_say
    }
}

impl Cluster {
    /// Tells the other nodes how many follow here, and the room how many follow elsewhere. To be
    /// called once a second.
    pub(super) fn count_audience(self: &Arc<Self>, shared: &SharedReplica, room: &Arc<SharedRoom>) {
        let now = self.clock.now();
        let Some(here) = room.look(Room::audience_here) else { return };
        let (elsewhere, must_say) = {
            let mut state = shared.lock();
            let elsewhere = state.audience.sum(now, |node| self.nodes.is_alive(node));
            (elsewhere, state.audience.must_say(here, now))
        };
        if room.look(|room| room.audience_elsewhere() != elsewhere) == Some(true) {
            self.change(room, |room| room.set_audience_elsewhere(elsewhere));
        }
        if must_say {
            self.say(shared.id, here, false);
        }
    }

    /// Asks the other nodes how many follow a room there.
    pub(super) fn ask_for_audience(self: &Arc<Self>, room: RoomId) {
        self.say(room, Audience::default(), true);
    }

    /// Takes what another node says of a room's audience.
    pub(super) fn hear_of_audience(&self, room: RoomId, message: &[u8]) {
        // What can't be read is of a version that says it otherwise.
        let Ok(Said { node, connected, lagging, asks }) = serde_json::from_slice(message) else { return };
        if node == self.writer {
            return;
        }
        if let Some(shared) = self.replicas.get(room) {
            let mut state = shared.lock();
            state.audience.note(node, Audience { connected, lagging }, self.clock.now());
            if asks {
                state.audience.said = None;
            }
        }
    }

    fn say(self: &Arc<Self>, room: RoomId, audience: Audience, asks: bool) {
        let Audience { connected, lagging } = audience;
        let said = Said { node: self.writer, connected, lagging, asks };
        let (logs, said) = (self.logs.clone(), serde_json::to_vec(&said).unwrap_or_default());
        self.spawn(async move { logs.tell(logs.subjects().audience(room), said).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Audience = Audience { connected: 2, lagging: 1 };

    #[test]
    fn what_a_node_says_counts_until_it_is_gone_or_silent() {
        let mut elsewhere = AudienceElsewhere::default();
        elsewhere.note(1, TWO, Timestamp(0));
        elsewhere.note(2, TWO, Timestamp(30_000));
        assert_eq!(elsewhere.sum(Timestamp(30_000), |_| true), Audience { connected: 4, lagging: 2 });
        assert_eq!(elsewhere.sum(Timestamp(COUNTS_MS), |_| true), TWO);
        assert_eq!(elsewhere.nodes(), [2]);
        assert_eq!(elsewhere.sum(Timestamp(COUNTS_MS), |_| false), Audience::default());
    }

    #[test]
    fn a_node_says_what_is_new_and_repeats_it_while_somebody_follows() {
        let mut elsewhere = AudienceElsewhere::default();
        assert!(!elsewhere.must_say(Audience::default(), Timestamp(0)), "nobody was counted before");
        assert!(elsewhere.must_say(TWO, Timestamp(1)));
        assert!(!elsewhere.must_say(TWO, Timestamp(REPEAT_MS)));
        assert!(elsewhere.must_say(TWO, Timestamp(REPEAT_MS + 1)));
        assert!(elsewhere.must_say(Audience::default(), Timestamp(REPEAT_MS + 2)));
        assert!(!elsewhere.must_say(Audience::default(), Timestamp(9 * REPEAT_MS)));
    }
}
