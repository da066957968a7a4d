//! Takes a program's steps.

use rtbroadcaster_protocol::{Action, BroadcastError, CloseCode, Goal, Input, Room, RoomId};

use super::invariant::{Checked, Invariant};
use super::link::{Down, LinkId, Up};
use super::model::{What, moment_field, moment_of};
use super::page::{Kind, Modern, Page};
use super::program::Step;
use super::world::{ABNORMAL, World};

/// The most pages of a world at a time; no more come then.
const PAGES: usize = 12;

/// Which ends of a cut connection notice.
struct Noticed {
    by_page: bool,
    by_server: bool,
}

impl World {
    pub(super) fn take(&mut self, step: &Step) -> Checked {
        match *step {
            Step::Broadcast(owner) => self.broadcast(owner, None, 0),
            Step::Write(owner, slot) => self.broadcast(owner, Some(slot), 0),
            Step::WriteLarge(owner, slot) => self.broadcast(owner, Some(slot), self.large_bytes),
            Step::Fill(owner) => {
                (0..6).try_for_each(|slot| self.broadcast(owner, Some(slot), self.large_bytes))
            }
            Step::Clear(owner, slot) => self.clear(owner, slot),
            Step::Repeat(owner) => self.repeat(owner),
            Step::Burst(owner, count) => (0..count)
                .try_for_each(|index| self.broadcast(owner, (index % 2 == 1).then_some(index / 2 % 6), 0)),
            Step::Wait(milliseconds) => self.advance(milliseconds.into()),
            Step::Idle(seconds) => self.advance(u64::from(seconds) * 1_000),
            Step::Sleep(minutes) => {
                self.now = self.now.after(u64::from(minutes) * 60_000);
                Ok(())
            }
            Step::Cut(page) => self.cut(page, &Noticed { by_page: true, by_server: true }),
            Step::CutUnnoticedByPage(page) => self.cut(page, &Noticed { by_page: false, by_server: true }),
            Step::CutUnnoticedByServer(page) => self.cut(page, &Noticed { by_page: true, by_server: false }),
            Step::HalfOpen(page) => self.cut(page, &Noticed { by_page: false, by_server: false }),
            Step::Offline(page) => {
                self.cut(page, &Noticed { by_page: false, by_server: false })?;
                self.with_page(page, |page| page.is_offline = true)
            }
            Step::Online(page) => self.with_page(page, |page| page.is_offline = false),
            Step::Stall(page) => self.with_page(page, |page| page.is_stalled = true),
            Step::Unstall(page) => self.with_page(page, |page| page.is_stalled = false),
            Step::Delay(page, milliseconds) => {
                self.with_page(page, |page| page.delay_ms = milliseconds.into())
            }
            Step::Clog(page, milliseconds) => {
                let until = self.now.after(milliseconds.into());
                self.with_page(page, |page| page.clogged_until = until)
            }
            Step::Wake(page) => {
                self.any(page, Page::is_alive).map_or(Ok(()), |page| self.tell(page, Input::Wake))
            }
            Step::Join => self.join(),
            Step::JoinLegacy => self.join_legacy(),
            Step::Leave(page) => match self.any(page, |page| page.is_alive() && !page.is_owner()) {
                Some(page) => self.close(page),
                None => Ok(()),
            },
            Step::ReloadFollower(page) => self.reload_follower(page),
            Step::ReloadOwner(page, heard) => self.reload_owner(page, heard),
            Step::SecondTab(page) => match self.any(page, Page::is_owner) {
                Some(page) => self.claim(page),
                None => Ok(()),
            },
            Step::Steal(page) => self.steal(page),
            Step::Intrude(page) => self.intrude(page),
            Step::CloseRoom(page) => match self.owner(page) {
                Some(page) => self.close(page),
                None => Ok(()),
            },
            Step::OpenRoom => self.open_room(Kind::Modern(Box::new(self.modern(Goal::Create)))),
            Step::OpenLegacyRoom => self.open_room(Self::legacy(None)),
            Step::Restart => self.restart(),
            Step::Crash => self.crash(),
            Step::Disk(milliseconds) => self.slow_down_journal(milliseconds.into()),
            Step::Checkpoint => self.stage_checkpoints(),
            Step::ShutDown(milliseconds) => self.shut_down(milliseconds.into()),
            Step::InCluster(ref step) => self.take_in_cluster(step),
        }
    }

    fn modern(&self, goal: Goal) -> Modern {
        Modern::new(goal, self.pages.len(), self.share_audience)
    }

    /// The page that a number selects among those that fit.
    fn any(&self, number: u8, fits: impl Fn(&Page) -> bool) -> Option<usize> {
        let fitting: Vec<_> = (0..self.pages.len()).filter(|index| fits(&self.pages[*index])).collect();
        fitting.get(usize::from(number) % fitting.len().max(1)).copied()
    }

    fn owner(&self, number: u8) -> Option<usize> {
        self.any(number, |page| page.is_alive() && page.is_owner() && page.has_entered())
    }

    fn with_page(&mut self, number: u8, change: impl FnOnce(&mut Page)) -> Checked {
        if let Some(page) = self.any(number, Page::is_alive) {
            change(&mut self.pages[page]);
        }
        Ok(())
    }

    fn broadcast(&mut self, owner: u8, slot: Option<u8>, padding: usize) -> Checked {
        self.owner(owner).map_or(Ok(()), |page| self.broadcast_by(page, slot, padding))
    }

    pub(super) fn broadcast_by(&mut self, page: usize, slot: Option<u8>, padding: usize) -> Checked {
        self.last_number += 1;
        let number = self.last_number;
        let slot = slot.map(|slot| format!("s{slot}"));
        // Some slots have the name of their function.
        let key = slot.clone().filter(|_| number.is_multiple_of(2)).unwrap_or_else(|| "set".to_owned());
        let params = match padding {
            0 => format!("[{number}]"),
            _ => format!("[{number},\"{}\"]", "x".repeat(padding)),
        };
        let Some(modern) = self.pages[page].modern_mut() else {
            let state =
                slot.map(|slot| format!(r#","stateMessage":true,"slot":"{slot}""#)).unwrap_or_default();
            let at = moment_field(number);
            let text =
                format!(r#"{{"status":{{"value":3}},"funcKey":"{key}","funcParams":{params}{state}{at}}}"#);
            self.send(page, text);
            return Ok(());
        };
        let waiting = modern.tickets.len() as u64;
        let (params, slot_name, at) = (params.as_str(), slot.as_deref(), moment_of(number));
        let result = modern.session.broadcast(Action { key: &key, params, slot: slot_name, at });
        let what = match slot {
            Some(slot) => What::Write { number, bytes: slot.len() + key.len() + params.len(), slot },
            None => What::Plain { number },
        };
        self.queued(page, waiting, what, result)
    }

    /// The last actions of an owner's page arrive again: other clients may repeat answered actions.
    fn repeat(&mut self, owner: u8) -> Checked {
        let again = self.owner(owner).and_then(|page| Some((page, self.pages[page].written.clone()?)));
        if let Some((page, text)) = again {
            self.send(page, text);
        }
        Ok(())
    }

    fn clear(&mut self, owner: u8, slot: u8) -> Checked {
        let Some(page) = self.owner(owner) else { return Ok(()) };
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        let slot = format!("s{slot}");
        let waiting = modern.tickets.len() as u64;
        let result = modern.session.clear(&slot);
        self.queued(page, waiting, What::Clear { slot }, result)
    }

    /// Checks a session's answer to an action against its promise about the queue.
    fn queued(
        &mut self,
        page: usize,
        waiting: u64,
        what: What,
        result: Result<u64, BroadcastError>,
    ) -> Checked {
        self.note(|| format!("page {page} wants {what:?}: {result:?}"));
        let (ring_bytes, message_bytes) = (self.limits.ring_bytes, self.limits.message_bytes);
        let Some(modern) = self.pages[page].modern_mut() else { return Ok(()) };
        let limit = modern.queue_actions;
        match result {
            Ok(ticket) => {
                modern.tickets.insert(ticket, what);
                self.drain(page)?;
                let now_waiting = self.pages[page].modern().map_or(0, |modern| modern.tickets.len() as u64);
                Invariant::BoundedMemory.ensure(now_waiting <= limit.max(waiting), || {
                    format!("page {page} has {now_waiting} actions waiting, the server lets {limit}")
                })
            }
            Err(BroadcastError::QueueFull) => {
                self.coverage.hit("the queue was full");
                Invariant::Limits.ensure(waiting >= limit || ring_bytes < 1_000_000, || {
                    format!("page {page} has {waiting} actions waiting and may have no more")
                })
            }
            Err(BroadcastError::TooLarge { .. }) => {
                self.coverage.hit("an action was too large");
                Invariant::Limits.ensure(message_bytes < 1_000, || format!("{what:?} is not too large"))
            }
            Err(BroadcastError::Closed) => Invariant::ClosingIsFinal
                .ensure(modern.is_leaving, || format!("page {page} may not broadcast any more")),
            Err(error) => Err(Invariant::Limits.violated(format!("page {page} may not broadcast: {error}"))),
        }
    }

    fn cut(&mut self, number: u8, noticed: &Noticed) -> Checked {
        let Some(page) = self.any(number, |page| page.is_loaded && page.link.is_some()) else {
            return Ok(());
        };
        let Some(id) = self.pages[page].link else { return Ok(()) };
        if let Some(link) = self.links.get_mut(&id) {
            link.break_off();
        }
        let is_running = self.links.get(&id).is_some_and(|link| self.is_running(link.server));
        if noticed.by_server && is_running {
            self.hang_up(id, ABNORMAL);
        }
        if noticed.by_page {
            self.let_go(page, true);
            self.page_disconnected(page, ABNORMAL)?;
        }
        Ok(())
    }

    fn has_space(&self) -> bool {
        self.pages.iter().filter(|page| page.is_alive()).count() < PAGES
    }

    /// The room that a new page joins: mostly the newest.
    fn wanted_room(&self) -> Option<String> {
        let back = usize::from(self.pages.len() % 4 == 3);
        let rooms = self.pages.iter().rev().filter(|page| page.is_owner()).filter_map(Page::uuid);
        rooms.clone().nth(back).or_else(|| rooms.clone().next()).map(str::to_owned)
    }

    pub(super) fn join(&mut self) -> Checked {
        match self.wanted_room().filter(|_| self.has_space()) {
            Some(uuid) => self.open_page(Kind::Modern(Box::new(self.modern(Goal::Join { uuid })))),
            None => Ok(()),
        }
    }

    fn join_legacy(&mut self) -> Checked {
        match self.wanted_room().filter(|_| self.has_space()) {
            Some(uuid) => self.open_page(Self::legacy(Some(uuid))),
            None => Ok(()),
        }
    }

    fn open_room(&mut self, kind: Kind) -> Checked {
        if self.has_space() { self.open_page(kind) } else { Ok(()) }
    }

    /// A page's application closes its session.
    pub(super) fn close(&mut self, page: usize) -> Checked {
        match &mut self.pages[page].kind {
            Kind::Modern(modern) => {
                modern.is_leaving = true;
                self.tell(page, Input::Close)
            }
            Kind::Legacy(_) => {
                self.send(page, r#"{"status":{"value":4}}"#.to_owned());
                Ok(())
            }
        }
    }

    fn unload(&mut self, page: usize, silently: bool) {
        self.let_go(page, silently);
        self.pages[page].is_loaded = false;
    }

    fn reload_follower(&mut self, number: u8) -> Checked {
        let Some(page) = self.any(number, |page| page.is_alive() && !page.is_owner()) else { return Ok(()) };
        let Some(uuid) = self.pages[page].uuid().map(str::to_owned) else { return Ok(()) };
        self.unload(page, false);
        self.open_page(Kind::Modern(Box::new(self.modern(Goal::Join { uuid }))))
    }

    fn reload_owner(&mut self, number: u8, heard: bool) -> Checked {
        let Some(page) = self.owner(number) else { return Ok(()) };
        if self.pages[page].modern().is_none() {
            return Ok(());
        }
        self.unload(page, !heard);
        self.claim(page)
    }

    /// A page claims a room with what another owner's page has in its storage.
    fn claim(&mut self, page: usize) -> Checked {
        let Some(modern) = self.pages[page].modern() else { return Ok(()) };
        let is_thief = modern.is_thief;
        let (uuid, key) = (modern.session.uuid(), modern.session.owner_key());
        let Some((uuid, owner_key)) = uuid.zip(key) else { return Ok(()) };
        let (uuid, owner_key) = (uuid.to_owned(), owner_key.to_owned());
        if !self.has_space() {
            return Ok(());
        }
        let mut claiming = self.modern(Goal::Claim { uuid: uuid.clone(), owner_key });
        claiming.is_thief = is_thief;
        for rival in self.pages.iter_mut().filter_map(Page::modern_mut) {
            if rival.session.is_owner() && rival.session.uuid() == Some(&uuid) {
                rival.has_rival = true;
                claiming.has_rival = true;
            }
        }
        self.open_page(Kind::Modern(Box::new(claiming)))
    }

    fn steal(&mut self, number: u8) -> Checked {
        let room = self.any(number, Page::is_owner).and_then(|page| self.pages[page].uuid());
        let Some(uuid) = room.filter(|_| self.has_space()).map(str::to_owned) else { return Ok(()) };
        let mut thief = self.modern(Goal::Claim { uuid, owner_key: "key-0".to_owned() });
        thief.is_thief = true;
        self.open_page(Kind::Modern(Box::new(thief)))
    }

    fn intrude(&mut self, number: u8) -> Checked {
        let is_outsider = |page: &Page| page.modern().is_none() && !page.is_owner() && page.is_alive();
        let Some(page) = self.any(number, is_outsider) else { return Ok(()) };
        self.last_number += 1;
        let action = format!(
            r#"{{"status":{{"value":3}},"funcKey":"s0","funcParams":[{}],"stateMessage":true}}"#,
            self.last_number
        );
        self.send(page, format!(r#"{action}{{"clear":"s1"}}"#));
        Ok(())
    }

    fn restart(&mut self) -> Checked {
        if self.cluster.is_some() {
            return (0..self.servers.len()).try_for_each(|server| self.kill(server));
        }
        if self.journal.is_some() {
            return self.crash();
        }
        self.forget_rooms();
        Ok(())
    }

    /// The server loses all rooms and connections.
    pub(super) fn forget_rooms(&mut self) {
        self.coverage.hit("the server restarted");
        self.servers[0].table.restart();
        let rooms: Vec<String> = self.model.open_rooms().map(|(uuid, _)| uuid.clone()).collect();
        rooms.iter().for_each(|uuid| self.model.closed(uuid));
        for link in self.links.values_mut() {
            link.served = None;
            let arrives = self.now.after(self.pages[link.page].delay_ms);
            link.send_down(arrives, Down::Closed(ABNORMAL));
        }
    }

    fn shut_down(&mut self, milliseconds: u64) -> Checked {
        self.coverage.hit("the server shut down");
        // In a cluster one server after the other shuts down.
        let server = usize::try_from(self.next_link).unwrap_or_default() % self.servers.len();
        if !self.is_running(server) {
            return Ok(());
        }
        self.servers[server].up_at = self.now.after(milliseconds);
        let links = self.links.iter().filter(|(_, link)| link.server == server);
        let links: Vec<LinkId> = links.map(|(id, _)| *id).collect();
        for id in &links {
            if let Some(served) = self.links.get_mut(id).and_then(|link| link.served.as_mut()) {
                served.peer.shut_down(self.limits.return_window_ms);
                served.is_due = true;
            }
        }
        self.serve_all()?;
        for id in links {
            // The server does not wait for a page that receives nothing.
            self.hang_up(id, CloseCode::ShuttingDown.value());
            // A page that is just connecting finds no server.
            if let Some(link) = self.links.get_mut(&id)
                && matches!(link.up.peek(), Some(Up::Open))
            {
                link.break_off();
                link.is_broken = false;
                link.send_down(self.now, Down::Closed(ABNORMAL));
            }
        }
        Ok(())
    }

    /// The rooms with this uuid: one on each server that has it.
    pub(super) fn rooms(&self, uuid: &str) -> impl Iterator<Item = &Room> {
        let id = RoomId::parse(uuid);
        self.servers.iter().filter_map(move |server| server.table.rooms.get(id?))
    }
}
