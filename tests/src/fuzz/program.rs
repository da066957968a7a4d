//! Bytes as a program of the simulation.

use crate::sim::{self, Program, Settings, Step};

/// The bytes of the settings.
const SETTINGS_BYTES: usize = 6;
/// The bytes of one step.
const STEP_BYTES: usize = 3;
/// The most steps of one program: more take longer and find nothing else.
const MAX_STEPS: usize = 120;

/// Plays a program: the first bytes are the server's limits, then each three bytes are one step.
/// The simulation's model judges it.
pub fn program(data: &[u8]) {
    let Some((settings_bytes, rest)) = data.split_first_chunk() else { return };
    let steps = rest.as_chunks::<STEP_BYTES>().0.iter().take(MAX_STEPS).map(|bytes| step(*bytes)).collect();
    let program = Program { settings: settings(*settings_bytes), steps, servers: 1 };
    if let Err((violation, trace)) = sim::run(&program, true) {
        panic!("{violation}\n{}\n{program:?}", trace.join("\n"));
    }
}

fn settings(bytes: [u8; SETTINGS_BYTES]) -> Settings {
    let [ring, counts, bounds, message, others, followers] = bytes.map(usize::from);
    let every = |divisor: usize, number: usize| number.is_multiple_of(divisor);
    Settings {
        ring_actions: if every(4, ring) { 4_096 } else { 2 + ring % 10 },
        ring_bytes: if every(5, ring) { 200 + ring * 5 } else { 4 * 1024 * 1024 },
        rooms: 1 + counts % 3,
        followers: if every(3, counts) { 1 + counts % 4 } else { 100 },
        slots: 2 + counts % 6,
        slot_bytes: if every(4, bounds) { 40 + bounds } else { 4 * 1024 * 1024 },
        message_bytes: if every(7, message) { 300 + message } else { 65_536 },
        large_bytes: if every(4, message) { 40_000 } else { 320 },
        owner_actions: if every(3, message) { 20 + message as u64 % 20 } else { 5_000 },
        grace_ms: if every(2, others) { 20_000 } else { 600_000 },
        followers_at_start: followers as u8 % 3,
        share_audience: every(3, others),
        has_journal: false,
    }
}

fn step([kind, page, more]: [u8; STEP_BYTES]) -> Step {
    let (slot, number) = (more % 6, u16::from_le_bytes([page, more]));
    match kind % 36 {
        0 => Step::Broadcast(page),
        1 => Step::WriteLarge(page, slot),
        2 => Step::Fill(page),
        3 => Step::Clear(page, slot),
        4 => Step::Repeat(page),
        5 => Step::Burst(page, 2 + more % 14),
        6 => Step::Wait(u16::from(page)),
        7 => Step::Wait(number % 3_000),
        8 => Step::Idle(1 + page % 69),
        9 => Step::Sleep(1 + page % 239),
        10 => Step::Cut(page),
        11 => Step::CutUnnoticedByPage(page),
        12 => Step::CutUnnoticedByServer(page),
        13 => Step::HalfOpen(page),
        14 => Step::Offline(page),
        15 => Step::Online(page),
        16 => Step::Stall(page),
        17 => Step::Unstall(page),
        18 => Step::Delay(page, number % 2_000),
        19 => Step::Clog(page, 50 + number % 1_950),
        20 => Step::Wake(page),
        21 => Step::Join,
        22 => Step::JoinLegacy,
        23 => Step::Leave(page),
        24 => Step::ReloadFollower(page),
        25 => Step::ReloadOwner(page, more % 2 == 0),
        26 => Step::SecondTab(page),
        27 => Step::Steal(page),
        28 => Step::Intrude(page),
        29 => Step::CloseRoom(page),
        30 => Step::OpenRoom,
        31 => Step::OpenLegacyRoom,
        32 => Step::Restart,
        33 => Step::ShutDown(number % 5_000),
        _ => Step::Write(page, slot),
    }
}
