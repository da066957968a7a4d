//! The wire: the messages between clients and server, as types and as JSON text.

mod close_code;
mod entry;
mod fields;
pub(crate) mod json_writer;
mod lane_message;
#[cfg(feature = "rooms")]
mod lane_totals;
mod message;
#[cfg(feature = "json")]
pub mod parse;
mod refusal;
pub mod render;
#[cfg(feature = "rooms")]
mod roster;
mod status;

pub use close_code::CloseCode;
pub use entry::{Driver, ENTRY_SLOT, Entry, EntryKey, Lane, LaneKind, MemberRole, Recording};
pub use fields::{LimitField, NumberField, ServerFields};
pub use lane_message::{LaneMessage, LaneWord};
#[cfg(feature = "rooms")]
pub(crate) use lane_totals::{LaneTotals, SaidBy};
pub use message::{
    Action, Audience, Claim, ClaimKind, ClientMessage, Connected, Create, Join, OwnerPresence, Question,
    RecordingWish, RosterQuery, ServerMessage,
};
pub use refusal::{Refusal, RefusalCode};
pub use render::Rendering;
#[cfg(feature = "rooms")]
pub(crate) use roster::{Person, RosterNews, RosterPage};
pub use status::Status;
