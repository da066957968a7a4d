//! The world of the simulation of hand-overs: one room, its pages, and what happens to them.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{Limits, Peer, RoomId, Timestamp};

use super::connection::Connection;
use super::goals::HandOverGoals;
use super::judge::Log;
use super::page::{HandOverPage, Question, Who, Wish};
use super::program::{HandOverProgram, HandOverStep};
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::table::Table;

/// Who the pages are. Two of them have the same key.
const PAGES: [Who; 8] = [
    Who::Creator,
    Who::Guest(1),
    Who::Guest(2),
    Who::Guest(1),
    Who::Guest(3),
    Who::Follower,
    Who::Elder,
    Who::Guest(4),
];
/// The page with the owner key that knows no seats.
pub(super) const ELDER: usize = 6;
/// How much a page may have unanswered.
const OUTBOX: usize = 6;

/// The world.
#[derive(Debug)]
pub(super) struct HandOverWorld {
    pub(super) now: u64,
    pub(super) limits: Limits,
    pub(super) is_kept_at_once: bool,
    /// Whether the creator has invited both guests before the first step.
    has_guests: bool,
    pub(super) table: Table,
    pub(super) room: RoomId,
    /// What the journal has kept.
    pub(super) kept: Vec<u8>,
    pub(super) pages: Vec<HandOverPage>,
    /// Connections whose pages have gone on, and that the server still has.
    pub(super) formers: Vec<(usize, Connection)>,
    /// A follower that misses nothing. The log is what it is served.
    pub(super) observer: Peer,
    pub(super) log: Log,
    /// The seats of the keys that were made good.
    pub(super) good_keys: BTreeMap<usize, u32>,
    /// When the keys of seats expire.
    pub(super) expires: BTreeMap<u32, u64>,
    /// Seats whose keys are good no longer, or whose requests were refused, and whose askers know.
    pub(super) ended: BTreeMap<u32, &'static str>,
    /// How many frames the server has heard, with which of them each page has asked last, and with
    /// which the request of each seat was refused last.
    pub(super) heard: u64,
    pub(super) requested: BTreeMap<usize, u64>,
    pub(super) refused: BTreeMap<u32, u64>,
    /// The room has ended.
    pub(super) is_over: bool,
    pub(super) goals: HandOverGoals,
    pub(super) trace: Option<Vec<String>>,
}

impl HandOverWorld {
    pub(super) fn new(program: &HandOverProgram, traced: bool) -> Self {
        let limits = Limits::default().with(|limits| limits.ring_actions = program.ring_actions.into());
        Self {
            now: 1_000_000,
            table: Table::new(limits.clone(), true),
            limits,
            is_kept_at_once: program.is_kept_at_once,
            has_guests: program.has_guests,
            room: RoomId::from_random(1),
            kept: Vec::new(),
            pages: PAGES.into_iter().map(HandOverPage::new).collect(),
            formers: Vec::new(),
            observer: Peer::default(),
            log: Log::default(),
            good_keys: BTreeMap::new(),
            expires: BTreeMap::new(),
            ended: BTreeMap::new(),
            heard: 0,
            requested: BTreeMap::new(),
            refused: BTreeMap::new(),
            is_over: false,
            goals: HandOverGoals::default(),
            trace: traced.then(Vec::new),
        }
    }

    pub(super) fn play(&mut self, steps: &[HandOverStep]) -> Checked {
        self.open()?;
        if self.has_guests {
            for key in [1, 2] {
                self.ask(0, Question::Invite { key, expires_ms: None })?;
            }
        }
        for step in steps {
            self.come_back()?;
            self.note(|| format!("{step:?}"));
            self.step(step)?;
            self.arrive()?;
            if self.is_over {
                return Ok(());
            }
        }
        self.settle_all()
    }

    fn step(&mut self, step: &HandOverStep) -> Checked {
        match *step {
            HandOverStep::Act(page) => self.wish(self.driving(page), Wish::Act),
            HandOverStep::Drive(page, to) => match self.seat_for(to) {
                Some(seat) => self.wish(self.driving(page), Wish::Drive(seat)),
                None => Ok(()),
            },
            HandOverStep::Invite(guest, seconds) => {
                let expires_ms = seconds.map(|seconds| u64::from(seconds) * 1_000);
                self.ask(0, Question::Invite { key: guest.into(), expires_ms })
            }
            HandOverStep::Request(page) => self.request(page.into()),
            HandOverStep::Refuse(page, of) => match self.pages[usize::from(of)].seat {
                Some(seat) => {
                    let page = if page < 4 { 0 } else { self.driving(page) };
                    self.ask(page, Question::Refuse(seat))
                }
                None => Ok(()),
            },
            HandOverStep::Revoke(page) => match self.seat_for(page) {
                Some(seat) if seat != 0 => self.ask(0, Question::Revoke(seat)),
                _ => Ok(()),
            },
            HandOverStep::TakeBack => self.ask(0, Question::TakeBack),
            HandOverStep::Manage(page, what) => self.try_to_manage(page.into(), what),
            HandOverStep::Come(page) => {
                self.pages[usize::from(page)].is_away = false;
                self.come_back()
            }
            HandOverStep::Cut(page) => {
                self.pages[usize::from(page)].is_away = true;
                self.drop_connection(page.into());
                Ok(())
            }
            HandOverStep::Overtake(page) => self.enter_anew(page.into()),
            HandOverStep::Former(frames) => self.hear_former(0, frames),
            HandOverStep::Slow(page, is_slow) => {
                self.pages[usize::from(page)].is_slow = is_slow;
                Ok(())
            }
            HandOverStep::Deliver(page, up, down) => {
                self.deliver_up(page.into(), up.into())?;
                self.deliver_down(page.into(), down.into())
            }
            HandOverStep::Reload(page) => self.reload(page.into()),
            HandOverStep::Leave(page) => self.leave(self.driving(page)),
            HandOverStep::Commit => self.commit(),
            HandOverStep::Checkpoint => {
                self.table.all_mut().for_each(rtbroadcaster_protocol::Room::stage_checkpoint);
                Ok(())
            }
            HandOverStep::Restart => self.restart(),
            HandOverStep::Wait(milliseconds) => self.advance(milliseconds.into()),
            HandOverStep::Idle(seconds) => self.advance(u64::from(seconds) * 1_000),
        }
    }

    /// A page that drives, as far as it knows: the first one from this page on. This page if there
    /// is none.
    fn driving(&self, from: u8) -> usize {
        let count = self.pages.len();
        let pages = (0..count).map(|at| (usize::from(from) + at) % count);
        { pages }.find(|page| self.pages[*page].drives).unwrap_or(from.into())
    }

    /// The seat of another page than the one that drives, if one has a seat.
    fn seat_for(&self, number: u8) -> Option<u32> {
        let others = self.pages.iter().filter(|page| !page.drives);
        let seats: Vec<u32> = others.filter_map(|page| page.seat).collect();
        seats.get(usize::from(number) % seats.len().max(1)).copied()
    }

    /// A page that drives, as far as it knows, acts or hands over.
    fn wish(&mut self, index: usize, wish: Wish) -> Checked {
        let page = &mut self.pages[index];
        let may_pass = page.knows_seats() || wish == Wish::Act;
        if !page.drives || page.has_ended || !may_pass || page.outbox.len() >= OUTBOX {
            return Ok(());
        }
        let id = page.wish(wish);
        if self.pages[index].is_connected {
            self.say(index, id, wish);
        }
        Ok(())
    }

    /// The key is in the address, if there is one.
    pub(super) fn reload(&mut self, index: usize) -> Checked {
        self.drop_connection(index);
        let has_link = matches!(self.pages[index].who, Who::Guest(key) if self.good_keys.contains_key(&key));
        let has_key = has_link || self.pages[index].has_key;
        let page = self.pages[index].reloaded(has_key);
        self.pages[index] = page;
        self.come_back()
    }

    /// Pages that aren't away connect.
    pub(super) fn come_back(&mut self) -> Checked {
        for index in 0..self.pages.len() {
            let page = &self.pages[index];
            if page.connection.is_none() && !page.is_away && !page.has_ended {
                self.connect(index);
            }
        }
        self.arrive()
    }

    /// All that doesn't wait arrives, until nothing more comes of it.
    pub(super) fn arrive(&mut self) -> Checked {
        for _ in 0..50 {
            self.pump()?;
            let mut is_quiet = true;
            for index in 0..self.pages.len() {
                let page = &self.pages[index];
                let waits = page.connection.as_ref().is_some_and(|connection| {
                    !connection.down.is_empty() || (!connection.up.is_empty() && !connection.is_over)
                });
                if waits && !page.is_slow {
                    is_quiet = false;
                    self.deliver_up(index, usize::MAX)?;
                    self.deliver_down(index, usize::MAX)?;
                }
            }
            if is_quiet {
                return Ok(());
            }
        }
        Err(Invariant::DriversConverge.violated("pages and the room never come to rest"))
    }

    /// Lets time pass, and does whatever is due on the way.
    pub(super) fn advance(&mut self, milliseconds: u64) -> Checked {
        let until = self.now + milliseconds;
        loop {
            let due = self.table.rooms.next_alarm().map(|Timestamp(at)| at).filter(|at| *at <= until);
            self.now = self.now.max(due.unwrap_or(until));
            self.tick();
            self.arrive()?;
            if due.is_none() || self.is_over {
                return Ok(());
            }
        }
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9} {}", self.now, what()));
        }
    }
}
