//! The world of the simulation of people: one room, on one server or several, and pages that come
//! and go.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{Frame, Host, KeyDigest, Limits, Peer, PeerOutput, Room, RoomId, Timestamp};
use serde_json::{Value, json};

use super::page::PeoplePage;
use super::program::PeopleStep;
use super::servers::Servers;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::server_end::text_of;

/// How many pages there are, the owner's included.
const PAGES: usize = 9;
/// How long a seat is kept, in milliseconds.
const SEAT_MS: u64 = 30_000;
/// How much earlier a seat may be given up whose server was killed: others have last heard of it so
/// long ago.
const UNHEARD_MS: u64 = 7_000;
/// After this time, all servers know what has changed on one of them.
const TOLD_MS: u64 = 3_000;
const ROSTER_PAGE: usize = 3;
const ROSTER_SHARED: usize = 4;
/// The owner key of the only room.
const KEY: &str = "key-1";

#[derive(Debug)]
pub(super) struct PeopleWorld {
    now: u64,
    shares: bool,
    limits: Limits,
    servers: Servers,
    /// The owner has been there, so that the room's log says whether it shares the roster.
    is_logged: bool,
    room: RoomId,
    pages: Vec<PeoplePage>,
    /// Whose each seat is: of one server since it started, of several for ever.
    seats: BTreeMap<u32, String>,
    pub(super) trace: Option<Vec<String>>,
}

impl PeopleWorld {
    pub(super) fn new(shares: bool, servers: usize, traced: bool) -> Self {
        let limits = Limits::default().with(|limits| {
            (limits.roster_page, limits.roster_shared) = (ROSTER_PAGE, ROSTER_SHARED);
            limits.owner_grace_ms = u64::MAX / 2;
        });
        Self {
            now: 1_000_000,
            shares,
            servers: Servers::new(&limits, servers, 1_000_000),
            is_logged: false,
            limits,
            room: RoomId::from_random(1),
            pages: (0..PAGES).map(PeoplePage::new).collect(),
            seats: BTreeMap::new(),
            trace: traced.then(Vec::new),
        }
    }

    pub(super) fn play(&mut self, steps: &[PeopleStep]) -> Checked {
        (0..self.servers.count()).try_for_each(|server| self.start_server(server, true))?;
        self.come(0)?;
        for step in steps {
            self.note(|| format!("{step:?}"));
            self.take(step)?;
            self.advance(0)?;
        }
        for index in 0..PAGES {
            self.pages[index].is_deaf = false;
        }
        self.servers.unite();
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
            let is_logged = self.servers.count() > 1 && self.is_logged;
            let is_shared = self.shares && (is_logged || self.pages[0].peer.is_some());
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
            PeopleStep::Move(page, server) => {
                self.move_to(usize::from(page) % PAGES, usize::from(server) % self.servers.count())
            }
            PeopleStep::Kill(server) => self.kill(usize::from(server) % self.servers.count()),
            PeopleStep::Separate(server, is_apart) => {
                self.servers.separate(usize::from(server) % self.servers.count(), is_apart);
                Ok(())
            }
        }
    }

    fn start_server(&mut self, server: usize, is_new: bool) -> Checked {
        let key: KeyDigest = self.servers.tables[server].digest(KEY);
        let mut room = Room::new(self.room, key, None, self.limits.clone());
        // As after a restart.
        room.owner_left(room.epoch(), Timestamp(self.now));
        self.servers.start(server, &mut room, is_new, self.now);
        if self.servers.count() == 1 {
            self.seats.clear();
        } else {
            room.share_roster(self.shares && self.is_logged);
        }
        let adopted = self.servers.tables[server].adopt(room);
        adopted.map_err(|code| Invariant::Limits.violated(format!("{code:?}")))
    }

    fn restart(&mut self) -> Checked {
        let there: Vec<usize> = (0..PAGES).filter(|index| self.pages[*index].peer.is_some()).collect();
        for page in &mut self.pages {
            (page.peer, page.former, page.seat) = (None, None, None);
        }
        (0..self.servers.count()).try_for_each(|server| self.start_server(server, true))?;
        there.into_iter().try_for_each(|index| self.come(index))
    }

    fn kill(&mut self, server: usize) -> Checked {
        if self.servers.count() == 1 {
            return Ok(());
        }
        let mut there = Vec::new();
        let mut had_people = false;
        for (index, page) in self.pages.iter_mut().enumerate() {
            had_people |= page.former.take_if(|(of, _)| *of == server).is_some();
            if page.server == server {
                if page.peer.take().is_some() {
                    page.kept_until = self.now + SEAT_MS - UNHEARD_MS;
                    there.push(index);
                } else {
                    // The others tell the server, once it is there again, of their own people only.
                    page.seat = None;
                }
            }
        }
        // A server on which nobody is may also have given up the room, and have it again.
        self.start_server(server, had_people || !there.is_empty())?;
        there.into_iter().try_for_each(|index| self.move_to(index, (server + 1) % self.servers.count()))
    }

    fn move_to(&mut self, index: usize, server: usize) -> Checked {
        if self.pages[index].server == server {
            return Ok(());
        }
        let was_there = self.pages[index].peer.is_some();
        self.cut(index);
        self.forget_seat_unless_known(index, server);
        self.pages[index].server = server;
        if was_there { self.come(index) } else { Ok(()) }
    }

    /// A page has its seat again at another server only if that has heard of it.
    fn forget_seat_unless_known(&mut self, index: usize, server: usize) {
        let (now, page) = (self.now, &mut self.pages[index]);
        let is_told = |since: u64| since + TOLD_MS <= now && self.servers.hear_all_since(since);
        if !is_told(page.came_at) || !is_told(self.servers.started[server]) {
            page.seat = None;
        }
    }

    fn come(&mut self, index: usize) -> Checked {
        if self.pages[index].peer.is_some() {
            return Ok(());
        }
        let (mut peer, server) = (Peer::default(), self.pages[index].server);
        let first = self.first_message(index);
        peer.receive_frame(&first, Timestamp(self.now), &mut self.servers.tables[server]);
        if index == 0 && !std::mem::replace(&mut self.is_logged, true) && self.servers.count() > 1 {
            for table in &mut self.servers.tables {
                table.with(self.room, |room| room.share_roster(self.shares));
            }
        }
        let page = &mut self.pages[index];
        page.peer = Some(peer);
        page.seat = page.seat.filter(|_| page.kept_until > self.now);
        page.came_at = self.now;
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
        let here = page.peer.take().map(|peer| (page.server, peer));
        for (server, mut peer) in [here, page.former.take()].into_iter().flatten() {
            peer.disconnected(Timestamp(now), &mut self.servers.tables[server]);
            page.kept_until = now + SEAT_MS;
        }
    }

    fn overtake(&mut self, index: usize) -> Checked {
        let page = &mut self.pages[index];
        if page.former.is_some() || page.peer.is_none() {
            return Ok(());
        }
        page.kept_until = self.now + SEAT_MS;
        page.former = page.peer.take().map(|peer| (page.server, peer));
        self.come(index)
    }

    fn leave(&mut self, index: usize) -> Checked {
        let page = &mut self.pages[index];
        let Some(peer) = page.peer.as_mut().filter(|_| !page.is_owner) else { return Ok(()) };
        let table = &mut self.servers.tables[page.server];
        peer.receive_frame(r#"{"status":{"value":4}}"#, Timestamp(self.now), table);
        self.cut(index);
        let page = &mut self.pages[index];
        (page.seat, page.life) = (None, page.life + 1);
        Ok(())
    }

    /// Many who come and go in one moment.
    fn crowd(&mut self, people: u8) -> Checked {
        for number in 0..usize::from(people) {
            let join =
                json!({"uuid": self.room.to_string(), "status": {"value": 2}, "v": 2, "name": "crowd"});
            let (mut peer, server) = (Peer::default(), number % self.servers.count());
            let table = &mut self.servers.tables[server];
            peer.receive_frame(&join.to_string(), Timestamp(self.now), table);
            peer.disconnected(Timestamp(self.now), table);
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
            let alarms = self.servers.tables.iter().filter_map(|table| table.rooms.next_alarm());
            let says = (self.servers.count() > 1).then_some(self.servers.says_at);
            match asks.chain(alarms.map(|Timestamp(at)| at)).chain(says).min() {
                Some(moment) if moment <= until => self.now = self.now.max(moment),
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    fn do_what_is_due(&mut self) -> Checked {
        for table in &mut self.servers.tables {
            table.tick(Timestamp(self.now));
        }
        self.servers.talk(self.room, self.now);
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
            peer.receive_frame(&question, Timestamp(now), &mut self.servers.tables[page.server]);
        }
    }

    fn serve(&mut self, index: usize) -> Checked {
        let mut frame = Frame::default();
        if let Some((server, former)) = &mut self.pages[index].former {
            // Nobody reads it.
            let _ = former.poll_output(&mut frame, &mut self.servers.tables[*server]);
        }
        let server = self.pages[index].server;
        while !self.pages[index].is_deaf
            && let Some(peer) = &mut self.pages[index].peer
        {
            match peer.poll_output(&mut frame, &mut self.servers.tables[server]) {
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
                let table = &self.servers.tables[self.pages[index].server];
                let named = table.find(self.room).map_or(0, Room::named);
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
