//! What servers that have the same room tell each other of who is there.

/// What a server says of the people who are connected to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterSaid {
    /// The number of the server.
    pub server: u64,
    /// Which of its lists it is: a server that has given up a room and has it again begins another.
    pub list: u64,
    /// The version of the list after this.
    pub version: u64,
    /// What it says.
    pub what: RosterSaying,
}

/// What of its list a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterSaying {
    /// It asks all others for their lists.
    Asks,
    /// A part of its list.
    Whole {
        /// Which part; the first is 0.
        part: u32,
        /// How many parts there are.
        parts: u32,
        /// The people.
        people: Vec<SeatedPerson>,
    },
    /// What has changed since a version. Nothing, if it only says which version it has.
    Changes {
        /// The version before.
        from: u64,
        /// Who came.
        came: Vec<SeatedPerson>,
        /// The seats of those who went.
        went: Vec<u32>,
    },
}

/// A named follower, as servers know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatedPerson {
    /// The number that names it to others.
    pub seat: u32,
    /// Its name.
    pub name: String,
    /// Whether a token says the name.
    pub is_verified: bool,
    /// Its session, by which it has its seat again. None for one without session fields.
    pub session: Option<String>,
}
