//! Who may come near a room over HTTP.

use rtbroadcaster_protocol::{
    Frame, Host, KeyDigest, Operation, Peer, PeerOutput, Refusal, RefusalCode, Room, RoomId, ServerMessage,
    parse,
};

use super::error::HttpError;
use super::{Request, headers};
use crate::Manager;
use crate::connection::ConnectionHost;

/// A room, and the proof that whoever asks owns it.
pub(super) struct Owned {
    pub(super) room: RoomId,
    pub(super) key: KeyDigest,
    pub(super) host: ConnectionHost,
}

impl Owned {
    /// Does something to the room, which may be gone by now.
    pub(super) fn with<R>(
        &mut self,
        manager: &Manager,
        act: impl FnOnce(&mut Room) -> R,
    ) -> Result<R, HttpError> {
        let (key, now) = (self.key, manager.now());
        let done = self.host.with(self.room, |room| (room.as_key_holder(&key, now, act), room.take_alarm()));
        let (done, alarm) = done.ok_or(RefusalCode::UnknownRoom)?;
        if let Some(moment) = alarm {
            self.host.wake_at(self.room, moment);
        }
        Ok(done?)
    }
}

/// Finds the room of whoever has its owner key, and a token where one is needed.
pub(super) fn as_owner(manager: &Manager, request: &Request, uuid: &str) -> Result<Owned, HttpError> {
    let key = headers::owner_key(&request.headers)?;
    let token = headers::token(&request.headers)?;
    let mut host = ConnectionHost::new(manager.services().clone(), request.remote());
    let now = manager.now();
    host.may_ask_for_room(now)?;
    let room = RoomId::parse(uuid);
    if let Some(room) = room
        && !host.permissions(Operation::Claim(room), token)?.allow(Operation::Claim(room))
    {
        return Err(RefusalCode::Forbidden.into());
    }
    let key = host.digest(key);
    let found = room.and_then(|room| {
        host.with(room, |room| room.as_key_holder(&key, now, |_| ())).map(|checked| (room, checked))
    });
    match found {
        Some((room, Ok(()))) => Ok(Owned { room, key, host }),
        Some((_, Err(RefusalCode::UnknownRoom))) | None => {
            host.note_unknown_room(now);
            Err(RefusalCode::UnknownRoom.into())
        }
        Some((_, Err(code))) => Err(code.into()),
    }
}

/// The reply to a create or join, as it stands on the wire; or why it was refused.
pub(super) fn reply(peer: &mut Peer, host: &mut impl Host) -> Result<String, HttpError> {
    let mut frame = Frame::default();
    match peer.poll_output(&mut frame, host) {
        PeerOutput::Send => {}
        // Superseded: nothing is said but the close.
        PeerOutput::Close(_) => return Err(HttpError::Superseded),
        PeerOutput::Wait => return Err(HttpError::Broken),
    }
    let payload = String::from_utf8_lossy(&frame.payload()).into_owned();
    let reply = payload.lines().next().unwrap_or_default();
    match parse::server_messages(reply).unwrap_or_default().pop() {
        Some(ServerMessage::Refused(refusal)) => Err(Refusal::into(refusal)),
        _ => Ok(reply.to_owned()),
    }
}
