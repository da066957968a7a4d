//! What a node holds: its replicas, and what it knows of other nodes. Nothing here does anything by
//! itself.

mod audience;
mod cells;
mod counts;
mod health;
mod loads;
mod missed_codes;
mod nodes;
mod replica;

pub(crate) use cells::Cells;
pub(crate) use counts::{ClusterCounts, ClusterReport};
pub(crate) use health::{Health, UNANSWERED};
pub(crate) use loads::{Load, Loads};
pub(crate) use missed_codes::MissedCodes;
pub(crate) use nodes::{NodeSaid, NodeView, Nodes};
pub(crate) use replica::{Replicas, SharedReplica};
