//! Followers in step: each has everything, and is sent the same frames as the others. So a frame is
//! made once for all of them. How far they are is their [`Standing`]; the server keeps it while a
//! follower is in step.

use crate::Rendering;
use crate::mutation::mutated;
use crate::room::Room;
use crate::room::followers::{News, Standing};
use crate::room::log::{Cursor, Frame, Position};

impl Room {
    /// What followers are told beside actions.
    pub(crate) fn news(&self) -> News {
        let audience = self.shares_audience.then(|| self.audience());
        News { owner: self.owner_presence(), audience }
    }

    /// Makes a frame of what comes next for every follower with this standing, and returns how far
    /// they are once they have it. An empty frame need not be sent. None if each of them must be
    /// served on its own: there are news beside actions, or it has fallen off the ring.
    pub fn serve_in_step(
        &mut self,
        rendering: Rendering,
        standing: Standing,
        frame: &mut Frame,
    ) -> Option<Standing> {
        frame.clear();
        let until = if mutated!(ServeBeforeKept) { u64::MAX } else { self.durable };
        let log = match rendering {
            Rendering::Compact => &mut self.compact,
            Rendering::Original => self.original.as_mut()?,
        };
        if !log.reaches_back_to(standing.seq) {
            return None;
        }
        let seq = log.serve(standing.seq, until, frame);
        frame.contents_mut().actions += seq - standing.seq;
        let has_news = standing.news != self.number_news();
        (!has_news && !self.is_over()).then_some(Standing { seq, ..standing })
    }

    /// Where a follower stands that was served and told everything.
    pub fn newest_standing(&mut self) -> Standing {
        Standing { seq: self.served_seq(), news: self.number_news() }
    }

    /// Notes that all followers in step were served up to this seq.
    pub fn note_in_step(&mut self, seq: u64) {
        self.followers.note_step(seq);
    }

    /// The standing of a follower that was sent these actions and was told these news, if that is
    /// all there is. The follower is in step then.
    pub(crate) fn get_in_step(&mut self, cursor: &mut Cursor, told: News) -> Option<Standing> {
        let (Some(follower), Position::Live { seq }) = (cursor.follower, &cursor.position) else {
            return None;
        };
        let (seq, standing) = (*seq, self.newest_standing());
        if seq != standing.seq || told != self.news() || self.is_over() {
            return None;
        }
        cursor.position = Position::InStep { since: seq };
        self.followers.get_in_step(follower);
        Some(standing)
    }

    /// Serves a follower on its own again. One that isn't in step stays where it is.
    pub(crate) fn leave_step(&mut self, cursor: &mut Cursor, standing: Standing) {
        let (Some(follower), Position::InStep { since }) = (cursor.follower, &cursor.position) else {
            return;
        };
        let seq = if mutated!(ForgetStep) { *since } else { standing.seq };
        cursor.position = Position::Live { seq };
        self.followers.leave_step(follower, seq);
    }

    /// Whether all that is left to tell followers is the end.
    fn is_over(&self) -> bool {
        self.has_ended() || self.is_retired
    }

    fn number_news(&mut self) -> u32 {
        let news = self.news();
        self.news_number.of(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, KeyDigest, Limits, OwnerPresence, RoomId, Timestamp};

    fn room() -> Room {
        Room::new(RoomId::from_random(1), KeyDigest([0; 32]), None, Limits::default())
    }

    fn act(room: &mut Room) {
        let action = Action { key: "goTo", params: "[1]", slot: None, at: None };
        room.action(None, action, Timestamp(0)).unwrap();
    }

    fn get_in_step(room: &mut Room, cursor: &mut Cursor) -> Option<Standing> {
        let told = room.news();
        room.get_in_step(cursor, told)
    }

    /// A follower that was served everything, and where it stands.
    fn follow(room: &mut Room, rendering: Rendering) -> (Cursor, Standing) {
        let mut cursor = room.join(rendering, None).unwrap();
        room.serve(&mut cursor, &mut Frame::default());
        let standing = get_in_step(room, &mut cursor).unwrap();
        (cursor, standing)
    }

    fn text(frame: &Frame) -> String {
        String::from_utf8(frame.payload().to_vec()).unwrap()
    }

    #[test]
    fn all_in_step_are_sent_the_same_as_each_would_be_alone() {
        let mut room = room();
        for rendering in [Rendering::Compact, Rendering::Original] {
            let (_first, standing) = follow(&mut room, rendering);
            let (_second, second) = follow(&mut room, rendering);
            assert_eq!(standing, second);
            let mut alone = room.join(rendering, None).unwrap();
            let [mut frame, mut expected] = [Frame::default(), Frame::default()];
            room.serve(&mut alone, &mut expected);
            act(&mut room);
            act(&mut room);
            let next = room.serve_in_step(rendering, standing, &mut frame).unwrap();
            room.serve(&mut alone, &mut expected);
            assert_eq!(text(&frame), text(&expected));
            assert_eq!((frame.contents().actions, next.seq()), (2, room.head()));
            room.serve_in_step(rendering, next, &mut frame).unwrap();
            assert!(frame.is_empty());
        }
    }

    #[test]
    fn only_who_has_everything_gets_in_step() {
        let mut room = room();
        let mut cursor = room.join(Rendering::Compact, None).unwrap();
        assert_eq!(get_in_step(&mut room, &mut cursor), None, "the snapshot is not served");
        room.serve(&mut cursor, &mut Frame::default());
        act(&mut room);
        assert_eq!(get_in_step(&mut room, &mut cursor), None, "an action is not served");
        room.serve(&mut cursor, &mut Frame::default());
        let old = News { owner: OwnerPresence::Away, audience: None };
        assert_eq!(room.get_in_step(&mut cursor, old), None, "it was not told that the owner is here");
        assert!(get_in_step(&mut room, &mut cursor).is_some());
        assert_eq!(get_in_step(&mut room, &mut cursor), None, "it is in step");
    }

    #[test]
    fn news_and_the_end_are_told_to_each() {
        let mut room = room();
        let (_follower, standing) = follow(&mut room, Rendering::Compact);
        let mut frame = Frame::default();
        assert!(room.serve_in_step(Rendering::Compact, standing, &mut frame).is_some());
        room.owner_left(1, Timestamp(0));
        assert_eq!(room.serve_in_step(Rendering::Compact, standing, &mut frame), None);
        let (_follower, standing) = follow(&mut room, Rendering::Compact);
        assert!(room.serve_in_step(Rendering::Compact, standing, &mut frame).is_some());
        room.close();
        assert_eq!(room.serve_in_step(Rendering::Compact, standing, &mut frame), None);
    }

    #[test]
    fn who_has_fallen_off_the_ring_is_served_alone() {
        let limits = Limits::default().with(|limits| limits.ring_actions = 2);
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([0; 32]), None, limits);
        let (mut follower, standing) = follow(&mut room, Rendering::Compact);
        (0..3).for_each(|_| act(&mut room));
        let mut frame = Frame::default();
        assert_eq!(room.serve_in_step(Rendering::Compact, standing, &mut frame), None);
        room.leave_step(&mut follower, standing);
        room.serve(&mut follower, &mut frame);
        assert_eq!(frame.contents().resyncs, 1);
    }

    #[test]
    fn who_leaves_its_step_goes_on_from_where_it_stands() {
        let mut room = room();
        let (mut follower, standing) = follow(&mut room, Rendering::Compact);
        act(&mut room);
        let mut frame = Frame::default();
        let standing = room.serve_in_step(Rendering::Compact, standing, &mut frame).unwrap();
        act(&mut room);
        room.leave_step(&mut follower, standing);
        room.serve(&mut follower, &mut frame);
        assert_eq!((frame.contents().actions, follower.seq()), (1, 2));
        room.leave_step(&mut follower, standing);
        assert_eq!(follower.seq(), 2, "it isn't in step");
    }
}
