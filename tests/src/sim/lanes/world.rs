//! The world of the simulation of lanes: one room on one server, with a journal.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{
    Frame, Host, KeyDigest, LaneReport, Limits, Peer, PeerOutput, Records, Restart, Room, RoomId, Timestamp,
};
use serde_json::{Value, json};

use super::page::LanesPage;
use super::program::LanesStep;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::server_end::text_of;
use crate::sim::table::Table;

/// How many pages there are, the owner's included.
const PAGES: usize = 7;
/// How many of them vote.
const VOTERS: usize = 3;
const OPTIONS: u64 = 4;
const INBOX: usize = 5;
/// The owner key of the only room.
const KEY: &str = "key-1";

/// An action that a page has heard: which page, its seq, and when.
pub(super) type Heard = (usize, u64, u64);

#[derive(Debug)]
pub(super) struct LanesWorld {
    now: u64,
    has_lanes: bool,
    limits: Limits,
    table: Table,
    room: RoomId,
    /// What the journal has kept.
    journal: Vec<u8>,
    pages: Vec<LanesPage>,
    /// The newest vote of each voter since the lane was set.
    votes: BTreeMap<usize, (u64, u64)>,
    /// The seq at which the lane of the votes was set last.
    lane_seq: u64,
    /// The number of the owner's newest action.
    last_id: u64,
    pub(super) heard: Vec<Heard>,
    pub(super) trace: Option<Vec<String>>,
}

impl LanesWorld {
    pub(super) fn new(has_lanes: bool, traced: bool) -> Self {
        let limits = Limits::default().with(|limits| {
            // Nobody is ever not read, so that a message comes when it is sent.
            (limits.audience_messages_per_second, limits.lane_inbox) = (100_000, INBOX);
            limits.owner_grace_ms = u64::MAX / 2;
        });
        Self {
            now: 1_000_000,
            has_lanes,
            table: Table::new(limits.clone(), false),
            limits,
            room: RoomId::from_random(1),
            journal: Vec::new(),
            pages: (0..PAGES).map(LanesPage::new).collect(),
            votes: BTreeMap::new(),
            lane_seq: 0,
            last_id: 0,
            heard: Vec::new(),
            trace: traced.then(Vec::new),
        }
    }

    pub(super) fn play(&mut self, steps: &[LanesStep]) -> Checked {
        self.open()?;
        for step in steps {
            self.note(|| format!("{step:?}"));
            self.take(step)?;
            self.advance(0)?;
            self.check_tallies()?;
        }
        (0..PAGES).try_for_each(|index| self.come(index))?;
        for _ in 0..3 {
            self.advance(2_000)?;
            self.keep()?;
        }
        self.check_votes()
    }

    fn open(&mut self) -> Checked {
        let key: KeyDigest = self.table.digest(KEY);
        let mut room = Room::new(self.room, key, None, self.limits.clone());
        room.stage_records(0);
        self.adopt(room)?;
        self.come(0)?;
        if self.has_lanes {
            self.set("q", &json!({"kind": "vote", "options": OPTIONS}))?;
            self.set("react", &json!({"kind": "count", "symbols": ["a"], "per": 500}))?;
            self.set("hand", &json!({"kind": "say", "per": 100}))?;
        }
        self.keep()
    }

    fn adopt(&mut self, room: Room) -> Checked {
        self.table.adopt(room).map_err(|code| Invariant::Limits.violated(format!("{code:?}")))
    }

    fn set(&mut self, name: &str, lane: &Value) -> Checked {
        self.last_id += 1;
        self.pages[0].expect_counts();
        self.send(0, &json!({"id": self.last_id, "lane": name, "as": lane}).to_string())?;
        if name == "q" {
            self.lane_seq = self.table.find(self.room).map_or(0, Room::head);
        }
        Ok(())
    }

    fn take(&mut self, step: &LanesStep) -> Checked {
        let page = |page: u8| usize::from(page) % PAGES;
        // Some vote, some flood, and the last one listens.
        let follower = |page: u8| 1 + usize::from(page) % VOTERS;
        let flooding = |page: u8| 1 + VOTERS + usize::from(page) % (PAGES - 2 - VOTERS);
        match *step {
            LanesStep::Come(index) => self.come(page(index)),
            LanesStep::Cut(index) => {
                self.cut(page(index));
                Ok(())
            }
            LanesStep::Vote(index, option) => self.vote(follower(index), u64::from(option) % OPTIONS),
            LanesStep::OldVote(index, option) => self.old_vote(follower(index), u64::from(option) % OPTIONS),
            LanesStep::React(index) => self.send(flooding(index), r#"{"lane":"react","react":"a"}"#),
            LanesStep::Say(index, times) => {
                let index = flooding(index);
                (0..times).try_for_each(|number| {
                    // Each by a page that has just come.
                    self.cut(index);
                    self.come(index)?;
                    self.send(index, &json!({"lane": "hand", "say": number}).to_string())
                })
            }
            LanesStep::SetAnew if self.has_lanes && self.pages[0].peer.is_some() => {
                self.votes.clear();
                self.set("q", &json!({"kind": "vote", "options": OPTIONS}))?;
                // A lane that is lost with its votes is not what is tried here.
                self.keep()
            }
            LanesStep::Act if self.pages[0].peer.is_some() => {
                self.last_id += 1;
                self.send(0, &json!({"id": self.last_id, "funcKey": "f"}).to_string())?;
                // As above.
                self.keep()
            }
            LanesStep::SetAnew | LanesStep::Act => Ok(()),
            LanesStep::Keep => self.keep(),
            LanesStep::Checkpoint => {
                self.table.with(self.room, Room::stage_checkpoint);
                Ok(())
            }
            LanesStep::Wait(milliseconds) => self.advance(milliseconds.into()),
            LanesStep::Restart => self.restart(),
        }
    }

    fn vote(&mut self, index: usize, option: u64) -> Checked {
        let page = &mut self.pages[index];
        // One that does not know yet what the lane is now would be refused.
        if page.peer.is_none() || page.lane_seq != self.lane_seq || !self.has_lanes {
            return Ok(());
        }
        page.number += 1;
        page.unanswered = Some((page.number, option));
        let number = page.number;
        self.votes.insert(index, (number, option));
        self.send(index, &self.pages[index].vote_text(index, number, option))
    }

    /// What a connection had on its way that is gone by now. Another connection of the voter brings
    /// it.
    fn old_vote(&mut self, index: usize, option: u64) -> Checked {
        let Some((number, _)) = self.votes.get(&index).copied().filter(|(number, _)| *number > 1) else {
            return Ok(());
        };
        let mut late = Peer::default();
        let (now, text) = (Timestamp(self.now), self.pages[index].vote_text(index, number - 1, option));
        late.receive_frame(&self.first_message(index), now, &mut self.table);
        late.receive_frame(&text, now, &mut self.table);
        late.disconnected(now, &mut self.table);
        Ok(())
    }

    fn restart(&mut self) -> Checked {
        let there: Vec<usize> = (0..PAGES).filter(|index| self.pages[*index].peer.is_some()).collect();
        for page in &mut self.pages {
            page.peer = None;
        }
        self.table.restart();
        let restart = Restart { clock_start_ms: 0, now: Timestamp(self.now), ended_ms: self.now, down_ms: 0 };
        let restored = Room::restore(self.room, self.limits.clone(), Records::new(&self.journal), restart);
        match restored {
            Ok(Some(room)) => self.adopt(room)?,
            other => {
                return Err(Invariant::EntriesConverge.violated(format!("restored to {:?}", other.map(drop))));
            }
        }
        there.into_iter().try_for_each(|index| self.come(index))
    }

    fn keep(&mut self) -> Checked {
        let taken = self.table.with(self.room, Room::take_staged).flatten();
        if let Some((records, mark)) = taken {
            self.journal.extend_from_slice(&records);
            self.table.with(self.room, |room| room.committed(mark));
        }
        self.serve_all()
    }

    fn first_message(&self, index: usize) -> String {
        let mut message = json!({"uuid": self.room.to_string(), "status": {"value": 2}, "v": 2});
        if self.pages[index].is_owner {
            message["ownerKey"] = json!(KEY);
            message["session"] = json!("owner");
        } else if let Some(seq) = self.pages[index].seq {
            message["since"] = json!(seq);
        }
        message.to_string()
    }

    fn come(&mut self, index: usize) -> Checked {
        if self.pages[index].peer.is_some() {
            return Ok(());
        }
        self.pages[index].start_again();
        self.pages[index].peer = Some(Peer::default());
        self.send(index, &self.first_message(index))?;
        if let Some((number, option)) = self.pages[index].unanswered {
            self.send(index, &self.pages[index].vote_text(index, number, option))?;
        }
        Ok(())
    }

    fn cut(&mut self, index: usize) {
        if let Some(mut peer) = self.pages[index].peer.take() {
            peer.disconnected(Timestamp(self.now), &mut self.table);
        }
    }

    fn send(&mut self, index: usize, text: &str) -> Checked {
        if let Some(peer) = &mut self.pages[index].peer {
            peer.receive_frame(text, Timestamp(self.now), &mut self.table);
        }
        self.serve(index)
    }

    /// Lets time pass, and does whatever is due on the way.
    fn advance(&mut self, milliseconds: u64) -> Checked {
        let until = self.now + milliseconds;
        loop {
            self.table.tick(Timestamp(self.now));
            self.serve_all()?;
            match self.table.rooms.next_alarm() {
                Some(Timestamp(moment)) if moment <= until => self.now = self.now.max(moment),
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    fn serve_all(&mut self) -> Checked {
        (0..PAGES).try_for_each(|index| self.serve(index))
    }

    fn serve(&mut self, index: usize) -> Checked {
        let mut frame = Frame::default();
        self.pages[index].said = 0;
        while let Some(peer) = &mut self.pages[index].peer {
            match peer.poll_output(&mut frame, &mut self.table) {
                PeerOutput::Send => self.hear(index, &text_of(&frame)?)?,
                PeerOutput::Wait => break,
                PeerOutput::Close(_) => self.cut(index),
            }
        }
        // L6: no more waits than may wait.
        let said = self.pages[index].said;
        Invariant::LanesAreBounded.ensure(said <= INBOX as u64, || format!("{said} values at once"))
    }

    fn hear(&mut self, index: usize, text: &str) -> Checked {
        self.note(|| format!("page {index} hears {text}"));
        for line in text.lines() {
            let message: Value = serde_json::from_str(line)
                .map_err(|error| Invariant::NoPanic.violated(format!("{line} is no JSON: {error}")))?;
            let now = self.now;
            if let Some(seq) = self.pages[index].hear(&message, self.has_lanes, now)?
                // A page that floods comes and goes.
                && index == PAGES - 1
            {
                self.heard.push((index, seq, now));
            }
        }
        Ok(())
    }

    /// L5: what was tried counts, or is dropped.
    fn check_tallies(&mut self) -> Checked {
        for LaneReport { name, tried, dropped, counts, .. } in self.report() {
            if name != "q" {
                let counted: u64 = counts.iter().sum();
                Invariant::NothingIsUncounted.ensure(tried == counted + dropped, || {
                    format!("{name}: {tried} tried, {counted} counted, {dropped} dropped")
                })?;
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Vec<LaneReport> {
        let lanes = self.table.with(self.room, |room| room.shared_lanes());
        lanes.map(|lanes| lanes.with(|lanes| lanes.report())).unwrap_or_default()
    }

    /// L1: the newest vote of each voter counts, once. L7: all know the same lanes.
    fn check_votes(&mut self) -> Checked {
        if !self.has_lanes {
            return Ok(());
        }
        let mut expected = vec![0; OPTIONS as usize];
        for (_, option) in self.votes.values() {
            expected[*option as usize] += 1;
        }
        let told = self.pages[0].counts["q"].clone();
        Invariant::VotesCountOnce.ensure(told == json!(expected), || {
            format!("{:?} have voted, and the owner is told {told}", self.votes)
        })?;
        let voters: Vec<_> =
            self.report().iter().filter(|lane| lane.name == "q").map(|lane| lane.voters).collect();
        Invariant::VotesCountOnce.ensure(voters == [self.votes.len()], || format!("{voters:?} voters"))?;
        let waits = self.pages.iter().position(|page| page.unanswered.is_some());
        Invariant::VotesCountOnce
            .ensure(waits.is_none(), || format!("page {waits:?} waits for its answer"))?;
        let newest = self.pages[1..].iter().map(|page| page.lane_seq).max();
        let same = self.pages[1..].iter().all(|page| Some(page.lane_seq) == newest);
        Invariant::EntriesConverge.ensure(same, || "pages know different lanes".to_owned())
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9} {}", self.now, what()));
        }
    }
}
