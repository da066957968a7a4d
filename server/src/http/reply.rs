//! The reply of a [`Peer`] to a create or join, for the requests that enter a room.

use rtbroadcaster_protocol::{Frame, Host, Peer, PeerOutput, Refusal, ServerMessage, parse};

use super::error::HttpError;

/// Returns the reply to a create or join as it is on the wire, or why it was refused.
pub(super) fn first_reply(peer: &mut Peer, host: &mut impl Host) -> Result<String, HttpError> {
    let mut frame = Frame::default();
    match peer.poll_output(&mut frame, host) {
        PeerOutput::Send => {}
        // A superseded owner is told nothing but the close.
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
