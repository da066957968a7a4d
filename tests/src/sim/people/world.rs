//! The world of the simulation of people: one room on one server, and pages that come and go.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{Frame, Host, KeyDigest, Limits, Peer, PeerOutput, Room, RoomId, Timestamp};
use serde_json::{Value, json};

use super::page::PeoplePage;
use super::program::PeopleStep;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::server_end::text_of;
use crate::sim::table::Table;

/// How many pages there are, the owner's included.
const PAGES: usize = 9;
/// How long a seat is kept, in milliseconds.
const SEAT_MS: u64 = 30_000;
const ROSTER_PAGE: usize = 3;
const ROSTER_SHARED: usize = 4;
/// The owner key of the only room.
const KEY: &str = "key-1";

#[derive(Debug)]
pub(super) struct PeopleWorld {
    now: u64,
    shares: bool,
    limits: Limits,
    table: Table,
    room: RoomId,
    pages: Vec<PeoplePage>,
    /// Whose each seat is, since the server started.
    seats: BTreeMap<u32, String>,
    pub(super) trace: Option<Vec<String>>,
}

impl PeopleWorld {
    pub(super) fn new(shares: bool, traced: bool) -> Self {
        let limits = Limits::default().with(|limits| {
            (limits.roster_page, limits.roster_shared) = (ROSTER_PAGE, ROSTER_SHARED);
            limits.owner_grace_ms = u64::MAX / 2;
        });
        Self {
            now: 1_000_000,
            shares,
            table: Table::new(limits.clone(), false),
            limits,
            room: RoomId::from_random(1),
            pages: (0..PAGES).map(PeoplePage::new).collect(),
            seats: BTreeMap::new(),
            trace: traced.then(Vec::new),
        }
    }

    pub(super) fn play(&mut self, steps: &[PeopleStep]) -> Checked {
        self.start_server()?;
        self.come(0)?;
        for step in steps {
            self.note(|| format!("{step:?}"));
            self.take(step)?;
            self.advance(0)?;
        }
        for index in 0..PAGES {
            self.pages[index].is_deaf = false;
        }
        // Longer than a seat is kept, and than reading the roster takes.
        self.advance(2 * SEAT_MS)?;
        self.check_known()
    }

    /// P1: who asked knows everybody who is there and has a name.
    fn check_known(&self) -> Checked {
        let there = self.pages.iter().filter(|page| page.peer.is_some());
        let named: BTreeMap<u32, String> =
            there.filter_map(|page| Some((page.seat?, page.name.clone()?))).collect();
        for (index, page) in self.pages.iter().enumerate() {
            // After a restart the roster is shared once the owner is back.
            let is_shared = self.shares && self.pages[0].peer.is_some();
            let may_know = page.is_owner || (is_shared && named.len() <= ROSTER_SHARED);
            if page.peer.is_none() || !page.wants || !may_know {
                continue;
            }
            Invariant::RosterIsComplete.ensure(page.known == named && !page.is_reading(), || {
                format!("page {index} knows {:?}, and there are {named:?}", page.known)
            })?;
        }
        Ok(())
    }

    fn take(&mut self, step: &PeopleStep) -> Checked {
        match *step {
            PeopleStep::Come(page) => self.come(usize::from(page) % PAGES),
            PeopleStep::Cut(page) => {
                self.cut(usize::from(page) % PAGES);
                Ok(())
            }
            PeopleStep::Overtake(page) => self.overtake(usize::from(page) % PAGES),
            PeopleStep::Leave(page) => self.leave(usize::from(page) % PAGES),
            PeopleStep::Ask(page) => {
                let (now, page) = (self.now, &mut self.pages[usize::from(page) % PAGES]);
                page.wants = true;
                if page.peer.is_some() {
                    page.read_all(now);
                }
                Ok(())
            }
            PeopleStep::Crowd(people) => self.crowd(people),
            PeopleStep::Deaf(page, is_deaf) => {
                let page = &mut self.pages[usize::from(page) % PAGES];
                page.is_deaf = is_deaf;
                page.was_deaf |= is_deaf;
                Ok(())
            }
            PeopleStep::Wait(milliseconds) => self.advance(milliseconds.into()),
            PeopleStep::Idle(seconds) => self.advance(u64::from(seconds) * 1_000),
            PeopleStep::Restart => self.restart(),
        }
    }

    fn start_server(&mut self) -> Checked {
        self.table.restart();
        self.seats.clear();
        let key: KeyDigest = self.table.digest(KEY);
        let mut room = Room::new(self.room, key, None, self.limits.clone());
        // As after a restart.
        room.owner_left(room.epoch(), Timestamp(self.now));
        self.table.adopt(room).map_err(|code| Invariant::Limits.violated(format!("{code:?}")))
    }

    fn restart(&mut self) -> Checked {
        let there: Vec<usize> = (0..PAGES).filter(|index| self.pages[*index].peer.is_some()).collect();
        for page in &mut self.pages {
            (page.peer, page.former, page.seat) = (None, None, None);
        }
        self.start_server()?;
        there.into_iter().try_for_each(|index| self.come(index))
    }

    fn come(&mut self, index: usize) -> Checked {
        if self.pages[index].peer.is_some() {
            return Ok(());
        }
        let mut peer = Peer::default();
        peer.receive_frame(&self.first_message(index), Timestamp(self.now), &mut self.table);
        let page = &mut self.pages[index];
        page.peer = Some(peer);
        page.seat = page.seat.filter(|_| page.cut_at + SEAT_MS > self.now);
        page.start_again();
        if page.wants {
            page.read_all(self.now);
        }
        self.serve(index)
    }

    fn first_message(&self, index: usize) -> String {
        let page = &self.pages[index];
        let mut message = json!({
            "uuid": self.room.to_string(),
            "status": {"value": 2},
            "v": 2,
            "session": page.session(index),
        });
        if page.is_owner {
            message["ownerKey"] = json!(KEY);
            message["shareRoster"] = json!(self.shares);
        } else if let Some(name) = &page.name {
            message["name"] = json!(name);
        }
        message.to_string()
    }

    fn cut(&mut self, index: usize) {
        let (now, page) = (self.now, &mut self.pages[index]);
        for mut peer in [page.peer.take(), page.former.take()].into_iter().flatten() {
            peer.disconnected(Timestamp(now), &mut self.table);
            page.cut_at = now;
        }
    }

    fn overtake(&mut self, index: usize) -> Checked {
        if self.pages[index].former.is_some() || self.pages[index].peer.is_none() {
            return Ok(());
        }
        self.pages[index].cut_at = self.now;
        self.pages[index].former = self.pages[index].peer.take();
        self.come(index)
    }

    fn leave(&mut self, index: usize) -> Checked {
        let page = &mut self.pages[index];
        let Some(peer) = page.peer.as_mut().filter(|_| !page.is_owner) else { return Ok(()) };
        peer.receive_frame(r#"{"status":{"value":4}}"#, Timestamp(self.now), &mut self.table);
        self.cut(index);
        let page = &mut self.pages[index];
        (page.seat, page.life) = (None, page.life + 1);
        Ok(())
    }

    /// Many who come and go in one moment.
    fn crowd(&mut self, people: u8) -> Checked {
        for _ in 0..people {
            let join =
                json!({"uuid": self.room.to_string(), "status": {"value": 2}, "v": 2, "name": "crowd"});
            let mut peer = Peer::default();
            peer.receive_frame(&join.to_string(), Timestamp(self.now), &mut self.table);
            peer.disconnected(Timestamp(self.now), &mut self.table);
        }
        self.advance(0)
    }

    /// Lets time pass, and does whatever is due on the way.
    fn advance(&mut self, milliseconds: u64) -> Checked {
        let until = self.now + milliseconds;
        loop {
            self.do_what_is_due()?;
            let asks = self.pages.iter().filter(|page| page.peer.is_some() && !page.is_deaf);
            let asks = asks.filter_map(|page| page.asks_next).map(|(_, at)| at);
            let alarm = self.table.rooms.next_alarm().map(|Timestamp(at)| at);
            match asks.chain(alarm).min() {
                Some(moment) if moment <= until => self.now = self.now.max(moment),
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    fn do_what_is_due(&mut self) -> Checked {
        self.table.tick(Timestamp(self.now));
        for index in 0..PAGES {
            self.ask(index);
            self.serve(index)?;
        }
        Ok(())
    }

    fn ask(&mut self, index: usize) {
        let (now, page) = (self.now, &mut self.pages[index]);
        let Some(peer) = page.peer.as_mut().filter(|_| !page.is_deaf) else { return };
        if let Some((after, _)) = page.asks_next.take_if(|(_, at)| *at <= now) {
            // The number of the question says where to go on, if it is refused.
            let question = json!({"ask": after, "roster": {"after": after}}).to_string();
            page.has_asked = true;
            peer.receive_frame(&question, Timestamp(now), &mut self.table);
        }
    }

    fn serve(&mut self, index: usize) -> Checked {
        let mut frame = Frame::default();
        if let Some(former) = &mut self.pages[index].former {
            // Nobody reads it.
            let _ = former.poll_output(&mut frame, &mut self.table);
        }
        while !self.pages[index].is_deaf
            && let Some(peer) = &mut self.pages[index].peer
        {
            match peer.poll_output(&mut frame, &mut self.table) {
                PeerOutput::Send => self.hear(index, &text_of(&frame)?)?,
                PeerOutput::Wait => return Ok(()),
                PeerOutput::Close(_) => self.cut(index),
            }
        }
        Ok(())
    }

    fn hear(&mut self, index: usize, text: &str) -> Checked {
        self.note(|| format!("page {index} hears {text}"));
        for line in text.lines() {
            let message: Value = serde_json::from_str(line)
                .map_err(|error| Invariant::NoPanic.violated(format!("{line} is no JSON: {error}")))?;
            let now = self.now;
            let shown = self.pages[index].hear(&message, ROSTER_PAGE, now)?;
            if shown.has_names && index > 0 {
                let named = self.table.find(self.room).map_or(0, Room::named);
                Invariant::RosterIsPrivate
                    .ensure(self.shares && named <= ROSTER_SHARED, || format!("page {index}: {line}"))?;
            }
            if let Some(seat) = shown.seat {
                self.sit(index, seat)?;
            }
        }
        Ok(())
    }

    /// P3: a seat names one session, and the session has it for as long as it is kept.
    fn sit(&mut self, index: usize, seat: u32) -> Checked {
        let page = &self.pages[index];
        let session = page.session(index);
        let owner = self.seats.entry(seat).or_insert_with(|| session.clone());
        Invariant::SeatNamesOne
            .ensure(*owner == session && seat != 0, || format!("{seat} is of {owner}, not of {session}"))?;
        Invariant::SeatNamesOne.ensure(page.seat.is_none_or(|kept| kept == seat), || {
            format!("page {index} has {seat} after {:?}", page.seat)
        })?;
        self.pages[index].seat = Some(seat);
        Ok(())
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9} {}", self.now, what()));
        }
    }
}
