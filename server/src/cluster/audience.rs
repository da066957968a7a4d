//! Counting the followers of a room on all nodes.

use std::sync::Arc;

use rtbroadcaster_protocol::{Audience, Room, RoomId};
use serde::{Deserialize, Serialize};

use super::Cluster;
use super::state::SharedReplica;
use crate::shared_room::SharedRoom;

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

impl Cluster {
    /// Tells the other nodes how many follow here, and the room how many follow elsewhere. To be
    /// called once a second.
    pub(super) fn count_audience(self: &Arc<Self>, shared: &SharedReplica, room: &Arc<SharedRoom>) {
        let now = self.clock.now();
        let Some(here) = room.look(Room::audience_here) else { return };
        let (elsewhere, must_say) = {
            let mut state = shared.lock();
            let elsewhere = state.audience.sum(now, |node| self.nodes.gone_for(node).is_none());
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
                state.audience.say_again();
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
