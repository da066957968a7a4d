//! Every bound that rooms and connections keep, and those that a page is told.

/// The longest name of a session, in bytes. A UUID has 36. A longer name is refused (`malformed`).
/// This is no setting, because rooms remember the names of the sessions that act on them.
pub const MAX_SESSION_BYTES: usize = 128;

/// The bounds that rooms and connections keep. Each is a setting of the server, and its name ends
/// with its unit where it has one. An *address* is an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one message from a client, all its fragments together. A larger one closes its
    /// websocket with 1009. Default 65,536; the original allowed 512.
    pub message_bytes: usize,
    /// Levels of arrays and objects in each other that params may have, their own array included:
    /// `[[1]]` has two. Deeper ones are refused (`params_too_deep`), because the parsers of some
    /// clients fail at them. Default 120: `serde_json` reads 127, of which the message is one.
    pub params_depth: usize,
    /// Rooms at a time. Above it, create is refused (`too_many_rooms`). Default 10,000.
    pub rooms: usize,
    /// Followers of one room. Above it, join is refused (`room_full`). Default 10,000.
    pub followers_per_room: usize,
    /// State messages that one room retains. Above it, a new slot is refused (`too_many_slots`).
    /// Default 10,000.
    pub slots_per_room: usize,
    /// Bytes of all state messages of one room together: slot names, function keys and params.
    /// Above it, state is refused (`state_too_large`). Default 4 MiB.
    pub slot_bytes_per_room: usize,
    /// Actions that a room remembers for followers that are behind. A follower that is further
    /// behind gets the retained state instead. Default 4,096.
    pub ring_actions: usize,
    /// Bytes of those actions. Whichever of the two limits is reached first counts. Default 4 MiB.
    pub ring_bytes: usize,
    /// How long a room lives on without its owner, in milliseconds. Default 600,000 (10 minutes).
    pub owner_grace_ms: u64,
    /// How long a connection may take to send its request, and then as long again to send create or
    /// join, in milliseconds. Default 10,000.
    pub handshake_timeout_ms: u64,
    /// Pause between two websocket pings to a client, in milliseconds. Default 25,000; the original
    /// had 54,000.
    pub ping_interval_ms: u64,
    /// How long a client may send nothing, not even an answer to a ping, in milliseconds. Default
    /// 60,000, as in the original.
    pub idle_timeout_ms: u64,
    /// How long a client may take nothing of what is sent to it, in milliseconds. Default 30,000.
    pub stall_timeout_ms: u64,
    /// When the server shuts down, its clients are told to come back spread over this time, in
    /// milliseconds. Default 5,000.
    pub return_window_ms: u64,
    /// Different rooms that don't exist for which one address may ask per minute. Above it, every
    /// join from there is refused for a while (`rate_limited`), so that ids can't be guessed.
    /// Default 300: a school behind one address, in which each class has an old link.
    pub unknown_rooms_per_minute: u64,
    /// Characters of a room's short code, from 6 to 10. Each more makes codes 24 times as hard to
    /// guess. Default 6: with 10,000 codes, one guess in 19,000 finds a room.
    pub code_length: usize,
    /// Different codes that stand for no room for which one address may ask per minute. Above it,
    /// its lookups are refused for a while (`rate_limited`), whether the code stands for a room or
    /// not. Default 30: a class that types, and one guess at a room in some 10 hours.
    pub code_misses_per_minute_per_address: u64,
    /// The same for all addresses together, per second. Default 50: against guesses from many
    /// addresses.
    pub code_misses_per_second: u64,
    /// Websockets at a time from one address. An upgrade above it is answered by HTTP status 429.
    /// Default 5,000: a university behind one address, and a quarter of all that there may be.
    pub connections_per_address: usize,
    /// Upgrades per second from one address. They may all come at once after a second without any.
    /// Those above it are answered by HTTP status 429. Default 1,000: a lecture that opens the same
    /// link, or comes back after a restart.
    pub handshakes_per_second_per_address: u64,
    /// Upgrades per second from all addresses. Those above it are answered by HTTP status 503.
    /// Default 5,000: at 100 to 200 µs each they take most of a core.
    pub handshakes_per_second: u64,
    /// Rooms that one address may open per minute. Above it, create is refused (`rate_limited`).
    /// Default 600: a class in which each pupil opens one, and does it again.
    pub rooms_per_minute_per_address: u64,
    /// Rooms of former processes that one process opens anew for their owners. Beyond it, their
    /// claims are refused (`unknown_room`). Each is remembered until the process ends, in some 50
    /// bytes. Default 100,000.
    pub reopened_rooms: usize,
    /// Bytes that the rings and the retained state of all rooms may take together; an estimate.
    /// Rings shrink from three quarters of it on. From fifteen sixteenths on, new rooms
    /// (`too_many_rooms`) and new slots (`state_too_large`) are refused. Above it, larger values
    /// for existing slots are refused too. Default 1 GiB.
    pub room_memory_bytes: usize,
    /// Actions per second of one owner. They may all come at once after a second without any. A
    /// faster owner isn't read for a moment; nothing is refused. Default 5,000: more than a page
    /// has to say, and more at once than it may have unanswered.
    pub owner_actions_per_second: u64,
    /// Bytes of those actions per second: function keys, params and slots. One message of
    /// [`Limits::message_bytes`] is always taken. Default 8 MiB: twice what an owner may have
    /// unanswered.
    pub owner_bytes_per_second: u64,
    /// How far ahead the moment of an action may be (`at`), in milliseconds. Further ahead, the
    /// action is refused (`malformed`). At most 60,000: no page waits for longer. Default 10,000.
    pub at_horizon_ms: u64,
    /// How often per second the server tells its time to pages that estimate its clock, to all of
    /// them together. Those that ask above it ask less often. Default 5,000: an audience of 10,000
    /// that comes at once knows the clock well after a minute.
    pub clock_samples_per_second: u64,
    /// Bytes of the name that a follower gives, or that its token says. A longer one is refused
    /// (`malformed`). Default 64: some 20 characters of any script.
    pub name_bytes: usize,
    /// People on one page of the roster. Who asks for more gets so many. Default 100.
    pub roster_page: usize,
    /// How many people may be named in a room whose owner shares the roster, for followers to see
    /// them. Above it, followers are told how many there are. Default 200.
    pub roster_shared: usize,
    /// Members of one room beside its creator: those who were invited. Above it, another is refused
    /// (`room_full`). 0 allows none (`forbidden`). Default 16.
    pub members_per_room: usize,
    /// Followers of one room that wait to be given the right to write. Above it, another is refused
    /// (`room_full`). 0 allows none (`forbidden`). Default 16.
    pub requests_per_room: usize,
    /// How long such a request waits for an answer, in milliseconds. Default 60,000.
    pub request_ms: u64,
    /// How long whoever was given the right to write may take to begin, in milliseconds. After that
    /// the owner counts as away. Default 5,000.
    pub hand_over_ms: u64,
    /// Lanes of one room. Above it, a new one is refused (`too_many_slots`). 0 allows none
    /// (`forbidden`). Default 16.
    pub lanes_per_room: usize,
    /// Options of a lane on which followers vote. A lane with more, or with fewer than two, is
    /// refused (`malformed`). Default 32.
    pub options_per_lane: usize,
    /// Symbols of a lane on which reactions are counted, of at most 16 bytes each. A lane with more
    /// is refused (`malformed`). Default 16.
    pub symbols_per_lane: usize,
    /// Voters of one lane. Above it, the votes of others are refused (`room_full`). Default 20,000:
    /// twice as many as may follow.
    pub voters_per_lane: usize,
    /// Bytes of a value that a follower says on a lane, as JSON. A longer one is refused
    /// (`malformed`). Default 1,024.
    pub lane_value_bytes: usize,
    /// Values per second that all followers of a room say on its lanes. Those above it are dropped.
    /// Default 50: more than an owner reads.
    pub lane_says_per_second: u64,
    /// Values that wait until the owner is told. Those above it are dropped. Default 256.
    pub lane_inbox: usize,
    /// Messages per second of one follower on all lanes. It may send those of five seconds at once.
    /// One that sends more isn't read for a moment. Default 2.
    pub audience_messages_per_second: u64,
    /// Messages per second on the lanes of all rooms. Above it, those who send them aren't read for
    /// a moment. Default 20,000.
    pub lane_messages_per_second: u64,
    /// The same over plain HTTP, of one address. Above it they are refused (`rate_limited`).
    /// Default 200.
    pub lane_posts_per_second_per_address: u64,
    /// Silence after which a page asks whether the connection still works, in milliseconds. It is
    /// announced to the page. Default 25,000.
    pub heartbeat_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024,
            params_depth: 120,
            rooms: 10_000,
            followers_per_room: 10_000,
            slots_per_room: 10_000,
            slot_bytes_per_room: 4 * 1024 * 1024,
            ring_actions: 4_096,
            ring_bytes: 4 * 1024 * 1024,
            owner_grace_ms: 600_000,
            handshake_timeout_ms: 10_000,
            ping_interval_ms: 25_000,
            idle_timeout_ms: 60_000,
            stall_timeout_ms: 30_000,
            return_window_ms: 5_000,
            unknown_rooms_per_minute: 300,
            code_length: 6,
            code_misses_per_minute_per_address: 30,
            code_misses_per_second: 50,
            connections_per_address: 5_000,
            handshakes_per_second_per_address: 1_000,
            handshakes_per_second: 5_000,
            rooms_per_minute_per_address: 600,
            reopened_rooms: 100_000,
            room_memory_bytes: 1024 * 1024 * 1024,
            owner_actions_per_second: 5_000,
            owner_bytes_per_second: 8 * 1024 * 1024,
            at_horizon_ms: 10_000,
            clock_samples_per_second: 5_000,
            name_bytes: 64,
            roster_page: 100,
            roster_shared: 200,
            members_per_room: 16,
            requests_per_room: 16,
            request_ms: 60_000,
            hand_over_ms: 5_000,
            lanes_per_room: 16,
            options_per_lane: 32,
            symbols_per_lane: 16,
            voters_per_lane: 20_000,
            lane_value_bytes: 1_024,
            lane_says_per_second: 50,
            lane_inbox: 256,
            audience_messages_per_second: 2,
            lane_messages_per_second: 20_000,
            lane_posts_per_second_per_address: 200,
            heartbeat_ms: 25_000,
        }
    }
}

impl Limits {
    /// The same limits with some changed.
    ///
    /// ```
    /// use rtbroadcaster_protocol::Limits;
    ///
    /// let limits = Limits::default().with(|limits| limits.rooms = 100);
    /// assert_eq!(limits.rooms, 100);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The limits that the reply to create and join announces.
    #[must_use]
    pub fn announced(&self) -> AnnouncedLimits {
        AnnouncedLimits {
            message_bytes: self.message_bytes as u64,
            queue_actions: self.ring_actions as u64,
            queue_bytes: self.ring_bytes as u64,
            heartbeat_ms: self.heartbeat_ms,
        }
    }
}

/// The limits that a page must know, of the field `limits` of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnouncedLimits {
    /// `messageBytes`: see [`Limits::message_bytes`].
    pub message_bytes: u64,
    /// `queueActions`: how many actions an owner may have unanswered, the same as the room's ring.
    pub queue_actions: u64,
    /// `queueBytes`: how many bytes these may have.
    pub queue_bytes: u64,
    /// `heartbeat`: see [`Limits::heartbeat_ms`].
    pub heartbeat_ms: u64,
}

impl Default for AnnouncedLimits {
    fn default() -> Self {
        Limits::default().announced()
    }
}
