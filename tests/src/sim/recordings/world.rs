//! A room, who records it, and a model of what happened.

use std::sync::Arc;

use rtbroadcaster_protocol::parse::RecordingHeader;
use rtbroadcaster_protocol::{
    Accepted, Action, KeyDigest, Limits, Mark, Recorded, Recorder, RecorderHost, RecorderLimits,
    RecordingWish, Records, Refusal, Restart, Room, RoomId, Timestamp,
};

use super::disk::Reel;
use super::program::{RecordingProgram, RecordingStep};
use super::tape::{Happened, Log, Tape};
use crate::sim::invariant::{Checked, Invariant};

const KEYS: [&str; 4] = ["goTo", "pen", "say", "zoom"];

/// A host that records all that it is asked for.
#[derive(Debug)]
struct Willing;

impl RecorderHost for Willing {
    fn may_begin(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn begin(&self, _room: RoomId) {}
}

/// The world.
#[derive(Debug)]
pub(super) struct RecordingWorld {
    room: Room,
    limits: Limits,
    bounds: RecorderLimits,
    reels: Vec<Reel>,
    log: Log,
    /// What the journal has kept, if there is one.
    kept: Option<Vec<u8>>,
    kept_log: Log,
    /// What was done and not answered, and the seqs that were answered.
    unanswered: Vec<(Mark, u64)>,
    answered: Vec<u64>,
    now: u64,
    is_over: bool,
    pub(super) trace: Option<Vec<String>>,
}

impl RecordingWorld {
    pub(super) fn new(program: &RecordingProgram, traced: bool) -> Self {
        let limits = Limits::default().with(|limits| limits.ring_actions = program.ring_actions.into());
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits.clone());
        if program.is_stored {
            room.stage_records(0);
        }
        room.record_with(Arc::new(Willing));
        Self {
            room,
            limits,
            bounds: RecorderLimits {
                bytes: program.bytes.into(),
                milliseconds: program.milliseconds.into(),
                snapshot_ms: 900,
                snapshot_bytes: 700,
            },
            reels: Vec::new(),
            log: Log::new(),
            kept: program.is_stored.then(Vec::new),
            kept_log: Log::new(),
            unanswered: Vec::new(),
            answered: Vec::new(),
            now: 0,
            is_over: false,
            trace: traced.then(Vec::new),
        }
    }

    pub(super) fn play(&mut self, steps: &[RecordingStep]) -> Checked {
        for step in steps {
            if self.is_over {
                break;
            }
            self.step(step)?;
            if let Some(trace) = &mut self.trace {
                trace.push(format!("{} {step:?}: head {}", self.now, self.room.head()));
            }
            self.answer();
        }
        if !self.is_over {
            self.settle()?;
        }
        self.check_all()
    }

    fn step(&mut self, step: &RecordingStep) -> Checked {
        match *step {
            RecordingStep::Act(key, is_state) => self.act(KEYS[usize::from(key)], is_state),
            RecordingStep::Clear(slot) => {
                let slot = KEYS[usize::from(slot)];
                let cleared = self.room.clear(None, slot, Timestamp(self.now));
                self.note(cleared, Happened::Cleared(slot.to_owned()));
            }
            RecordingStep::Start => self.start(),
            RecordingStep::Stop => self.stop(),
            RecordingStep::Pull(frames) => self.pull(frames)?,
            RecordingStep::Write => self.write()?,
            RecordingStep::Commit => self.commit(),
            RecordingStep::Wait(milliseconds) => self.now += u64::from(milliseconds),
            RecordingStep::Kill(part) => self.kill(part)?,
        }
        Ok(())
    }

    fn act(&mut self, key: &str, is_state: bool) {
        let action = Action { key, params: "[]", slot: is_state.then_some(key), at: None };
        let accepted = self.room.action(None, action, Timestamp(self.now)).expect("it is within all limits");
        self.note(accepted, Happened::Acted(key.to_owned(), is_state));
    }

    fn note(&mut self, accepted: Accepted, happened: Happened) {
        let Accepted::Appended(seq) = accepted else { return };
        self.log.insert(seq, happened);
        self.unanswered.push((self.room.mark(), seq));
    }

    fn start(&mut self) {
        let was_on = self.room.recording().is_some();
        let wish = RecordingWish::Start { shared: false };
        let accepted = self.room.record(None, wish, Timestamp(self.now)).expect("the host is willing");
        self.note(accepted, Happened::Entry);
        if !was_on {
            self.begin();
        }
    }

    fn begin(&mut self) {
        let Some(start) = self.room.take_recorder_start() else { return };
        let part = self.reels.len() as u64 + 1;
        let header = RecordingHeader { uuid: "room".to_owned(), started: self.now, part };
        let mut lines = String::new();
        let recorder = Some(Recorder::new(start, &header, self.bounds, &mut lines));
        let (file, started, on) = (String::new(), self.now, self.room.head());
        self.reels.push(Reel { file, lines, recorder, started, on, off: None, is_abandoned: false });
    }

    fn stop(&mut self) {
        let was_on = self.room.recording().is_some();
        let accepted = self.room.record(None, RecordingWish::Stop, Timestamp(self.now));
        self.note(accepted.expect("it can always be ended"), Happened::Entry);
        if let Some(reel) = self.reels.last_mut().filter(|_| was_on) {
            reel.off = Some(self.room.head());
        }
    }

    /// Has all recorders take so many frames.
    fn pull(&mut self, frames: u8) -> Checked {
        for reel in &mut self.reels {
            for _ in 0..frames {
                let Some(recorder) = &mut reel.recorder else { break };
                let t = self.now - reel.started;
                if let Recorded::Ended(_) = recorder.record(&mut self.room, t, &mut reel.lines) {
                    break;
                }
            }
        }
        self.check_served()
    }

    fn write(&mut self) -> Checked {
        for at in 0..self.reels.len() {
            let Some(reel) = self.reels.get_mut(at) else { continue };
            reel.write(&mut self.room);
            self.end_if_over(at);
        }
        self.check_bounds()
    }

    /// Tells the room that a recording has ended, once its last line is written.
    fn end_if_over(&mut self, at: usize) {
        let Some(reel) = self.reels.get_mut(at) else { return };
        let Some(recorder) = &mut reel.recorder else { return };
        let Some(end) = recorder.ended() else { return };
        let head = self.room.head();
        recorder.note_ended(&mut self.room, end);
        reel.recorder = None;
        if self.room.head() > head {
            reel.off.get_or_insert(self.room.head());
            self.log.insert(self.room.head(), Happened::Entry);
        }
    }

    fn commit(&mut self) {
        let (Some(kept), Some((bytes, mark))) = (&mut self.kept, self.room.take_staged()) else { return };
        kept.extend(bytes);
        self.room.committed(mark);
        self.kept_log = self.log.clone();
    }

    /// Notes what is answered.
    fn answer(&mut self) {
        let room = &self.room;
        let answered = self.unanswered.iter().take_while(|(mark, _)| room.may_answer(*mark)).count();
        self.answered.extend(self.unanswered.drain(..answered).map(|(_, seq)| seq));
    }

    fn kill(&mut self, part: u8) -> Checked {
        for reel in &mut self.reels {
            reel.tear(part);
        }
        self.unanswered.clear();
        let Some(kept) = self.kept.clone() else {
            self.is_over = true;
            return Ok(());
        };
        if kept.is_empty() {
            self.is_over = true;
            return Ok(());
        }
        self.log.clone_from(&self.kept_log);
        let restart = Restart { clock_start_ms: 0, now: Timestamp(self.now), ended_ms: self.now, down_ms: 0 };
        let restored =
            Room::restore(RoomId::from_random(1), self.limits.clone(), Records::new(&kept), restart);
        let restored = restored.map_err(|error| Invariant::WholeRooms.violated(format!("{error:?}")))?;
        self.room = restored.ok_or_else(|| Invariant::WholeRooms.violated("the room is gone"))?;
        self.room.record_with(Arc::new(Willing));
        self.resume();
        Ok(())
    }

    /// Goes on with the recording that ran, as a server does.
    fn resume(&mut self) {
        let head = self.room.head();
        // Entries that were lost have ended nothing.
        for reel in &mut self.reels {
            reel.off = reel.off.filter(|off| *off <= head);
        }
        let Some(reel) = self.reels.last_mut() else { return };
        let scan = reel.cut();
        if self.room.recording().is_none() {
            return;
        }
        if reel.on > head {
            // Another recording ran, and the entry of this one is lost.
            self.room.note_recording_lost();
        } else if scan.has_ended() || scan.header().is_none() {
            self.room.note_recording_lost();
        } else {
            reel.recorder = Recorder::resume(&mut self.room, &scan, self.bounds);
            reel.is_abandoned = false;
            return;
        }
        self.log.insert(self.room.head(), Happened::Entry);
        reel.off.get_or_insert(self.room.head());
    }

    /// Nothing new happens, and all is written.
    fn settle(&mut self) -> Checked {
        self.commit();
        // A frame of a recorder's may be a snapshot, a line before it, or all that there is.
        for _ in 0..4 {
            self.pull(50)?;
        }
        self.write()?;
        self.commit();
        self.answer();
        Ok(())
    }

    /// R2: nothing is recorded before followers may be served it.
    fn check_served(&self) -> Checked {
        for reel in &self.reels {
            Tape::read(&(reel.file.clone() + &reel.lines), &self.log, self.room.served_seq())?;
        }
        Ok(())
    }

    /// R6: no recording is larger or longer than it may be.
    fn check_bounds(&self) -> Checked {
        for reel in &self.reels {
            let (bytes, limit) = (reel.file.len() as u64, self.bounds.bytes);
            Invariant::RecordingsAreBounded
                .ensure(bytes <= limit, || format!("a recording has {bytes} of {limit} bytes"))?;
            let tape = Tape::read(&reel.file, &self.log, u64::MAX)?;
            let is_late = tape.played.last().is_some_and(|(t, _)| *t >= self.bounds.milliseconds);
            Invariant::RecordingsAreBounded.ensure(!is_late, || "a recording lasts too long".to_owned())?;
        }
        Ok(())
    }

    fn check_all(&mut self) -> Checked {
        for at in 0..self.reels.len() {
            let reel = &self.reels[at];
            let tape = Tape::read(&reel.file, &self.log, u64::MAX)?;
            tape.check_jumps()?;
            self.check_prefixes(&reel.file)?;
            self.check_answered(reel, &tape)?;
        }
        self.check_bounds()
    }

    /// R4: each prefix is a recording up to its last whole line.
    fn check_prefixes(&self, file: &str) -> Checked {
        let whole = Tape::read(file, &self.log, u64::MAX)?;
        for cut in (0..file.len()).step_by(97) {
            let tape = Tape::read(&file[..cut], &self.log, u64::MAX)?;
            Invariant::PrefixesPlay.ensure(whole.live.starts_with(&tape.live), || {
                format!("the first {cut} bytes play {:?}", tape.live)
            })?;
        }
        Ok(())
    }

    /// R5: what was answered while it was recorded is in the recording, unless that says that
    /// something is missing.
    fn check_answered(&self, reel: &Reel, tape: &Tape) -> Checked {
        // An end by size, time or disk is told later.
        let has_end = tape.end.as_deref().is_some_and(|end| end != "stopped");
        let has_end = has_end || (reel.is_abandoned && self.kept.is_some());
        let last = if has_end { tape.live.last().copied().unwrap_or_default() } else { u64::MAX };
        let last = last.min(reel.off.unwrap_or(u64::MAX));
        let is_unread = tape.played.is_empty();
        for seq in self.answered.iter().filter(|seq| **seq > reel.on && **seq <= last) {
            let is_in = tape.live.binary_search(seq).is_ok()
                || tape.skipped.iter().any(|(from, to)| from <= seq && seq <= to)
                || (is_unread && self.kept.is_some());
            Invariant::AnsweredIsRecorded
                .ensure(is_in, || format!("{seq} was answered, and is not in {}", reel.file))?;
        }
        Ok(())
    }
}
