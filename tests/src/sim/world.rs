//! The world: servers, pages, the connections between them, and the clock.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rtbroadcaster_protocol::{Goal, Input, Limits, OwnerPresence, RoomId, Timestamp};

use super::cluster::Cluster;
use super::coverage::Coverage;
use super::invariant::{Checked, Invariant, Violation};
use super::journal::Journal;
use super::link::{Down, Link, LinkId, Up};
use super::model::Model;
use super::page::{Kind, Legacy, Modern, Page};
use super::program::Program;
use super::server::Server;

/// A socket that ended without a close frame.
pub(super) const ABNORMAL: u16 = 1006;

/// The result of a run without a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The goals that it has reached.
    pub coverage: Coverage,
    /// Everything that happened, if a trace was asked for.
    pub trace: Vec<String>,
}

/// Plays a program. With `traced` it records all that happens; after a violation the error holds
/// the record too.
///
/// # Errors
/// The first violation of an invariant, and the trace.
pub fn run(program: &Program, traced: bool) -> Result<Run, (Violation, Vec<String>)> {
    let mut world = World::new(program, traced);
    let played = catch_unwind(AssertUnwindSafe(|| world.play(program))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
        Err(Invariant::NoPanic.violated(format!("panicked: {said}")))
    });
    let trace = world.trace.take().unwrap_or_default();
    match played {
        Ok(()) => Ok(Run { coverage: world.coverage, trace }),
        Err(violation) => Err((violation, trace)),
    }
}

/// Everything that exists in a run.
#[derive(Debug)]
pub struct World {
    pub(super) now: Timestamp,
    pub(super) limits: Limits,
    pub(super) share_audience: bool,
    pub(super) large_bytes: usize,
    pub(super) servers: Vec<Server>,
    pub(super) links: BTreeMap<LinkId, Link>,
    pub(super) next_link: LinkId,
    pub(super) pages: Vec<Page>,
    /// What all rooms must be. In a cluster that is what their logs say, and each server has a
    /// model of its own of what it has made of them.
    pub(super) model: Model,
    /// None if the server keeps its rooms in memory only.
    pub(super) journal: Option<Journal>,
    /// None if there is only one server.
    pub(super) cluster: Option<Cluster>,
    /// Which action was served at which seq, if rooms outlive a server.
    pub(super) served: BTreeMap<(RoomId, u64), u64>,
    pub(super) coverage: Coverage,
    /// The number of the newest action of all.
    pub(super) last_number: u64,
    trace: Option<Vec<String>>,
}

impl World {
    fn new(program: &Program, traced: bool) -> Self {
        let limits = program.settings.limits();
        Self {
            now: Timestamp(1_000),
            share_audience: program.settings.share_audience,
            large_bytes: program.settings.large_bytes,
            servers: Server::all(program, &limits),
            links: BTreeMap::new(),
            next_link: 0,
            pages: Vec::new(),
            model: Model::new(limits.clone()),
            journal: program.settings.has_journal.then(Journal::default),
            cluster: (program.servers > 1).then(|| Cluster::new(program)),
            served: BTreeMap::new(),
            coverage: Coverage::default(),
            last_number: 0,
            trace: traced.then(Vec::new),
            limits,
        }
    }

    fn play(&mut self, program: &Program) -> Checked {
        self.open_page(Kind::Modern(Box::new(Modern::new(Goal::Create, 0, self.share_audience))))?;
        self.advance(200)?;
        for _ in 0..program.settings.followers_at_start {
            self.join()?;
        }
        for step in &program.steps {
            self.note(|| format!("{step:?}"));
            self.take(step)?;
            self.advance(0)?;
        }
        self.conclude()
    }

    /// Notes an event in the trace.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9} {}", self.now.0, what()));
        }
    }

    /// A page comes and begins to connect.
    pub(super) fn open_page(&mut self, kind: Kind) -> Checked {
        let index = self.pages.len();
        self.pages.push(Page::new(kind, index));
        match &self.pages[index].kind {
            Kind::Modern(_) => self.tell(index, Input::Start),
            Kind::Legacy(_) => {
                self.connect(index);
                Ok(())
            }
        }
    }

    /// A page opens a socket.
    pub(super) fn connect(&mut self, page: usize) {
        self.let_go(page, false);
        let id = self.next_link;
        self.next_link += 1;
        let arrives = self.arrival(page);
        let server = self.server_for(id);
        let mut link = Link::new(page, server.unwrap_or_default());
        // Without a network or a server, the attempt fails at once or never ends.
        if self.pages[page].is_offline || server.is_none() {
            if page.is_multiple_of(2) || !self.pages[page].is_offline {
                link.send_down(arrives, Down::Closed(ABNORMAL));
            } else {
                link.break_off();
            }
        } else {
            link.send_up(arrives, Up::Open);
        }
        self.links.insert(id, link);
        self.pages[page].link = Some(id);
    }

    /// A page gives up its socket. With `silently`, the server does not hear of it.
    pub(super) fn let_go(&mut self, page: usize, silently: bool) {
        let Some(id) = self.pages[page].link.take() else { return };
        self.pages[page].written = None;
        let arrives = self.arrival(page);
        if let Some(link) = self.links.get_mut(&id) {
            link.is_looked_at = false;
            if silently {
                link.break_off();
            } else {
                link.send_up(arrives, Up::Closed);
            }
        }
        if let Some(modern) = self.pages[page].modern_mut()
            && modern.witness.disconnected()
        {
            self.coverage.hit("a snapshot was cut off");
        }
    }

    /// The server closes a connection with this code, which reaches the page if the network works.
    pub(super) fn hang_up(&mut self, id: LinkId, code: u16) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let arrives = self.now.after(self.pages[link.page].delay_ms);
        link.send_down(arrives, Down::Closed(code));
        let Some(mut served) = link.served.take() else { return };
        let server = link.server;
        served.peer.disconnected(self.now, &mut self.servers[server].table);
        self.note_left(server, id);
    }

    /// The moment at which a frame from or to a page arrives if it is sent now.
    pub(super) fn arrival(&self, page: usize) -> Timestamp {
        self.now.after(self.pages[page].delay_ms)
    }

    /// Checks what must hold at every moment, beyond the checks elsewhere.
    pub(super) fn check(&self) -> Checked {
        let mut servers = 0..self.servers.len();
        servers.try_for_each(|server| self.check_rooms(server))?;
        self.check_owners()
    }

    /// Checks the rooms of a server against its model.
    fn check_rooms(&self, server: usize) -> Checked {
        if !self.is_running(server) {
            return Ok(());
        }
        let (table, model) = (&self.servers[server].table, self.view(server));
        for (uuid, expected) in model.open_rooms() {
            let room = RoomId::parse(uuid).and_then(|id| table.rooms.get(id));
            let room = room.ok_or_else(|| Invariant::ClosingIsFinal.violated(format!("{uuid} is gone")))?;
            if self.servers[server].has_lost(room.id()) {
                continue;
            }
            Invariant::SingleWriter.ensure(room.head() == expected.head(), || {
                format!("the head of {uuid} is {}, not {}", room.head(), expected.head())
            })?;
            let overdue =
                expected.away_since.is_some_and(|since| self.now >= since.after(self.limits.owner_grace_ms));
            Invariant::ClosingIsFinal.ensure(!overdue, || format!("{uuid} lives on beyond its grace"))?;
            let is_here = room.owner_presence() == OwnerPresence::Here;
            Invariant::Convergence.ensure(is_here == expected.writer.is_some(), || {
                format!("server {server} says that the owner of {uuid} is here: {is_here}")
            })?;
            let followers = self.followers(server, room.id());
            Invariant::Limits.ensure(room.followers() == followers, || {
                format!("{uuid} counts {} followers, there are {followers}", room.followers())
            })?;
            Invariant::Limits.ensure(followers <= self.limits.followers_per_room, || {
                format!("{uuid} has {followers} followers")
            })?;
        }
        let rooms = model.open_rooms().count();
        // A room whose close isn't kept yet is still in the table.
        let in_table = table.rooms.iter().filter(|room| !room.is_closed() || room.has_ended()).count();
        Invariant::Limits.ensure(in_table == rooms && rooms <= self.limits.rooms, || {
            format!("the table has {in_table} rooms, there are {rooms}")
        })
    }

    /// Checks that each owner whose claim is over was told.
    fn check_owners(&self) -> Checked {
        for (id, link) in self.links.iter().filter(|(_, link)| self.is_running(link.server)) {
            let Some(served) = link
                .served
                .as_ref()
                .filter(|served| served.peer.is_owner() && !served.peer.is_ending() && !served.is_due)
            else {
                continue;
            };
            let room = served.room().and_then(|room| self.view(link.server).room(&room.to_string()));
            // Before what it did is kept, it isn't told anything.
            let table = &self.servers[link.server].table;
            let waits = served.room().and_then(|room| table.find(room)?.unkept_mark()).is_some();
            let is_in_force = waits || room.is_none_or(|room| !room.is_open || room.writer == Some(*id));
            Invariant::SingleWriter
                .ensure(is_in_force, || format!("link {id} is no owner and wasn't told"))?;
        }
        Ok(())
    }

    /// How many connections to this server a room has, without its owners'.
    pub(super) fn followers(&self, server: usize, id: RoomId) -> usize {
        let links = self.links.values().filter(|link| link.server == server);
        let served = links.filter_map(|link| link.served.as_ref());
        served.filter(|served| served.room() == Some(id) && !served.peer.is_owner()).count()
    }

    /// A page that does not speak session fields. It follows a room, or owns one if there is none
    /// to follow.
    pub(super) fn legacy(joins: Option<String>) -> Kind {
        Kind::Legacy(Legacy { joins, ..Legacy::default() })
    }
}
