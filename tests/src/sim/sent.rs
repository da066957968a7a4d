//! What servers tell their connections, if rooms outlive a server: all of it is kept, and each seq
//! names one action for ever.

use rtbroadcaster_protocol::{CloseCode, RoomId, ServerMessage, parse};

use super::invariant::{Checked, Invariant};
use super::model::number;
use super::world::World;

impl World {
    /// How much of a room is kept: its head and its epoch. None without a journal or log.
    fn kept_of(&self, id: RoomId) -> Option<Option<(u64, u64)>> {
        match (&self.journal, &self.cluster) {
            (Some(journal), _) => Some(journal.kept(id)),
            (None, Some(cluster)) => Some(cluster.log.kept(id)),
            (None, None) => None,
        }
    }

    /// Checks what is sent to a connection in a room.
    pub(super) fn check_sent(&mut self, id: RoomId, text: &str) -> Checked {
        let Some(kept) = self.kept_of(id) else { return Ok(()) };
        let said = parse::server_messages(text)
            .map_err(|error| Invariant::NoPanic.violated(format!("{text}: {error}")))?;
        let ensure = |holds: bool| {
            Invariant::NothingBeforeKept.ensure(holds, || format!("{id} says {text}, kept is {kept:?}"))
        };
        for message in said {
            let (seq, action) = match message {
                ServerMessage::Connected(reply) => {
                    let epoch = reply.epoch.unwrap_or_default();
                    ensure(kept.is_some_and(|(_, kept)| epoch <= kept))?;
                    (Some(reply.seq), None)
                }
                ServerMessage::Action { seq, params, .. } => {
                    let action = number(&params);
                    let model = self.model.room(&id.to_string());
                    (seq.or_else(|| model?.seq_of(action?)), action)
                }
                ServerMessage::Cleared { seq, .. } => (seq, None),
                ServerMessage::Ack { seq, .. } | ServerMessage::Synced(seq) | ServerMessage::Resync(seq) => {
                    (Some(seq), None)
                }
                _ => continue,
            };
            let Some(seq) = seq else { continue };
            ensure(kept.is_some_and(|(kept, _)| seq <= kept))?;
            if let Some(action) = action {
                let first = *self.served.entry((id, seq)).or_insert(action);
                Invariant::OneActionASeq.ensure(first == action, || {
                    format!("seq {seq} of {id} was action {first} and is {action}")
                })?;
            }
        }
        Ok(())
    }

    /// Checks the end of a connection: nobody hears of a close that may be forgotten.
    pub(super) fn check_ended(&self, id: Option<RoomId>, code: CloseCode) -> Checked {
        let (Some(id), CloseCode::RoomClosed) = (id, code) else { return Ok(()) };
        let is_kept = match (&self.journal, &self.cluster) {
            (Some(journal), _) => journal.has_closed(id),
            (None, Some(_)) => self.model.room(&id.to_string()).is_some_and(|room| !room.is_open),
            (None, None) => true,
        };
        Invariant::CloseIsKept.ensure(is_kept, || format!("the close of {id} was told and isn't kept"))
    }
}
