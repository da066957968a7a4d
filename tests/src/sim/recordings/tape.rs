//! What is on the disk, played as a page would: what it is handed, and what it then has.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::ServerMessage;
use rtbroadcaster_protocol::parse::{RecordedEvent, RecordedLine, recorded_line};

use crate::sim::invariant::{Checked, Invariant};

/// Slot → the seq of its state message.
pub(super) type State = BTreeMap<String, u64>;

/// What happened in the room at each seq, as the model has it.
pub(super) type Log = BTreeMap<u64, Happened>;

/// What happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    /// An action under a key, retained or not.
    Acted(String, bool),
    /// A slot was cleared.
    Cleared(String),
    /// It has begun or ended to be recorded.
    Entry,
}

/// Changes a state as this does.
pub(super) fn change(state: &mut State, seq: u64, happened: &Happened) {
    match happened {
        Happened::Acted(key, true) => drop(state.insert(key.clone(), seq)),
        Happened::Cleared(slot) => drop(state.remove(slot)),
        Happened::Acted(..) | Happened::Entry => {}
    }
}

/// What the room has after a seq.
pub(super) fn state_at(log: &Log, seq: u64) -> State {
    let mut state = State::new();
    for (seq, happened) in log.range(..=seq) {
        change(&mut state, *seq, happened);
    }
    state
}

/// A recording that was read to its last whole line.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// The seqs that a page is handed live.
    pub(super) live: Vec<u64>,
    /// The seqs that stand for others in a gap, or at the start: from, to.
    pub(super) skipped: Vec<(u64, u64)>,
    /// Why it ended, if it says so.
    pub(super) end: Option<String>,
    /// The moment of the last line.
    pub(super) t: u64,
    /// What a page has after each line, with the line's moment; and the snapshots as they stand
    /// there.
    pub(super) played: Vec<(u64, State)>,
    pub(super) snapshots: Vec<(usize, State)>,
}

impl Tape {
    /// Reads a recording, and holds it to what happened.
    ///
    /// R1: after a snapshot come all seqs, each once and in order, and each is what happened. R2:
    /// nothing is in it that nobody was served.
    pub(super) fn read(text: &str, log: &Log, served: u64) -> Checked<Self> {
        let (mut tape, mut state) = (Self::default(), State::new());
        let mut next: Option<u64> = None;
        let mut snapshot: Option<(u64, State, bool)> = None;
        let mut is_gap = false;
        for line in text.lines() {
            let Some(line) = recorded_line(line) else { break };
            let RecordedLine::At { t, event } = line else { continue };
            Invariant::PlayedAsHanded.ensure(t >= tape.t, || format!("time runs backwards to {t}"))?;
            Invariant::PlayedAsHanded
                .ensure(tape.end.is_none(), || format!("{event:?} comes after the end"))?;
            tape.t = t;
            match event {
                RecordedEvent::Gap => is_gap = true,
                RecordedEvent::Snapshot(seq) => {
                    let is_news = next.is_none() || std::mem::take(&mut is_gap);
                    snapshot = Some((seq, State::new(), is_news));
                }
                RecordedEvent::Synced(seq) => {
                    let (said, held, is_news) = snapshot.take().unwrap_or_default();
                    let expected = state_at(log, seq);
                    let is_whole = said == seq && held == expected;
                    Invariant::PlayedAsHanded.ensure(is_whole, || {
                        format!("the snapshot at {said} to {seq} is {held:?}, not {expected:?}")
                    })?;
                    if is_news {
                        tape.skipped.push((next.unwrap_or(1), seq));
                        state = held;
                        next = Some(seq + 1);
                    } else {
                        Invariant::PlayedAsHanded.ensure(next == Some(seq + 1), || {
                            format!("a snapshot at {seq} stands where {next:?} comes next")
                        })?;
                        tape.snapshots.push((tape.played.len(), held));
                    }
                    tape.played.push((t, state.clone()));
                }
                RecordedEvent::End(why) => {
                    tape.end = Some(why);
                    if is_gap {
                        tape.skipped.push((next.unwrap_or(1), u64::MAX));
                    }
                }
                event => tape.note(event, log, served, &mut next, &mut snapshot, &mut state)?,
            }
        }
        Ok(tape)
    }

    fn note(
        &mut self,
        event: RecordedEvent,
        log: &Log,
        served: u64,
        next: &mut Option<u64>,
        snapshot: &mut Option<(u64, State, bool)>,
        state: &mut State,
    ) -> Checked {
        let (seq, happened) = match event {
            RecordedEvent::Message(ServerMessage::Action { seq, key, slot, .. }) => {
                (seq, Happened::Acted(key, slot.is_some()))
            }
            RecordedEvent::Message(ServerMessage::Cleared { seq, slot }) => (seq, Happened::Cleared(slot)),
            RecordedEvent::Unknown(seq) => (seq, Happened::Entry),
            other => return Err(Invariant::PlayedAsHanded.violated(format!("{other:?}"))),
        };
        let seq = seq.unwrap_or_default();
        Invariant::NothingUnserved
            .ensure(seq <= served, || format!("{seq} is in it, and only {served} was served"))?;
        Invariant::PlayedAsHanded.ensure(log.get(&seq) == Some(&happened), || {
            format!("{seq} is {happened:?}, and was {:?}", log.get(&seq))
        })?;
        if let Some((_, held, _)) = snapshot {
            change(held, seq, &happened);
            return Ok(());
        }
        Invariant::PlayedAsHanded
            .ensure(*next == Some(seq), || format!("{seq} stands where {next:?} comes next"))?;
        *next = Some(seq + 1);
        change(state, seq, &happened);
        self.live.push(seq);
        self.played.push((self.t, state.clone()));
        Ok(())
    }

    /// R3: from each snapshot on a page that jumps there has what one has that played everything.
    pub(super) fn check_jumps(&self) -> Checked {
        for (at, held) in &self.snapshots {
            let before = at.checked_sub(1).and_then(|at| self.played.get(at)).map(|(_, state)| state);
            Invariant::JumpsAreExact.ensure(before == Some(held), || {
                format!("a jump to line {at} has {held:?}, and playing up to it {before:?}")
            })?;
        }
        Ok(())
    }
}
