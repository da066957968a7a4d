//! What a room knows of the pages of one member.

/// What a room knows of the pages of one member. At most one of them is let in: the newest.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::room) struct Pages {
    /// The session that entered last.
    pub(in crate::room) session: Option<String>,
    /// How often one entered. A connection that holds an older number is superseded.
    pub(in crate::room) entries: u64,
    /// How many connections follow.
    pub(in crate::room) connections: u32,
    /// The seq of the entry that ended the last turn of this member.
    pub(in crate::room) turn_ended: Option<u64>,
}

impl Pages {
    /// Whether one of them follows.
    pub(in crate::room) fn is_here(&self) -> bool {
        self.connections > 0
    }

    /// Lets a page in, and returns the number that its connection holds.
    pub(in crate::room) fn enter(&mut self, session: Option<&str>) -> u64 {
        self.session = session.map(str::to_owned);
        self.entries += 1;
        self.entries
    }
}
