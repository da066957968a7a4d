//! Lines of text as a conversation of several clients with one server.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{Delay, Frame, Limits, Peer, PeerOutput, ServerMessage, Timestamp, parse};

use crate::sim::table::Table;

/// The most frames in a row that one line may cause for one client.
const FRAMES_FOR_A_LINE: u32 = 2_000;

/// Plays a conversation. Each line is one frame of a client, after a digit that is the client's
/// number: `2{"status":{"value":1}}`. `2-` ends that client's connection, and the next line of that
/// number begins another. A line without a digit lets a second pass.
///
/// The frames to each client must be valid, a follower's actions must come in order, and no client
/// may get frames without end.
pub fn conversation(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let limits = Limits::default().with(|limits| {
        limits.ring_actions = 8;
        limits.rooms = 3;
        limits.followers_per_room = 3;
        limits.slots_per_room = 4;
        limits.owner_actions_per_second = 8;
    });
    let mut server = Server { table: Table::new(limits, false), clients: BTreeMap::new(), now: Timestamp(0) };
    for line in text.split('\n') {
        let number = line.chars().next().and_then(|first| first.to_digit(10));
        match (number, line.get(1..)) {
            (Some(number), Some("-")) => server.disconnect(number),
            (Some(number), Some(frame)) => server.receive(number, frame),
            _ => server.now = server.now.after(1_000),
        }
        server.table.tick(server.now);
        server.serve();
    }
}

struct Server {
    table: Table,
    clients: BTreeMap<u32, Client>,
    now: Timestamp,
}

#[derive(Default)]
struct Client {
    peer: Peer,
    /// The seq of the newest action that the server sent to it.
    seq: u64,
}

impl Server {
    fn receive(&mut self, number: u32, frame: &str) {
        let client = self.clients.entry(number).or_default();
        // The rest of what a too fast owner has sent is read when its pause is over.
        while client.peer.has_unread() || client.peer.pause(self.now).is_some() {
            let pause = client.peer.pause(self.now).map_or(0, Delay::milliseconds);
            self.now = self.now.after(pause);
            client.peer.resume_reading(self.now, &mut self.table);
        }
        client.peer.receive_frame(frame, self.now, &mut self.table);
    }

    fn disconnect(&mut self, number: u32) {
        if let Some(mut client) = self.clients.remove(&number) {
            client.peer.disconnected(self.now, &mut self.table);
        }
    }

    fn serve(&mut self) {
        let mut frame = Frame::default();
        let mut gone = Vec::new();
        for (number, client) in &mut self.clients {
            let mut frames = 0;
            loop {
                match client.peer.poll_output(&mut frame, &mut self.table) {
                    PeerOutput::Send => client.take(&frame),
                    PeerOutput::Wait => break,
                    PeerOutput::Close(_) => {
                        gone.push(*number);
                        break;
                    }
                }
                frames += 1;
                assert!(frames < FRAMES_FOR_A_LINE, "client {number} is sent frames without end");
            }
        }
        gone.into_iter().for_each(|number| self.disconnect(number));
    }
}

impl Client {
    fn take(&mut self, frame: &Frame) {
        let payload = frame.payload();
        let text = std::str::from_utf8(&payload).expect("a text frame is UTF-8");
        for message in parse::server_messages(text).unwrap_or_else(|error| panic!("{error}: {text}")) {
            match message {
                // A snapshot may come next, and its seqs are older.
                ServerMessage::Connected(_) | ServerMessage::Resync(_) => self.seq = 0,
                ServerMessage::Action { seq: Some(seq), .. }
                | ServerMessage::Cleared { seq: Some(seq), .. } => {
                    assert!(seq > self.seq, "{seq} came after {}: {text}", self.seq);
                    self.seq = seq;
                }
                _ => {}
            }
        }
    }
}
