//! What a simulation is told to do: limits, and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use rtbroadcaster_protocol::Limits;

/// Everything that a run depends on: two runs of one program are the same to the byte.
#[derive(Debug, Clone)]
pub struct Program {
    /// The bounds of the server.
    pub settings: Settings,
    /// What happens, one thing after another.
    pub steps: Vec<Step>,
}

/// The bounds that a program sets; small ones, so that they are met.
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
    /// Bytes of a large value; the largest fill a frame each, so that a snapshot takes several.
    pub large_bytes: usize,
    /// How many followers are there from the beginning.
    pub followers_at_start: u8,
    /// Whether the owners let their followers know how many they are.
    pub share_audience: bool,
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            ring_actions: self.ring_actions,
            ring_bytes: self.ring_bytes,
            rooms: self.rooms,
            followers_per_room: self.followers,
            slots_per_room: self.slots,
            slot_bytes_per_room: self.slot_bytes,
            message_bytes: self.message_bytes,
            owner_actions_per_second: self.owner_actions,
            owner_grace_ms: self.grace_ms,
            ..Limits::default()
        }
    }
}

/// One thing that happens. Numbers name a page, among those that the step is for, as many as there are going round.
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
    /// What an owner wrote last is sent once more.
    Repeat(u8),
    /// An owner broadcasts so many actions at once, every second one writing a slot.
    Burst(u8, u8),
    /// Milliseconds pass.
    Wait(u16),
    /// Seconds pass.
    Idle(u8),
    /// The machines sleep for so many minutes: nothing happens, then everything is late.
    Sleep(u8),
    /// A connection is cut and both ends notice.
    Cut(u8),
    /// A connection is cut and only the server notices.
    CutUnnoticedByPage(u8),
    /// A connection is cut and only the page notices.
    CutUnnoticedByServer(u8),
    /// A connection is cut and nobody notices.
    HalfOpen(u8),
    /// A page loses its network: its connection is half-open and new ones fail.
    Offline(u8),
    /// A page has its network again.
    Online(u8),
    /// A page takes nothing that is sent to it.
    Stall(u8),
    /// It takes it again.
    Unstall(u8),
    /// A page's frames travel so many milliseconds from now on.
    Delay(u8, u16),
    /// The network takes nothing from a page for so many milliseconds.
    Clog(u8, u16),
    /// A page wakes up and looks at its connection.
    Wake(u8),
    /// A follower comes.
    Join,
    /// A follower comes that doesn't speak session fields.
    JoinLegacy,
    /// A follower leaves.
    Leave(u8),
    /// A follower's page is loaded anew and knows nothing.
    ReloadFollower(u8),
    /// An owner's page is loaded anew and knows nothing but the key; the server hears of it or not.
    ReloadOwner(u8, bool),
    /// A second page with an owner's key.
    SecondTab(u8),
    /// A page claims a room with a wrong key.
    Steal(u8),
    /// A follower that doesn't speak session fields broadcasts and clears.
    Intrude(u8),
    /// An owner closes its room.
    CloseRoom(u8),
    /// Another owner opens a room.
    OpenRoom,
    /// An owner that doesn't speak session fields opens a room.
    OpenLegacyRoom,
    /// The server dies and starts again without its rooms.
    Restart,
    /// The server says goodbye, is away for so many milliseconds and comes back with its rooms.
    ShutDown(u16),
}

/// Programs at random.
pub(super) fn programs() -> impl Strategy<Value = Program> {
    (settings(), vec(steps(), 1..100)).prop_map(|(settings, steps)| Program { settings, steps })
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
    let others = (prop_oneof![Just(20_000), Just(600_000)], 0_u8..3, any::<bool>(), pace);
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
