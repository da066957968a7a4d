//! Time: finds what is due next, and does it.

use rtbroadcaster_protocol::{CloseCode, Input, RoomId, Timestamp};

use super::invariant::{Checked, Invariant};
use super::link::{Down, LinkId};
use super::page::Kind;
use super::world::World;

/// The most moments within one advance: with more, the world does not come to rest.
const MOMENTS: usize = 100_000;

impl World {
    /// Lets time pass, and does whatever is due on the way.
    pub(super) fn advance(&mut self, milliseconds: u64) -> Checked {
        let until = self.now.after(milliseconds);
        for _ in 0..MOMENTS {
            self.do_what_is_due()?;
            self.check()?;
            match self.next_moment() {
                Some(moment) if moment <= until => self.now = self.now.max(moment),
                _ => {
                    self.now = until;
                    return Ok(());
                }
            }
        }
        Err(Invariant::BoundedMemory.violated("the world doesn't come to rest"))
    }

    /// The next moment at which something happens by itself.
    fn next_moment(&self) -> Option<Timestamp> {
        let mut moments: Vec<_> =
            self.running().map(|at| self.servers[at].table.rooms.next_alarm()).collect();
        moments.push(self.cluster.as_ref().and_then(super::cluster::Cluster::next_moment));
        moments.push(self.next_fault_ends());
        moments.push(self.journal.as_ref().and_then(super::journal::Journal::next_moment));
        for link in self.links.values() {
            let page = &self.pages[link.page];
            if link.is_looked_at && !page.is_stalled {
                moments.push(link.down.next_arrival());
            }
            if self.is_running(link.server) {
                moments.push(link.next_arrival_up(self.now));
                moments.push(link.served.as_ref().map(|served| served.deadline(&self.limits)));
            }
        }
        moments.extend(self.pages.iter().map(super::page::Page::deadline));
        moments.into_iter().flatten().min()
    }

    fn do_what_is_due(&mut self) -> Checked {
        self.end_faults();
        self.commit_due();
        self.advance_cluster()?;
        for server in 0..self.servers.len() {
            if self.is_running(server) {
                for id in self.servers[server].table.tick(self.now) {
                    self.grace_over(server, id)?;
                }
            }
        }
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for id in &links {
            self.deliver_up(*id)?;
        }
        for id in &links {
            self.keep_time(*id);
        }
        for id in &links {
            self.deliver_down(*id)?;
        }
        for page in 0..self.pages.len() {
            if self.pages[page].deadline().is_some_and(|deadline| deadline <= self.now) {
                self.wake_page(page)?;
            }
        }
        self.serve_all()?;
        self.links.retain(|_, link| !link.is_over());
        Ok(())
    }

    fn wake_page(&mut self, page: usize) -> Checked {
        match &mut self.pages[page].kind {
            Kind::Modern(_) => self.tell(page, Input::Timeout),
            Kind::Legacy(legacy) => {
                legacy.reconnect_at = None;
                self.connect(page);
                Ok(())
            }
        }
    }

    pub(super) fn grace_over(&mut self, server: usize, id: RoomId) -> Checked {
        let uuid = id.to_string();
        let away_since = self.view(server).room(&uuid).and_then(|room| room.away_since);
        let is_over = away_since.is_some_and(|since| self.now >= since.after(self.limits.owner_grace_ms));
        Invariant::ClosingIsFinal
            .ensure(is_over, || format!("{uuid} ended, its owner away since {away_since:?}"))?;
        self.view_mut(server).closed(&uuid);
        self.coverage.hit("the grace ran out");
        Ok(())
    }

    /// Does what the server does for a connection when time passes: it sends pings, and ends a
    /// silent or slow connection.
    fn keep_time(&mut self, id: LinkId) {
        let is_running = self.links.get(&id).is_some_and(|link| self.is_running(link.server));
        let Some(link) = self.links.get_mut(&id).filter(|_| is_running) else { return };
        let (page, arrives) = (link.page, self.now.after(self.pages[link.page].delay_ms));
        let Some(served) = &mut link.served else { return };
        let due = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= self.now);
        if due(served.handshake_at(&self.limits)) {
            self.hang_up(id, CloseCode::HandshakeTimeout.value());
        } else if due(Some(served.idle_at(&self.limits))) {
            self.coverage.hit("an idle connection was closed");
            self.hang_up(id, CloseCode::IdleTimeout.value());
        } else if due(served.stalled_at(&self.limits)) {
            self.coverage.hit("a slow reader was closed");
            self.note(|| format!("page {page} takes too little"));
            self.hang_up(id, CloseCode::TooSlow.value());
        } else if due(Some(served.next_ping)) {
            served.next_ping = self.now.after(self.limits.ping_interval_ms);
            link.send_down(arrives, Down::Ping);
        }
    }
}
