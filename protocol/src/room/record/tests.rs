use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::{Answer, Driver, InvitedMember, Lane, LaneKind, MembersState, Recording, RefusalCode, RoomCode};

fn encoded(records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    records.iter().for_each(|record| record.encode(&mut bytes));
    bytes
}

fn decoded(bytes: &[u8]) -> Result<Vec<Record<'_>>, RecordError> {
    Records::new(bytes).collect()
}

fn refusal(id: u64) -> Refusal {
    Refusal { id: Some(id), ..Refusal::new(RefusalCode::TooManySlots) }
}

fn action(slot: Option<&'static str>) -> Action<&'static str> {
    Action { key: "goTo", params: "[7,\"é\"]", slot, at: None }
}

fn at(slot: Option<&'static str>) -> Action<&'static str> {
    Action { at: Some(1_790_000_012_345), ..action(slot) }
}

fn code() -> Option<RoomCode> {
    RoomCode::parse("K7M4QX")
}

fn checkpoint() -> Checkpoint<'static> {
    Checkpoint {
        head: 300,
        shares_audience: true,
        has_clock: false,
        code: None,
        owner: OwnerState {
            key: KeyDigest([7; 32]),
            epoch: 3,
            session: Some("page"),
            away_since_ms: Some(1_700_000_000_000),
            answers: vec![
                Answer::Appended { first_id: 1, last_id: 4, last_seq: 299 },
                Answer::Refused { id: 5, refusal: refusal(5) },
            ],
            other_sessions: vec![(
                "robot",
                vec![Answer::Appended { first_id: 9, last_id: 9, last_seq: 300 }],
            )],
        },
        slots: vec![(12, action(Some("slide"))), (300, action(Some("pointer")))],
        entries: Vec::new(),
        votes: Vec::new(),
        members: MembersState::default(),
    }
}

fn invited() -> InvitedMember<'static> {
    InvitedMember {
        seat: 9_211,
        key: KeyDigest([8; 32]),
        name: Some("Ben".into()),
        expires_ms: Some(1_700_000_100_000),
        turn_ended: Some(280),
    }
}

fn lane(kind: LaneKind) -> Entry {
    Entry::Lane { name: "q1".to_owned(), lane: Some(Lane { kind, per_ms: 1_000 }) }
}

fn entered(entry: Entry) -> Record<'static> {
    Record::Entered { by: None, id: Some(3), seq: 9, entry: Cow::Owned(entry) }
}

const VOTES: [Vote; 2] =
    [Vote { voter: *b"a  voter", number: 7, option: 2 }, Vote { voter: [0; 8], number: 300, option: 0 }];

/// One record of each kind, with and without what may be missing.
fn examples() -> Vec<(&'static str, Record<'static>)> {
    vec![
        ("opened", Record::Opened { key: KeyDigest([7; 32]), session: Some("page"), code: None }),
        ("acted", Record::Acted { by: None, id: Some(1), seq: 1, action: action(None) }),
        ("retained", Record::Acted { by: Some("robot"), id: None, seq: 128, action: action(Some("slide")) }),
        ("cleared", Record::Cleared { by: None, id: Some(u64::MAX), seq: 2, slot: "slide" }),
        ("refused", Record::Refused { by: None, refusal: refusal(3) }),
        ("claimed", Record::Claimed { session: None, epoch: 2 }),
        ("away", Record::Away { epoch: 2, since_ms: 1_700_000_000_000 }),
        ("shares", Record::SharesAudience(true)),
        ("closed", Record::Closed),
        ("checkpoint", Record::Checkpoint(checkpoint())),
        ("skipped", Record::Skipped { seq: 1_000_300, epoch: 1_003 }),
        ("opened_with_code", Record::Opened { key: KeyDigest([7; 32]), session: None, code: code() }),
        ("checkpoint_with_code", Record::Checkpoint(Checkpoint { code: code(), ..checkpoint() })),
        ("acted_at", Record::Acted { by: None, id: Some(1), seq: 1, action: at(None) }),
        ("retained_at", Record::Acted { by: None, id: Some(2), seq: 2, action: at(Some("slide")) }),
        ("has_clock", Record::HasClock(true)),
        ("checkpoint_with_clock", Record::Checkpoint(Checkpoint { has_clock: true, ..checkpoint() })),
        (
            "checkpoint_with_moment",
            Record::Checkpoint(Checkpoint {
                code: code(),
                slots: vec![(1, at(Some("slide"))), (2, action(Some("pointer")))],
                ..checkpoint()
            }),
        ),
        ("shares_roster", Record::SharesRoster(true)),
        ("lane_say", entered(lane(LaneKind::Say))),
        ("lane_count", entered(lane(LaneKind::Count { symbols: vec!["❤".to_owned(), "+1".to_owned()] }))),
        ("lane_vote", entered(lane(LaneKind::Vote { options: 4 }))),
        ("lane_ended", entered(Entry::Lane { name: "q1".to_owned(), lane: None })),
        ("recording", entered(Entry::Recording(Recording::On { shared: false }))),
        ("recording_shared", entered(Entry::Recording(Recording::On { shared: true }))),
        ("recording_ended", entered(Entry::Recording(Recording::Off { why: "size".to_owned() }))),
        ("voted", Record::Voted(("q1".into(), VOTES.to_vec()))),
        (
            "checkpoint_with_entries",
            Record::Checkpoint(Checkpoint {
                entries: vec![(13, Cow::Owned(lane(LaneKind::Vote { options: 4 })))],
                votes: vec![("q1".into(), VOTES.to_vec())],
                ..checkpoint()
            }),
        ),
        ("driver", entered(Entry::Driver(Driver { seat: 9_211, name: Some("Ben".to_owned()) }))),
        ("driver_without_name", entered(Entry::Driver(Driver { seat: 0, name: None }))),
        ("invited", Record::Invited(invited())),
        ("revoked", Record::Revoked(9_211)),
        (
            "checkpoint_with_members",
            Record::Checkpoint(Checkpoint {
                entries: vec![(290, Cow::Owned(Entry::Driver(Driver { seat: 9_211, name: None })))],
                members: MembersState {
                    invited: vec![invited()],
                    pen: 9_211,
                    turn_began: 290,
                    turn_is_claimed: true,
                    creator_turn_ended: Some(290),
                },
                ..checkpoint()
            }),
        ),
    ]
}

/// A store that an older version wrote must still be read: these lines may only be added to, unless
/// the format's number changes too.
#[test]
fn the_bytes_of_each_kind_are_what_they_were() {
    let lines: String = examples()
        .iter()
        .map(|(name, record)| {
            let bytes: String =
                encoded(std::slice::from_ref(record)).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{name} {bytes}\n")
        })
        .collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/room/record/golden.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &lines).expect("the folder can be written");
    }
    assert_eq!(lines, std::fs::read_to_string(golden).expect("the file is there"));
}

#[test]
fn cut_anywhere_the_records_before_the_cut_are_read_and_the_rest_is_torn() {
    let records: Vec<_> = examples().into_iter().map(|(_, record)| record).collect();
    let bytes = encoded(&records);
    let ends: Vec<usize> = (0..=records.len()).map(|count| encoded(&records[..count]).len()).collect();
    for cut in 0..=bytes.len() {
        let read: Vec<_> = Records::new(&bytes[..cut]).collect();
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        let torn = (!ends.contains(&cut)).then_some(Err(RecordError::Torn));
        let expected: Vec<_> = records[..whole].iter().cloned().map(Ok).chain(torn).collect();
        assert_eq!(read, expected, "cut at {cut}");
    }
}

#[test]
fn what_no_version_wrote_is_damaged_and_what_a_later_one_wrote_is_newer() {
    assert_eq!(decoded(&[0, 8, 0]), Err(RecordError::Damaged), "format 0");
    assert_eq!(decoded(&[5, 8, 0]), Err(RecordError::Newer), "format 5");
    assert_eq!(decoded(&[1, 0, 0]), Err(RecordError::Damaged), "kind 0");
    assert_eq!(decoded(&[1, 13, 0]), Err(RecordError::Newer), "kind 13");
    assert_eq!(decoded(&[2, 14, 0]), Err(RecordError::Newer), "kind 14");
    assert_eq!(decoded(&[3, 17, 0]), Err(RecordError::Newer), "kind 17");
    assert_eq!(decoded(&[4, 19, 0]), Err(RecordError::Newer), "kind 19");
    let small = [vec![1, 11, 40, 6], b"k7m4qx".to_vec(), vec![7; 32], vec![0]].concat();
    assert_eq!(decoded(&small), Err(RecordError::Damaged), "a code that is written in another way");
    assert_eq!(decoded(&[1, 8, 1, 0]), Err(RecordError::Damaged), "a byte too many");
    assert_eq!(decoded(&[1, 7, 1, 2]), Err(RecordError::Damaged), "a flag that is neither 0 nor 1");
    let too_large = [1, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2];
    assert_eq!(decoded(&too_large), Err(RecordError::Damaged), "a number of more than 64 bits");
    assert_eq!(decoded(&[1, 3, 4, 0, 0, 1, 9]), Err(RecordError::Damaged), "a text beyond the body");
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let appended = (any::<u64>(), any::<u64>(), any::<u64>())
        .prop_map(|(first_id, last_id, last_seq)| Answer::Appended { first_id, last_id, last_seq });
    let refused = (any::<u64>(), any::<String>(), option::of(any::<u64>())).prop_map(|(id, text, wait)| {
        let refusal = Refusal { code: text.clone(), message: text, id: Some(id), retry_after_ms: wait };
        Answer::Refused { id, refusal }
    });
    prop::collection::vec(prop_oneof![appended, refused], 0..4)
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![
        Just(LaneKind::Say),
        prop::collection::vec(any::<String>(), 0..3).prop_map(|symbols| LaneKind::Count { symbols }),
        any::<u64>().prop_map(|options| LaneKind::Vote { options }),
    ];
    let lane = option::of((kind, any::<u64>()).prop_map(|(kind, per_ms)| Lane { kind, per_ms }));
    let recording = prop_oneof![
        any::<bool>().prop_map(|shared| Recording::On { shared }),
        any::<String>().prop_map(|why| Recording::Off { why }),
    ];
    prop_oneof![
        (any::<String>(), lane).prop_map(|(name, lane)| Entry::Lane { name, lane }),
        recording.prop_map(Entry::Recording),
        (any::<u32>(), option::of(any::<String>()))
            .prop_map(|(seat, name)| Entry::Driver(Driver { seat, name })),
    ]
}

fn invited_member() -> impl Strategy<Value = InvitedMember<'static>> {
    let number = || option::of(any::<u64>());
    let name = option::of(any::<String>().prop_map(Cow::Owned));
    (any::<u32>(), any::<[u8; 32]>(), name, number(), number()).prop_map(
        |(seat, key, name, expires_ms, turn_ended)| {
            let key = KeyDigest(key);
            InvitedMember { seat, key, name, expires_ms, turn_ended }
        },
    )
}

fn vote() -> impl Strategy<Value = Vote> {
    (any::<[u8; 8]>(), any::<u64>(), any::<u64>()).prop_map(|(voter, number, option)| Vote {
        voter,
        number,
        option,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        texts in prop::array::uniform4(any::<String>()),
        by in option::of(any::<String>()),
        id in option::of(any::<u64>()),
        numbers in prop::array::uniform3(any::<u64>()),
        key in any::<[u8; 32]>(),
        answers in prop::array::uniform2(answers()),
        flag in any::<bool>(),
        entry in entry(),
        entries in prop::collection::vec(entry(), 0..3),
        votes in prop::collection::vec(vote(), 0..4),
        invites in prop::collection::vec(invited_member(), 0..3),
    ) {
        let [name, params, slot, other] = &texts;
        let [seq, epoch, at] = numbers;
        let code = flag.then(|| RoomCode::from_random(u128::from(seq), 10));
        let (by, key, [own, others]) = (by.as_deref(), KeyDigest(key), answers);
        let action = Action { key: &**name, params: params.as_str(), slot: flag.then_some(slot.as_str()), at: id.filter(|_| flag) };
        let refusal = Refusal { code: name.clone(), message: params.clone(), id, retry_after_ms: id };
        let checkpoint = Checkpoint {
            head: seq,
            shares_audience: flag,
            has_clock: flag && seq % 2 == 0,
            code,
            owner: OwnerState {
            key,
            epoch,
            session: by,
            away_since_ms: flag.then_some(at),
            answers: own,
            other_sessions: vec![(other, others), (slot, Vec::new())],
            },
            slots: vec![(seq, action), (at, action)],
            entries: entries.iter().map(|entry| (seq, Cow::Borrowed(entry))).collect(),
            votes: if flag { vec![(slot.into(), votes.clone())] } else { Vec::new() },
            members: MembersState {
                invited: invites,
                pen: u32::from(flag),
                turn_began: u64::from(flag),
                turn_is_claimed: flag,
                creator_turn_ended: id.filter(|_| flag),
            },
        };
        let records = [
            Record::Opened { key, session: by, code },
            Record::Acted { by, id, seq, action },
            Record::Cleared { by, id, seq, slot },
            Record::Entered { by, id, seq, entry: Cow::Borrowed(&entry) },
            Record::Voted((name.into(), votes.clone())),
            Record::Refused { by, refusal },
            Record::Claimed { session: by, epoch },
            Record::Away { epoch, since_ms: at },
            Record::SharesAudience(flag),
            Record::HasClock(flag),
            Record::Closed,
            Record::Checkpoint(checkpoint),
            Record::Skipped { seq, epoch },
        ];
        let bytes = encoded(&records);
        prop_assert_eq!(decoded(&bytes), Ok(records.to_vec()));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), format in 1..4_u8, kind in 0..18_u8) {
        let _ = decoded(&bytes);
        let mut framed = vec![format, kind, bytes.len().min(127) as u8];
        framed.extend_from_slice(&bytes);
        let _ = decoded(&framed);
    }
}
