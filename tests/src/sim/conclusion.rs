//! The end of a run: the network heals, nothing new happens, and every page must know what its room
//! knows.

use rtbroadcaster_protocol::{Audience, OwnerPresence, SessionStatus};

use super::invariant::{Checked, Invariant};
use super::model::RoomModel;
use super::page::{Kind, Legacy, Modern};
use super::world::{ABNORMAL, World};

/// How long the network works before the final checks, in milliseconds. The slowest way back is
/// shorter: the server waits until an idle connection ends, then a page waits the longest time
/// between two attempts.
const QUIET_MS: u64 = 150_000;
/// How long after the end of its room a page that waits before its next attempt hears of that, in
/// milliseconds. The longest pause between two attempts is shorter.
const NEXT_ATTEMPT_MS: u64 = 30_000;
/// How many values an owner writes right before it closes its room.
const FAREWELLS: u8 = 4;
/// Within this time after a close, every page knows of it, in milliseconds.
const CLOSED_MS: u64 = 10_000;

impl World {
    pub(super) fn conclude(&mut self) -> Checked {
        self.note(|| "the network heals".to_owned());
        if let Some(journal) = &mut self.journal {
            journal.delay_ms = journal.delay_ms.min(10);
        }
        self.heal_cluster();
        for page in &mut self.pages {
            (page.is_offline, page.is_stalled, page.delay_ms) = (false, false, 10);
        }
        // A page of the original's protocol has no heartbeat: its system tells it that its
        // connection is dead.
        for page in 0..self.pages.len() {
            let link = self.pages[page].link.and_then(|id| self.links.get(&id));
            if link.is_some_and(|link| link.is_broken) && self.pages[page].modern().is_none() {
                self.let_go(page, true);
                self.page_disconnected(page, ABNORMAL)?;
            }
        }
        self.advance(QUIET_MS)?;
        if (0..self.pages.len()).any(|page| self.must_ask_again(page)) {
            self.advance(NEXT_ATTEMPT_MS)?;
        }
        self.note(|| "quiet".to_owned());
        for page in 0..self.pages.len() {
            self.check_converged(page)?;
        }
        self.close_all()
    }

    /// Whether a page can't know yet that its room has ended, because it was away at that moment. A
    /// page is also away while its room is full.
    fn must_ask_again(&self, index: usize) -> bool {
        let page = &self.pages[index];
        let is_away = page.modern().is_some_and(|modern| modern.status == SessionStatus::Reconnecting);
        is_away && page.uuid().and_then(|uuid| self.model.room(uuid)).is_some_and(|room| !room.is_open)
    }

    fn check_converged(&self, index: usize) -> Checked {
        let page = &self.pages[index];
        if !page.is_alive() {
            return Ok(());
        }
        let Some(room) = page.uuid().and_then(|uuid| self.model.room(uuid)) else {
            return match &page.kind {
                Kind::Modern(_) => Err(Invariant::Convergence.violated(format!("page {index} is nowhere"))),
                Kind::Legacy(_) => Ok(()),
            };
        };
        match &page.kind {
            Kind::Modern(modern) if modern.session.is_owner() => self.owner_converged(index, modern, room),
            Kind::Modern(modern) => self.follower_converged(index, modern, room),
            Kind::Legacy(legacy) => self.legacy_converged(index, legacy, room),
        }
    }

    fn owner_converged(&self, index: usize, modern: &Modern, room: &RoomModel) -> Checked {
        let quiet = Invariant::Convergence;
        quiet
            .ensure(room.is_open, || format!("page {index} owns a room that is gone: {:?}", modern.status))?;
        quiet.ensure(modern.status == SessionStatus::Connected, || {
            format!("page {index} is {:?}", modern.status)
        })?;
        Invariant::SingleWriter
            .ensure(room.writer.is_some() && room.writer == self.pages[index].link, || {
                format!("page {index} is not the owner in force and doesn't know it")
            })?;
        Invariant::ExactlyOnce.ensure(modern.tickets.is_empty(), || {
            format!("page {index} was never answered: {:?}", modern.tickets)
        })?;
        let expected = self.audience_of(index);
        let known = modern.audience.unwrap_or_default();
        quiet.ensure(known == expected, || format!("page {index} thinks {known:?}, it is {expected:?}"))
    }

    fn audience_of(&self, index: usize) -> Audience {
        let rooms = self.pages[index].uuid().into_iter().flat_map(|uuid| self.rooms(uuid));
        Audience { connected: rooms.map(|room| room.followers() as u64).sum(), lagging: 0 }
    }

    fn follower_converged(&self, index: usize, modern: &Modern, room: &RoomModel) -> Checked {
        let quiet = Invariant::Convergence;
        quiet.ensure(room.is_open, || {
            format!("page {index} follows a room that is gone: {:?}", modern.status)
        })?;
        if modern.status == SessionStatus::Reconnecting {
            let most = self.limits.followers_per_room;
            let is_full = self.pages[index]
                .uuid()
                .is_some_and(|uuid| self.rooms(uuid).any(|room| room.followers() >= most));
            return quiet.ensure(is_full, || format!("page {index} doesn't come back"));
        }
        quiet.ensure(modern.status == SessionStatus::Connected, || {
            format!("page {index} is {:?}", modern.status)
        })?;
        quiet.ensure(modern.witness.is_complete(room.head()), || {
            format!("page {index} has {:?} of {}", modern.witness.cursor(), room.head())
        })?;
        let expected = room.state_at(room.head());
        let view = modern.witness.view();
        quiet.ensure(*view == expected, || format!("page {index} holds {view:?}, the room {expected:?}"))?;
        let presence = if room.writer.is_some() { OwnerPresence::Here } else { OwnerPresence::Away };
        quiet.ensure(modern.owner == presence, || {
            format!("page {index} thinks that the owner is {:?}", modern.owner)
        })?;
        if modern.audience.is_some() {
            let expected = Some(self.audience_of(index));
            quiet.ensure(modern.audience == expected, || {
                format!("page {index} thinks {:?}, it is {expected:?}", modern.audience)
            })?;
        }
        Ok(())
    }

    fn legacy_converged(&self, index: usize, legacy: &Legacy, room: &RoomModel) -> Checked {
        let served = self.pages[index].link.and_then(|id| self.links.get(&id)?.served.as_ref());
        let Some(served) = served.filter(|served| served.peer.is_in_room() && !served.peer.is_owner()) else {
            return Ok(());
        };
        let handed = &legacy.handed;
        let quiet = Invariant::Convergence;
        for (slot, number) in room.state_at(room.head()) {
            let seq = room.seq_of(number);
            let last = handed.iter().rev().find(|seq| room.slot_at(**seq) == Some(&slot));
            quiet.ensure(last.copied() == seq, || {
                format!("page {index} has {last:?} for {slot}, not {seq:?}")
            })?;
        }
        if served.fell_behind || self.limits.ring_bytes < 1_000_000 {
            return Ok(());
        }
        // Such a page was never behind: live actions come once and in order, after the snapshot.
        let is_sorted = handed.is_sorted_by(|earlier, later| earlier < later);
        Invariant::ExactlyOnce.ensure(is_sorted, || format!("page {index} was handed {handed:?}"))?;
        let live = served.live_from.map_or(0, |head| head + 1)..=room.head();
        let missed = live
            .filter(|seq| room.at(*seq).is_some_and(|what| what.number().is_some()))
            .find(|seq| !handed.contains(seq));
        Invariant::ExactlyOnce
            .ensure(missed.is_none(), || format!("page {index} never had {missed:?}: {handed:?}"))
    }

    /// Every owner closes its room: every page must hear of it, and the rooms must be gone.
    fn close_all(&mut self) -> Checked {
        let owners: Vec<_> = (0..self.pages.len())
            .filter(|index| self.pages[*index].is_alive() && self.pages[*index].is_owner())
            .collect();
        let uuids: Vec<_> =
            owners.iter().filter_map(|index| self.pages[*index].uuid().map(str::to_owned)).collect();
        for page in owners {
            // Messages from before the close reach every page before the end, even in several
            // frames.
            let farewells = if self.pages[page].modern().is_some() { FAREWELLS } else { 0 };
            for slot in 0..farewells {
                self.broadcast_by(page, Some(slot), self.large_bytes)?;
            }
            self.close(page)?;
        }
        self.advance(CLOSED_MS)?;
        for (index, page) in self.pages.iter().enumerate().filter(|(_, page)| page.is_alive()) {
            let is_in = page.uuid().is_some_and(|uuid| uuids.iter().any(|closed| closed == uuid));
            let waits = page.modern().is_some_and(|modern| modern.status == SessionStatus::Reconnecting)
                || matches!(&page.kind, Kind::Legacy(legacy) if legacy.room.is_none());
            Invariant::ClosingIsFinal
                .ensure(!is_in || waits, || format!("page {index} doesn't know of the close"))?;
        }
        for uuid in uuids {
            Invariant::ClosingIsFinal
                .ensure(self.rooms(&uuid).next().is_none(), || format!("{uuid} is closed and there"))?;
        }
        Ok(())
    }
}
