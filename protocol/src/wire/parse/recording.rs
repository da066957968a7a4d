//! Reads whether an owner wants its room recorded.

use super::{Fields, text, wrong_type};
use crate::{ClientMessage, RecordingWish, Refusal};

impl Fields<'_> {
    /// `record`, as a message of its own.
    pub(super) fn record(&self) -> Result<Option<ClientMessage<'static>>, Refusal> {
        if self.is_tolerant {
            return Ok(None);
        }
        let Some(wish) = self.recording_wish()? else { return Ok(None) };
        Ok(Some(ClientMessage::Record { id: self.id()?, wish }))
    }

    /// `record`, also in a create or a claim.
    pub(super) fn recording_wish(&self) -> Result<Option<RecordingWish>, Refusal> {
        match self.get("record") {
            None => Ok(None),
            Some("false") => Ok(Some(RecordingWish::Stop)),
            Some("true") => Ok(Some(RecordingWish::Start { shared: false })),
            Some(json) if text(json).as_deref() == Some("shared") => {
                Ok(Some(RecordingWish::Start { shared: true }))
            }
            Some(_) => Err(wrong_type("record", "true, false or \"shared\"")),
        }
    }
}
