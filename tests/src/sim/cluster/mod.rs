//! Several servers that keep their rooms together in a log, over a network that delays, loses and
//! repeats what they say.

mod event;
mod faults;
mod goals;
mod loading;
mod log;
mod looking_after;
mod node;
mod posts;
mod proposing;
mod receiving;

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{RoomId, Timestamp};

use super::harness::mixed;
use super::invariant::Checked;
use super::program::Program;
use super::world::World;

use event::{Event, Process, Queue};
pub use goals::CLUSTER_GOALS;
use log::SharedLog;
pub(super) use node::Node;
use posts::PendingPost;

/// How long a message takes at least, in milliseconds.
const LATENCY_MS: u64 = 1;
/// How much longer one may take in the worst weather.
const DELAY_MS: u64 = 600;

/// The log, and what is on its way.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) log: SharedLog,
    queue: Queue,
    /// How bad the network is, from 0 to 100.
    weather: u64,
    /// How often chance was asked.
    throws: u64,
    /// The most bytes of records in an entry.
    max_bytes: usize,
    /// How many processes there have been.
    processes: u64,
    /// Since when nothing is heard of processes.
    silent: BTreeMap<u64, Timestamp>,
    posts: Vec<PendingPost>,
}

impl Cluster {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            log: SharedLog::default(),
            queue: Queue::default(),
            weather: 0,
            throws: 0,
            // Some groups take several entries.
            max_bytes: 200 + program.settings.large_bytes / 3,
            processes: program.servers as u64,
            silent: BTreeMap::new(),
            posts: Vec::new(),
        }
    }

    pub(super) fn next_moment(&self) -> Option<Timestamp> {
        self.queue.next_moment()
    }

    /// A number by chance, below `end`.
    fn throw(&mut self, end: u64) -> u64 {
        self.throws += 1;
        mixed(self.throws) % end.max(1)
    }

    /// Whether something goes wrong that does in so many of a hundred cases in the worst weather.
    fn goes_wrong(&mut self, percent: u64) -> bool {
        self.throw(10_000) < percent * self.weather
    }

    /// How long a message takes.
    fn delay(&mut self) -> u64 {
        let longest = if self.goes_wrong(25) { DELAY_MS * 5 } else { DELAY_MS * self.weather / 500 + 3 };
        LATENCY_MS + self.throw(longest)
    }
}

impl World {
    /// Lets happen between the servers what is due.
    pub(super) fn advance_cluster(&mut self) -> Checked {
        if self.cluster.is_none() {
            return Ok(());
        }
        while let Some(event) = self.cluster.as_mut().and_then(|cluster| cluster.queue.take_due(self.now)) {
            self.happens(event)?;
        }
        self.advance_posts()?;
        self.stage();
        self.tell_audiences();
        Ok(())
    }

    fn happens(&mut self, event: Event) -> Checked {
        if let Some(Process { server, writer }) = event.process() {
            let Some(node) = &self.servers[server].node else { return Ok(()) };
            if node.process.writer != writer || node.is_cut_off() && event.is_message() {
                return Ok(());
            }
            if node.is_stopped {
                let due = node.stopped_until;
                self.schedule(due, event);
                return Ok(());
            }
        }
        match event {
            Event::Proposed { from, room, sent } => self.proposed(from, room, sent),
            Event::Answered { to, room, number, position } => {
                self.log_answers(to.server, room, number, position)
            }
            Event::Live { to, room, position } => self.take_entry(to.server, room, position),
            Event::Audience { to, room, from, audience } => {
                self.hear_audience(to.server, room, from, audience)
            }
            Event::Unanswered { to, room, number } => self.send_again(to.server, room, number),
            Event::Read { to, room } => self.read_on(to.server, room),
            Event::Load { to, room } => self.load_on(to.server, room),
            Event::LookAfter { to, room } => self.look_after(to.server, room),
            Event::LookForGone { to } => self.look_for_gone(to.server),
            Event::GiveUp { to, link } => self.give_up_waiting(to.server, link),
            Event::SendAway { to } => self.send_away(to.server),
        }
    }

    fn schedule(&mut self, due: Timestamp, event: Event) {
        if let Some(cluster) = &mut self.cluster {
            cluster.queue.push(due, event);
        }
    }

    fn schedule_in(&mut self, milliseconds: u64, event: Event) {
        self.schedule(self.now.after(milliseconds), event);
    }

    /// Sends something that arrives if the network is good enough.
    fn send_message(&mut self, percent_lost: u64, event: Event) {
        let Some(cluster) = &mut self.cluster else { return };
        if !cluster.goes_wrong(percent_lost) {
            let due = self.now.after(cluster.delay());
            cluster.queue.push(due, event);
        }
    }

    fn process(&self, server: usize) -> Option<Process> {
        self.servers[server].node.as_ref().map(|node| node.process)
    }

    /// The processes beside one.
    fn others(&self, server: usize) -> Vec<Process> {
        let others = (0..self.servers.len()).filter(|other| *other != server);
        others.filter_map(|other| self.process(other)).collect()
    }

    fn has_part(&self, server: usize, room: RoomId) -> bool {
        self.servers[server].node.as_ref().is_some_and(|node| node.parts.contains_key(&room))
    }
}
