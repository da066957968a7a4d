//! Programs that post actions to any server, and repeat what they get no answer to.

use rtbroadcaster_protocol::{Mark, Post, RecordedAnswer, RoomId};

use super::Cluster;
use super::event::Process;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::model::{Attempt, Fate, What, moment_field};
use crate::sim::server::Server;
use crate::sim::world::World;

/// How often a server decides again about a post whose change was lost.
const DECISIONS: u32 = 5;

/// How often a program repeats a post.
const REPETITIONS: u32 = 3;

/// How many programs post. Each posts one action after the other.
const PROGRAMS: usize = 3;

/// The model's numbers of the programs begin here: behind those of all pages.
const FIRST_PROGRAM: usize = 1_000_000;

/// An action that was posted and not answered.
#[derive(Debug, Clone)]
pub(super) struct PendingPost {
    program: usize,
    id: u64,
    what: What,
    text: String,
    room: RoomId,
    to: Process,
    /// What the answer waits for. None if nothing was decided yet.
    decided: Option<(Option<Mark>, RecordedAnswer)>,
    decisions: u32,
    repetitions: u32,
}

impl Cluster {
    pub(super) fn is_posted_to(&self, server: usize, room: RoomId) -> bool {
        self.posts.iter().any(|post| post.to.server == server && post.room == room)
    }
}

impl World {
    /// A program posts an action to one of the rooms.
    pub(super) fn post(&mut self, room: u8, server: usize, slot: Option<u8>) {
        let rooms: Vec<_> = self.model.open_rooms().map(|(uuid, _)| uuid.clone()).collect();
        let room = rooms.get(usize::from(room) % rooms.len().max(1)).and_then(|uuid| RoomId::parse(uuid));
        let (Some(room), Some(to)) = (room, self.process(server)) else { return };
        let Some(cluster) = &mut self.cluster else { return };
        let program = (0..PROGRAMS).find(|program| cluster.posts.iter().all(|post| post.program != *program));
        let Some(program) = program else { return };
        self.last_number += 1;
        let number = self.last_number;
        let slot = slot.map(|slot| format!("s{}", slot % 6));
        let state = slot.as_ref().map(|slot| format!(r#","stateMessage":true,"slot":"{slot}""#));
        let text = format!(
            r#"{{"status":{{"value":3}},"funcKey":"set","funcParams":[{number}]{}{}}}"#,
            state.unwrap_or_default(),
            moment_field(number)
        );
        let what = match slot {
            Some(slot) => What::Write { number, bytes: slot.len() + 3 + format!("[{number}]").len(), slot },
            None => What::Plain { number },
        };
        // Ids only have to grow.
        let (id, decided, decisions, repetitions) = (number, None, 0, 0);
        cluster.posts.push(PendingPost {
            program,
            id,
            what,
            text,
            room,
            to,
            decided,
            decisions,
            repetitions,
        });
    }

    /// Goes on with all posts.
    pub(super) fn advance_posts(&mut self) -> Checked {
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        let posts = std::mem::take(&mut cluster.posts);
        let mut pending = Vec::new();
        for post in posts {
            pending.extend(self.advance_post(post)?);
        }
        if let Some(cluster) = &mut self.cluster {
            cluster.posts = pending;
        }
        Ok(())
    }

    /// Goes on with a post. Returns it if it isn't answered yet.
    fn advance_post(&mut self, mut post: PendingPost) -> Checked<Option<PendingPost>> {
        let server = post.to.server;
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(None) };
        if node.process != post.to {
            return Ok(self.repeat_post(post));
        }
        if node.is_stopped {
            return Ok(Some(post));
        }
        let Some(room) = table.find(post.room) else {
            if node.absent.contains(&post.room) {
                return Ok(None);
            }
            if !node.loads.contains_key(&post.room) {
                self.load(server, post.room);
            }
            return Ok(Some(post));
        };
        let Some((mark, answer)) = &post.decided else { return self.decide_post(post) };
        if mark.is_some_and(|mark| room.is_lost(mark)) {
            self.coverage.hit("a post was decided again");
            post.decided = None;
            return if post.decisions < DECISIONS {
                self.decide_post(post)
            } else {
                Ok(self.repeat_post(post))
            };
        }
        if mark.is_none_or(|mark| room.is_kept(mark)) {
            let kept = self.model.room(&post.room.to_string());
            let at = post.what.number().and_then(|number| kept?.seq_of(number));
            let is_true = match answer {
                RecordedAnswer::Appended(seq) => at == Some(*seq),
                RecordedAnswer::Refused(_) => at.is_none(),
                RecordedAnswer::Unknown => true,
            };
            self.coverage.hit("a post was kept");
            Invariant::AcknowledgedIsKept
                .ensure(is_true, || format!("{:?} was answered {answer:?} and is at {at:?}", post.what))?;
            return Ok(None);
        }
        Ok(Some(post))
    }

    /// The server appends what was posted, if it may.
    fn decide_post(&mut self, mut post: PendingPost) -> Checked<Option<PendingPost>> {
        let (server, now) = (post.to.server, self.now);
        let table = &mut self.servers[server].table;
        let Some(room) = table.rooms.get_mut(post.room) else { return Ok(None) };
        if room.pause(now).is_some() {
            return Ok(None);
        }
        let session = format!("program-{}", post.program);
        let posting = Post { session: Some((&session, post.id)), key: None };
        let posted =
            room.as_server(now, |room| posting.append(room, std::iter::once(post.text.as_str()), now));
        // A room that is closed takes nothing.
        let Ok(posted) = posted else { return Ok(None) };
        let Some(posted) = posted.into_iter().next() else { return Ok(None) };
        let (head, mark, uuid) = (room.head(), room.unkept_mark(), room.uuid().to_owned());
        post.decided = Some((mark, posted.answer));
        post.decisions += 1;
        let attempt = Attempt {
            link: None,
            page: FIRST_PROGRAM + post.program,
            id: Some(post.id),
            what: post.what.clone(),
        };
        let view = self.view_mut(server);
        if let Some(room) = view.room_mut(&uuid).filter(|room| room.writer.is_none()) {
            // The grace starts anew.
            (room.away_since, room.left_at) = (Some(now), Some(now));
        }
        let fate = view.attempted(&uuid, &attempt, head, now)?;
        Invariant::ExactlyOnce
            .ensure(fate != Fate::Ignored, || format!("{:?} was posted and ignored", post.what))?;
        self.set_alarm(server, post.room);
        self.stage();
        Ok(Some(post))
    }

    /// A program that gets no answer asks another server.
    fn repeat_post(&mut self, mut post: PendingPost) -> Option<PendingPost> {
        if post.repetitions == REPETITIONS {
            return None;
        }
        self.coverage.hit("a post was repeated at another server");
        post.to = self.process((post.to.server + 1) % self.servers.len())?;
        (post.decided, post.decisions) = (None, 0);
        post.repetitions += 1;
        Some(post)
    }
}
