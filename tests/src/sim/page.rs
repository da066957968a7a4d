//! A page: a browser's tab in the world.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{
    Audience, EndReason, Goal, OwnerPresence, Session, SessionOptions, SessionStatus, Timestamp,
};

use super::link::LinkId;
use super::model::What;
use super::witness::Witness;

/// How long a page tries to reach its room for the first time, in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 30_000;

/// A page and its network.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) kind: Kind,
    pub(super) link: Option<LinkId>,
    /// False once the page was closed or reloaded. A reloaded page is another page.
    pub(super) is_loaded: bool,
    pub(super) is_offline: bool,
    pub(super) is_stalled: bool,
    pub(super) delay_ms: u64,
    /// The last actions that it sent on this connection.
    pub(super) written: Option<String>,
    /// The network accepts nothing from the page until this moment.
    pub(super) clogged_until: Timestamp,
}

#[derive(Debug)]
pub(super) enum Kind {
    Modern(Box<Modern>),
    Legacy(Legacy),
}

/// A page that uses the SDK.
#[derive(Debug)]
pub(super) struct Modern {
    pub(super) session: Session<String>,
    pub(super) witness: Witness,
    /// The unanswered broadcasts, by ticket.
    pub(super) tickets: BTreeMap<u64, What>,
    pub(super) status: SessionStatus,
    pub(super) entered: bool,
    pub(super) ended: Option<EndReason>,
    /// The head in the newest reply.
    pub(super) target: u64,
    pub(super) audience: Option<Audience>,
    pub(super) owner: OwnerPresence,
    /// Whether the application has closed the session.
    pub(super) is_leaving: bool,
    /// It claims with a wrong key.
    pub(super) is_thief: bool,
    /// Another page has claimed the same room.
    pub(super) has_rival: bool,
    /// How many actions the server allows to wait, as in the newest reply.
    pub(super) queue_actions: u64,
    /// Whether the next message is the first after the reply.
    pub(super) is_first: bool,
    /// The page had everything up to this seq when its session ended.
    pub(super) closed_at: Option<u64>,
}

/// A page that speaks the original's protocol: it has no reconnect, no seqs, and no end but the
/// socket's.
#[derive(Debug, Default)]
pub(super) struct Legacy {
    /// The room to join; `None` if it opens a room of its own.
    pub(super) joins: Option<String>,
    /// The room that it is in.
    pub(super) room: Option<String>,
    /// The seqs of the actions that it received on this connection, in that order.
    pub(super) handed: Vec<u64>,
    pub(super) reconnect_at: Option<Timestamp>,
    pub(super) is_over: bool,
}

impl Page {
    pub(super) fn new(kind: Kind, index: usize) -> Self {
        Self {
            kind,
            link: None,
            is_loaded: true,
            is_offline: false,
            is_stalled: false,
            delay_ms: 3 + (index as u64 * 7) % 40,
            written: None,
            clogged_until: Timestamp::default(),
        }
    }

    pub(super) fn modern(&self) -> Option<&Modern> {
        match &self.kind {
            Kind::Modern(modern) => Some(modern),
            Kind::Legacy(_) => None,
        }
    }

    pub(super) fn modern_mut(&mut self) -> Option<&mut Modern> {
        match &mut self.kind {
            Kind::Modern(modern) => Some(modern),
            Kind::Legacy(_) => None,
        }
    }

    /// The room that it is in or wants to be in.
    pub(super) fn uuid(&self) -> Option<&str> {
        match &self.kind {
            Kind::Modern(modern) => modern.session.uuid(),
            Kind::Legacy(legacy) => legacy.room.as_deref().or(legacy.joins.as_deref()),
        }
    }

    pub(super) fn is_owner(&self) -> bool {
        match &self.kind {
            Kind::Modern(modern) => modern.session.is_owner(),
            Kind::Legacy(legacy) => legacy.joins.is_none(),
        }
    }

    /// Whether it has been in its room.
    pub(super) fn has_entered(&self) -> bool {
        match &self.kind {
            Kind::Modern(modern) => modern.entered,
            Kind::Legacy(legacy) => legacy.room.is_some(),
        }
    }

    /// Whether the page is loaded and its session goes on.
    pub(super) fn is_alive(&self) -> bool {
        self.is_loaded
            && match &self.kind {
                Kind::Modern(modern) => modern.ended.is_none(),
                Kind::Legacy(legacy) => !legacy.is_over,
            }
    }

    /// The next moment at which the page does something by itself.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        if !self.is_loaded {
            return None;
        }
        match &self.kind {
            Kind::Modern(modern) => modern.session.next_timeout(),
            Kind::Legacy(legacy) => legacy.reconnect_at,
        }
    }
}

impl Modern {
    pub(super) fn new(goal: Goal, index: usize, share_audience: bool) -> Self {
        let options = SessionOptions {
            goal,
            session: format!("session-{index}"),
            seed: index as u64,
            connect_timeout_ms: CONNECT_TIMEOUT_MS,
            share_audience,
            code: false,
            clock: false,
            share_roster: false,
            name: None,
            invite: None,
        };
        Self {
            session: Session::new(options),
            witness: Witness::default(),
            tickets: BTreeMap::new(),
            status: SessionStatus::Connecting,
            entered: false,
            ended: None,
            target: 0,
            audience: None,
            owner: OwnerPresence::Here,
            is_leaving: false,
            is_thief: false,
            has_rival: false,
            queue_actions: 0,
            is_first: false,
            closed_at: None,
        }
    }
}
