//! The input of a simulation: limits and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use rtbroadcaster_protocol::Limits;

/// Everything that a run depends on: two runs of one program are identical.
#[derive(Debug, Clone)]
pub struct Program {
    /// The server's limits.
    pub settings: Settings,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// How many servers there are. Several keep their rooms together in a log.
    pub servers: usize,
}

/// The limits of a program. They are small, so that runs reach them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// See [`Limits::ring_actions`].
    pub ring_actions: usize,
    /// See [`Limits::ring_bytes`].
    pub ring_bytes: usize,
    /// See [`Limits::rooms`].
    pub rooms: usize,
    /// See [`Limits::followers_per_room`].
    pub followers: usize,
    /// See [`Limits::slots_per_room`].
    pub slots: usize,
    /// See [`Limits::slot_bytes_per_room`].
    pub slot_bytes: usize,
    /// See [`Limits::message_bytes`].
    pub message_bytes: usize,
    /// See [`Limits::owner_actions_per_second`].
    pub owner_actions: u64,
    /// See [`Limits::owner_grace_ms`].
    pub grace_ms: u64,
    /// Bytes of a large value. The largest ones fill a frame each, so that a snapshot takes several
    /// frames.
    pub large_bytes: usize,
    /// How many followers there are from the beginning.
    pub followers_at_start: u8,
    /// Whether owners share the size of the audience with their followers.
    pub share_audience: bool,
    /// Whether the server keeps its rooms in a journal.
    pub has_journal: bool,
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits::default().with(|limits| {
            limits.ring_actions = self.ring_actions;
            limits.ring_bytes = self.ring_bytes;
            limits.rooms = self.rooms;
            limits.followers_per_room = self.followers;
            limits.slots_per_room = self.slots;
            limits.slot_bytes_per_room = self.slot_bytes;
            limits.message_bytes = self.message_bytes;
            limits.owner_actions_per_second = self.owner_actions;
            limits.owner_grace_ms = self.grace_ms;
        })
    }
}

/// One step. A number selects one of the pages that the step can be for, modulo their count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An owner broadcasts an action.
    Broadcast(u8),
    /// An owner writes a slot.
    Write(u8, u8),
    /// An owner writes a slot with a value of many bytes.
    WriteLarge(u8, u8),
    /// An owner writes every slot with values of many bytes.
    Fill(u8),
    /// An owner clears a slot.
    Clear(u8, u8),
    /// An owner's last actions are sent again.
    Repeat(u8),
    /// An owner broadcasts this many actions at once; every second one writes a slot.
    Burst(u8, u8),
    /// Milliseconds pass.
    Wait(u16),
    /// Seconds pass.
    Idle(u8),
    /// The machines sleep for this many minutes: nothing happens, then everything is late.
    Sleep(u8),
    /// A connection is cut and both ends notice.
    Cut(u8),
    /// A connection is cut and only the server notices.
    CutUnnoticedByPage(u8),
    /// A connection is cut and only the page notices.
    CutUnnoticedByServer(u8),
    /// A connection is cut and neither end notices.
    HalfOpen(u8),
    /// A page loses its network: its connection is half-open and new ones fail.
    Offline(u8),
    /// A page has its network again.
    Online(u8),
    /// A page receives nothing.
    Stall(u8),
    /// A page receives again.
    Unstall(u8),
    /// A page's frames travel for this many milliseconds from now on.
    Delay(u8, u16),
    /// The network accepts nothing from a page for this many milliseconds.
    Clog(u8, u16),
    /// A page wakes up and checks its connection.
    Wake(u8),
    /// A follower comes.
    Join,
    /// A follower comes that does not speak session fields.
    JoinLegacy,
    /// A follower leaves.
    Leave(u8),
    /// A follower's page is reloaded and knows nothing.
    ReloadFollower(u8),
    /// An owner's page is reloaded and knows only the key; the flag says whether the server hears
    /// of it.
    ReloadOwner(u8, bool),
    /// A second page comes with an owner's key.
    SecondTab(u8),
    /// A page claims a room with a wrong key.
    Steal(u8),
    /// A follower that does not speak session fields broadcasts and clears.
    Intrude(u8),
    /// An owner closes its room.
    CloseRoom(u8),
    /// Another owner opens a room.
    OpenRoom,
    /// An owner that does not speak session fields opens a room.
    OpenLegacyRoom,
    /// The server crashes and starts again without its rooms.
    Restart,
    /// The server crashes. With a journal it starts again with what is kept; without one nothing
    /// happens.
    Crash,
    /// The journal takes this many milliseconds from now on.
    Disk(u16),
    /// Every room stages a checkpoint.
    Checkpoint,
    /// The server shuts down, is away for this many milliseconds and comes back with its rooms.
    ShutDown(u16),
    /// Something happens to servers that keep their rooms together.
    InCluster(ClusterStep),
}

/// One step of servers that keep their rooms together. The first number selects a server, modulo
/// their count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterStep {
    /// A server does nothing for this many tenths of a second, and then goes on.
    Stop(u8, u16),
    /// A server is killed. Another process takes its place.
    Kill(u8),
    /// A server can't reach the log for this many tenths of a second.
    CutOff(u8, u16),
    /// From now on the network between servers and log is this bad: from 0 to 100.
    Weather(u8),
    /// A server stages a checkpoint of each of its rooms.
    Checkpoint(u8),
    /// A program posts an action to a room: selected by the first number, at the server that the
    /// second one selects, for the slot with the third number.
    Post(u8, u8, Option<u8>),
}

/// Random programs.
pub(super) fn programs() -> impl Strategy<Value = Program> {
    (settings(), vec(steps(), 1..100)).prop_map(|(settings, steps)| Program { settings, steps, servers: 1 })
}

/// Random programs for several servers.
pub(super) fn cluster_programs() -> impl Strategy<Value = Program> {
    let step = prop_oneof![5 => steps(), 2 => cluster_steps().prop_map(Step::InCluster)];
    (settings(), 2_usize..4, vec(step, 1..100)).prop_map(|(settings, servers, steps)| {
        // The rooms of all servers are in their log, so no server has too many.
        let settings = Settings { has_journal: false, rooms: 100, ..settings };
        Program { settings, steps, servers }
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let ring = (
        prop_oneof![3 => 2_usize..12, 1 => Just(4_096)],
        prop_oneof![5 => Just(4 * 1024 * 1024), 1 => 200_usize..1_500],
    );
    let counts = (1_usize..4, prop_oneof![1 => 1_usize..4, 2 => Just(100)], 2_usize..8);
    let bytes = (
        prop_oneof![1 => 40_usize..400, 3 => Just(4 * 1024 * 1024)],
        prop_oneof![1 => 300_usize..600, 6 => Just(65_536)],
        prop_oneof![3 => Just(320_usize), 1 => Just(40_000)],
    );
    let pace = prop_oneof![1 => 8_u64..24, 2 => Just(5_000)];
    let others = (prop_oneof![Just(20_000), Just(600_000)], 0_u8..3, any::<bool>(), pace, any::<bool>());
    (ring, counts, bytes, others).prop_map(|(ring, counts, bytes, others)| Settings {
        ring_actions: ring.0,
        ring_bytes: ring.1,
        rooms: counts.0,
        followers: counts.1,
        slots: counts.2,
        slot_bytes: bytes.0,
        message_bytes: bytes.1,
        large_bytes: bytes.2,
        owner_actions: others.3,
        grace_ms: others.0,
        followers_at_start: others.1,
        share_audience: others.2,
        has_journal: others.4,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    use Step::*;

    let page = any::<u8>;
    prop_oneof![
        12 => page().prop_map(Broadcast),
        12 => (page(), 0_u8..6).prop_map(|(page, slot)| Write(page, slot)),
        3 => (page(), 0_u8..6).prop_map(|(page, slot)| WriteLarge(page, slot)),
        2 => page().prop_map(Fill),
        5 => (page(), 0_u8..6).prop_map(|(page, slot)| Clear(page, slot)),
        2 => page().prop_map(Repeat),
        4 => (page(), 2_u8..16).prop_map(|(page, count)| Burst(page, count)),
        20 => (0_u16..60).prop_map(Wait),
        8 => (60_u16..3_000).prop_map(Wait),
        3 => (1_u8..70).prop_map(Idle),
        1 => (1_u8..240).prop_map(Sleep),
        4 => page().prop_map(Cut),
        3 => page().prop_map(CutUnnoticedByPage),
        3 => page().prop_map(CutUnnoticedByServer),
        2 => page().prop_map(HalfOpen),
        2 => page().prop_map(Offline),
        2 => page().prop_map(Online),
        5 => page().prop_map(Stall),
        2 => page().prop_map(Unstall),
        2 => (page(), 0_u16..2_000).prop_map(|(page, delay)| Delay(page, delay)),
        2 => (page(), 50_u16..2_000).prop_map(|(page, pause)| Clog(page, pause)),
        2 => page().prop_map(Wake),
        6 => Just(Join),
        2 => Just(JoinLegacy),
        1 => page().prop_map(Leave),
        1 => page().prop_map(ReloadFollower),
        3 => (page(), any::<bool>()).prop_map(|(page, heard)| ReloadOwner(page, heard)),
        2 => page().prop_map(SecondTab),
        2 => Just(Crash),
        2 => (0_u16..400).prop_map(Disk),
        1 => Just(Checkpoint),
        1 => page().prop_map(Steal),
        1 => page().prop_map(Intrude),
        1 => prop_oneof![
            2 => page().prop_map(CloseRoom),
            3 => Just(OpenRoom),
            1 => Just(OpenLegacyRoom),
            1 => Just(Restart),
            3 => (0_u16..5_000).prop_map(ShutDown),
        ],
    ]
}

fn cluster_steps() -> impl Strategy<Value = ClusterStep> {
    use ClusterStep::*;

    let server = any::<u8>;
    prop_oneof![
        3 => (server(), 1_u16..300).prop_map(|(server, tenths)| Stop(server, tenths)),
        2 => server().prop_map(Kill),
        3 => (server(), 1_u16..300).prop_map(|(server, tenths)| CutOff(server, tenths)),
        6 => prop_oneof![1 => Just(0_u8), 3 => 0_u8..101].prop_map(Weather),
        3 => server().prop_map(Checkpoint),
        8 => (server(), server(), proptest::option::of(0_u8..6))
            .prop_map(|(room, server, slot)| Post(room, server, slot)),
    ]
}
