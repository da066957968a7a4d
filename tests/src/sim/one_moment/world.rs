//! The world of the simulation of moments: one room on one server, and pages whose clocks are
//! wrong.

use std::collections::VecDeque;

use rtbroadcaster_protocol::{
    Action, Frame, Goal, Input, Limits, Output, Peer, PeerOutput, Timestamp, parse,
};

use super::page::MomentPage;
use super::program::MomentStep;
use crate::sim::harness::mixed;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::server_end::text_of;
use crate::sim::table::Table;

/// A socket that ended without a close frame.
const ABNORMAL: u16 = 1006;
/// How many pages there are at most.
const PAGES: usize = 6;
/// How long the world goes on after the last step, in milliseconds: longer than anything waits.
const QUIET_MS: u64 = 90_000;

#[derive(Debug)]
pub(super) struct MomentWorld {
    /// The true time, which is the server's.
    now: u64,
    table: Table,
    pages: Vec<MomentPage>,
    /// The number of the newest action.
    last_number: u64,
    /// State of the random delays.
    random: u64,
    pub(super) trace: Option<Vec<String>>,
}

impl MomentWorld {
    pub(super) fn new(seed: u64, traced: bool) -> Self {
        Self {
            now: 1_000_000,
            table: Table::new(Limits::default(), false),
            pages: Vec::new(),
            last_number: 0,
            random: seed,
            trace: traced.then(Vec::new),
        }
    }

    pub(super) fn play(&mut self, steps: &[MomentStep]) -> Checked {
        self.open(Goal::Create, self.random.is_multiple_of(2))?;
        self.advance(1_000)?;
        self.join(false)?;
        self.join(true)?;
        for step in steps {
            self.note(|| format!("{step:?}"));
            self.take(step)?;
            self.advance(0)?;
        }
        self.table.tells_time = true;
        self.pages.iter_mut().for_each(|page| page.network = (5, 5, 0));
        self.advance(QUIET_MS)?;
        self.take(&MomentStep::Write(0, Some(3_000)))?;
        self.take(&MomentStep::Act(None))?;
        self.take(&MomentStep::Close)?;
        self.advance(QUIET_MS)?;
        self.check_ended()
    }

    /// Every page has heard of the end, and was handed everything before.
    fn check_ended(&self) -> Checked {
        for (index, page) in self.pages.iter().enumerate() {
            Invariant::ClosingIsFinal.ensure(page.has_ended, || format!("page {index} heard of no end"))?;
        }
        Ok(())
    }

    fn take(&mut self, step: &MomentStep) -> Checked {
        match *step {
            MomentStep::Act(ahead) => self.act(None, ahead),
            MomentStep::Write(slot, ahead) => self.act(Some(slot), ahead),
            MomentStep::Clear(slot) => {
                if self.pages[0].sleeps_until.is_none() {
                    // It fails once the session has ended.
                    let _ = self.pages[0].session.clear(&format!("s{slot}"));
                }
                self.drain(0)
            }
            MomentStep::Wait(milliseconds) => self.advance(milliseconds.into()),
            MomentStep::Idle(seconds) => self.advance(u64::from(seconds) * 1_000),
            MomentStep::Network(page, there, back, jitter) => {
                let page = self.page(page);
                self.pages[page].network = (there.into(), back.into(), jitter.into());
                Ok(())
            }
            MomentStep::Sleep(page, milliseconds) => {
                let page = self.page(page);
                self.sleep(page, milliseconds.into());
                Ok(())
            }
            MomentStep::Jump(page, milliseconds) => {
                let (page, by_us) = (self.page(page), i64::from(milliseconds) * 1_000);
                let now = self.now;
                self.pages[page].clock.jump(now, by_us);
                self.pages[page].jumped_us += by_us;
                Ok(())
            }
            MomentStep::Cut(page) => {
                let page = self.page(page);
                self.cut(page);
                Ok(())
            }
            MomentStep::Join(wants_clock) => self.join(wants_clock),
            MomentStep::Leave(page) => match self.page(page) {
                0 => Ok(()),
                page if self.pages[page].sleeps_until.is_some() => Ok(()),
                page => self.close(page),
            },
            MomentStep::Tell(tells) => {
                self.table.tells_time = tells;
                Ok(())
            }
            MomentStep::Close => self.close(0),
        }
    }

    fn page(&self, number: u8) -> usize {
        usize::from(number) % self.pages.len()
    }

    fn act(&mut self, slot: Option<u8>, ahead: Option<i16>) -> Checked {
        if self.pages[0].sleeps_until.is_some() {
            return Ok(());
        }
        self.last_number += 1;
        let (params, slot) = (format!("[{}]", self.last_number), slot.map(|slot| format!("s{slot}")));
        let at = ahead.map(|ahead| self.now.saturating_add_signed(ahead.into()));
        let action = Action { key: "act", params: params.as_str(), slot: slot.as_deref(), at };
        // It fails once the session has ended.
        let _ = self.pages[0].session.broadcast(action);
        self.drain(0)
    }

    fn join(&mut self, wants_clock: bool) -> Checked {
        let uuid = self.pages[0].session.uuid().map(str::to_owned);
        match uuid.filter(|_| self.pages.len() < PAGES && !self.pages[0].is_leaving) {
            Some(uuid) => self.open(Goal::Join { uuid }, wants_clock),
            None => Ok(()),
        }
    }

    fn open(&mut self, goal: Goal, wants_clock: bool) -> Checked {
        self.pages.push(MomentPage::new(goal, self.pages.len(), self.now, wants_clock));
        self.tell(self.pages.len() - 1, Input::Start)
    }

    fn close(&mut self, page: usize) -> Checked {
        self.pages[page].is_leaving = true;
        self.tell(page, Input::Close)
    }

    /// A page's clock stands still for a while. What comes meanwhile is read afterwards.
    fn sleep(&mut self, page: usize, milliseconds: u64) {
        let (now, until) = (self.now, self.now + milliseconds);
        let page = &mut self.pages[page];
        if page.sleeps_until.is_none() {
            page.sleeps_until = Some(until);
            page.clock.stand_still(now, until);
        }
    }

    /// Tells a page that it has slept, before anything else reaches it.
    fn wake(&mut self, page: usize) -> Checked {
        let (now, slept) = (self.now, &mut self.pages[page]);
        if slept.sleeps_until.is_none_or(|until| now < until) {
            return Ok(());
        }
        slept.sleeps_until = None;
        (slept.woke, slept.jumped_us) = (now, 0);
        self.tell(page, Input::Wake)
    }

    fn cut(&mut self, page: usize) {
        let (now, cut) = (self.now, &mut self.pages[page]);
        cut.up.clear();
        cut.down.clear();
        cut.was_cut = true;
        if let Some(mut peer) = cut.peer.take() {
            cut.down.push_back((now, Err(ABNORMAL)));
            peer.disconnected(Timestamp(now), &mut self.table);
        }
    }

    /// Lets time pass, and does whatever is due on the way.
    fn advance(&mut self, milliseconds: u64) -> Checked {
        let until = self.now + milliseconds;
        loop {
            self.do_what_is_due()?;
            let moments = self.pages.iter().flat_map(|page| [page.next_arrival(), page.deadline(self.now)]);
            match moments.flatten().min() {
                Some(moment) if moment <= until => self.now = self.now.max(moment),
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    fn do_what_is_due(&mut self) -> Checked {
        self.table.tick(Timestamp(self.now));
        for page in 0..self.pages.len() {
            self.wake(page)?;
            self.deliver_up(page);
            self.deliver_down(page)?;
            let is_awake = self.pages[page].sleeps_until.is_none();
            if is_awake && self.pages[page].deadline(self.now).is_some_and(|due| due <= self.now) {
                self.tell(page, Input::Timeout)?;
            }
        }
        (0..self.pages.len()).try_for_each(|page| self.serve(page))
    }

    fn deliver_up(&mut self, page: usize) {
        while let Some(frame) = arrived(&mut self.pages[page].up, self.now) {
            let Some(peer) = &mut self.pages[page].peer else { continue };
            match frame {
                Some(text) => peer.receive_frame(&text, Timestamp(self.now), &mut self.table),
                None => {
                    peer.disconnected(Timestamp(self.now), &mut self.table);
                    self.pages[page].peer = None;
                }
            }
        }
    }

    fn deliver_down(&mut self, page: usize) -> Checked {
        while self.pages[page].sleeps_until.is_none()
            && let Some(frame) = arrived(&mut self.pages[page].down, self.now)
        {
            match frame {
                Ok(text) if text.is_empty() => self.tell(page, Input::Opened)?,
                Ok(text) => self.receive(page, &text)?,
                Err(code) => self.tell(page, Input::Disconnected(code))?,
            }
        }
        Ok(())
    }

    fn receive(&mut self, page: usize, text: &str) -> Checked {
        self.note(|| format!("page {page} hears {text}"));
        let messages = parse::server_messages(text)
            .map_err(|error| Invariant::NoPanic.violated(format!("{text} is no frame: {error}")))?;
        for message in messages {
            if matches!(message, rtbroadcaster_protocol::ServerMessage::Connected(_)) {
                (self.pages[page].woke, self.pages[page].jumped_us) = (self.now, 0);
            }
            let now = self.now;
            self.pages[page].expect(&message, now);
            self.tell(page, Input::Received(message))?;
        }
        Ok(())
    }

    fn serve(&mut self, index: usize) -> Checked {
        let mut frame = Frame::default();
        loop {
            let arrives = self.arrival(index, false);
            let page = &mut self.pages[index];
            let Some(peer) = &mut page.peer else { return Ok(()) };
            match peer.poll_output(&mut frame, &mut self.table) {
                PeerOutput::Send => page.down.push_back((arrives, Ok(text_of(&frame)?))),
                PeerOutput::Wait => return Ok(()),
                PeerOutput::Close(code) => {
                    peer.disconnected(Timestamp(self.now), &mut self.table);
                    page.peer = None;
                    page.down.push_back((arrives, Err(code.value())));
                }
            }
        }
    }

    /// When a frame arrives that is sent now, behind those before it.
    fn arrival(&mut self, index: usize, is_up: bool) -> u64 {
        self.random = mixed(self.random);
        let page = &self.pages[index];
        let (there, back, jitter) = page.network;
        let travels = if is_up { there } else { back } + self.random % (jitter + 1);
        let last = if is_up {
            page.up.back().map(|(arrives, _)| *arrives)
        } else {
            page.down.back().map(|(arrives, _)| *arrives)
        };
        (self.now + travels).max(last.unwrap_or_default())
    }

    /// Gives an input to a page's session, and does what the session asks for.
    fn tell(&mut self, page: usize, input: Input<String>) -> Checked {
        let now = self.now;
        let told = &mut self.pages[page];
        told.session.handle(told.clock.read(now), input);
        self.drain(page)?;
        self.pages[page].check_clock(now)
    }

    fn drain(&mut self, page: usize) -> Checked {
        let now = self.now;
        loop {
            let local = self.pages[page].clock.read(now);
            self.pages[page].session.handle(local, Input::Buffered(0));
            let Some(output) = self.pages[page].session.poll_output() else { return Ok(()) };
            match output {
                Output::Connect => {
                    self.let_go(page);
                    let arrives = self.arrival(page, true);
                    self.pages[page].peer = Some(Peer::default());
                    self.pages[page].down.push_back((arrives, Ok(String::new())));
                }
                Output::Send(text) => {
                    let arrives = self.arrival(page, true);
                    self.pages[page].up.push_back((arrives, Some(text)));
                }
                Output::Disconnect => self.let_go(page),
                Output::Event(event) => {
                    self.note(|| format!("page {page}: {event:?}"));
                    self.pages[page].handed(&event, now)?;
                }
            }
        }
    }

    /// A page gives up its connection.
    fn let_go(&mut self, page: usize) {
        let (now, page) = (self.now, &mut self.pages[page]);
        page.down.clear();
        page.was_cut = true;
        page.up.retain(|(_, frame)| frame.is_some());
        // What it has sent still arrives.
        while let Some((_, Some(text))) = page.up.pop_front() {
            if let Some(peer) = &mut page.peer {
                peer.receive_frame(&text, Timestamp(now), &mut self.table);
            }
        }
        if let Some(mut peer) = page.peer.take() {
            peer.disconnected(Timestamp(now), &mut self.table);
        }
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9} {}", self.now, what()));
        }
    }
}

/// The next frame that has arrived.
fn arrived<T>(frames: &mut VecDeque<(u64, T)>, now: u64) -> Option<T> {
    if frames.front()?.0 > now { None } else { frames.pop_front().map(|(_, frame)| frame) }
}
