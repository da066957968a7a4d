//! How the owner has its room recorded, and how the recorder tells the room how far it is.

use std::sync::Arc;

use super::state::{RecorderHost, RecorderStart};
use crate::mutation::mutated;
use crate::room::log::Cursor;
use crate::room::{Accepted, Mark, Room};
use crate::{Entry, EntryKey, KeyDigest, Recording, RecordingWish, Refusal, RefusalCode, Timestamp};

impl Room {
    /// Has the room recorded by this host when its owner asks for it.
    pub fn record_with(&mut self, host: Arc<dyn RecorderHost>) {
        self.recorder.host = Some(host);
    }

    /// Begins or ends the recording of the room, for its owner. `id` is the action's number within
    /// the owner's session. A recording that runs goes on if it is asked for again.
    ///
    /// # Errors
    /// The action then counts as answered and takes no seq.
    ///
    /// - `forbidden`, `state_too_large`: see [`RecorderHost::may_begin`].
    /// - `malformed`: a recording that isn't shared runs, and a shared one is asked for, or the
    ///   other way round.
    pub fn record(
        &mut self,
        id: Option<u64>,
        wish: RecordingWish,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if self.owner.has_answered(id) {
            return Ok(Accepted::Duplicate);
        }
        self.pace.spend(0, &self.limits, now);
        match wish {
            RecordingWish::Stop => Ok(Accepted::Appended(self.stop_recording(id, "stopped"))),
            RecordingWish::Start { shared } => match self.check_recording(shared) {
                Ok(()) => Ok(Accepted::Appended(self.start_recording(id, shared))),
                Err(refusal) => Err(self.refuse(id, refusal)),
            },
        }
    }

    /// As [`Room::record`], for whoever drives. Only the creator's wish counts: a recording shows
    /// to others what it has said.
    ///
    /// # Errors
    /// Those of [`Room::record`], and `forbidden`: somebody else drives.
    pub(crate) fn record_as_driver(
        &mut self,
        id: Option<u64>,
        wish: RecordingWish,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if self.driver().seat == 0 || self.owner.has_answered(id) {
            return self.record(id, wish, now);
        }
        let message = "only the creator of the room has it recorded, while it drives";
        Err(self.refuse(id, Refusal::with_message(RefusalCode::Forbidden, message)))
    }

    /// As [`Room::record`], for an owner that has just entered: nothing is appended if it is so
    /// already.
    ///
    /// # Errors
    /// Those of [`Room::record`].
    pub(crate) fn record_from_entry(&mut self, wish: RecordingWish, now: Timestamp) -> Result<(), Refusal> {
        match wish {
            RecordingWish::Start { shared } if self.recording() != Some(shared) => {
                self.record(None, wish, now).map(drop)
            }
            RecordingWish::Start { .. } | RecordingWish::Stop => Ok(()),
        }
    }

    /// Whether the room is recorded, and then whether whoever may join may read that.
    #[must_use]
    pub fn recording(&self) -> Option<bool> {
        match self.recording_state()? {
            Recording::On { shared } => Some(*shared),
            Recording::Off { .. } => None,
        }
    }

    fn check_recording(&self, shared: bool) -> Result<(), Refusal> {
        match (self.recording(), &self.recorder.host) {
            (Some(is_shared), _) if is_shared == shared => Ok(()),
            (Some(_), _) => Err(Refusal::with_message(
                RefusalCode::Malformed,
                "the room is being recorded: end that before it is recorded with another \"shared\"",
            )),
            (None, Some(host)) => host.may_begin(),
            (None, None) => Err(RefusalCode::Forbidden.into()),
        }
    }

    fn start_recording(&mut self, id: Option<u64>, shared: bool) -> u64 {
        let was_on = self.recording().is_some();
        let seq = self.append_recording(id, Recording::On { shared });
        if !was_on {
            let cursor = self.recording_cursor(None);
            self.begin_recorder(cursor, shared);
            self.wait_for_recorder(seq);
            if let Some(host) = &self.recorder.host {
                host.begin(self.id);
            }
        }
        seq
    }

    fn begin_recorder(&mut self, cursor: Cursor, is_shared: bool) {
        self.recorder.run += 1;
        self.recorder.start = Some(RecorderStart { cursor, run: self.recorder.run, is_shared });
    }

    fn stop_recording(&mut self, id: Option<u64>, why: &str) -> u64 {
        if let Some(start) = self.recorder.start.take() {
            // Nobody records it.
            self.recorder.awaited.retain(|(run, _)| *run != start.run);
        }
        self.append_recording(id, Recording::Off { why: why.to_owned() })
    }

    /// Without a journal, what is acknowledged while the room is recorded is in the recording.
    fn wait_for_recorder(&mut self, recorded: u64) {
        if self.staging.is_none() && !mutated!(AnswerBeforeRecorded) {
            self.recorder.awaited.push((self.recorder.run, recorded));
        }
    }

    fn append_recording(&mut self, id: Option<u64>, recording: Recording) -> u64 {
        self.recorder.news += 1;
        self.owner_version += 1;
        self.append_entry(id, &Entry::Recording(recording))
    }

    /// Grows whenever the owner is to be told whether the room is recorded.
    pub(crate) fn recording_news(&self) -> u64 {
        self.recorder.news
    }

    /// What the owner is to be told.
    pub(crate) fn recording_state(&self) -> Option<&Recording> {
        match self.slots.entry(EntryKey::Recording) {
            Some(Entry::Recording(recording)) => Some(recording),
            _ => None,
        }
    }

    /// Where a recorder begins that the owner has asked for. None if it did not, or if there is
    /// one.
    pub fn take_recorder_start(&mut self) -> Option<RecorderStart> {
        self.recorder.start.take()
    }

    /// Has a room that was restored recorded by this process. Returns which recording it is; none
    /// if the room isn't recorded.
    pub(crate) fn resume_recording(&mut self) -> Option<u64> {
        self.recording()?;
        self.recorder.run += 1;
        Some(self.recorder.run)
    }

    /// Whether this recording goes on.
    pub(crate) fn is_recorded_by(&self, run: u64) -> bool {
        self.recorder.run == run && self.recording().is_some()
    }

    /// Notes that this recording has everything up to this seq.
    pub(crate) fn note_recorded(&mut self, run: u64, seq: u64) {
        if let Some((_, recorded)) = self.recorder.awaited.iter_mut().find(|(awaited, _)| *awaited == run) {
            *recorded = seq.max(*recorded);
            self.owner_version += 1;
        }
    }

    /// Notes that this recording has ended, and why. All are told, unless they know.
    pub(crate) fn note_recording_ended(&mut self, run: u64, why: &str) {
        if self.is_recorded_by(run) && !self.is_closed {
            self.stop_recording(None, why);
        }
        self.recorder.awaited.retain(|(awaited, _)| *awaited != run);
        self.owner_version += 1;
    }

    /// Has a room that was restored recorded anew: nothing was recorded before this process. The
    /// recording begins with a gap, as what was done since the owner wanted it is missing.
    pub fn record_anew(&mut self) {
        if let Some(is_shared) = self.recording() {
            let cursor = self.late_recording_cursor();
            self.begin_recorder(cursor, is_shared);
        }
    }

    /// Notes that what was recorded before this process can't be gone on with.
    pub fn note_recording_lost(&mut self) {
        if self.recording().is_some() && !self.is_closed {
            self.stop_recording(None, "disk");
        }
    }

    /// How far the room must be kept, or recorded, before what was done to it is answered. None if
    /// it may be answered now.
    #[must_use]
    pub fn unanswered_mark(&self) -> Option<Mark> {
        self.unkept_mark().or_else(|| Some(self.mark()).filter(|mark| !self.may_answer(*mark)))
    }

    /// Whether what was done up to `mark` may be answered: it is kept; without a journal, and while
    /// the room is recorded, it is in the recording.
    #[must_use]
    pub fn may_answer(&self, mark: Mark) -> bool {
        self.is_kept(mark) && self.recorder.awaited.iter().all(|(_, recorded)| mark.seq <= *recorded)
    }

    /// The digest of the owner key.
    #[must_use]
    pub fn owner_key_digest(&self) -> KeyDigest {
        self.owner.key()
    }
}
