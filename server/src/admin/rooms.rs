//! The rooms of a server, as the administration lists, shows and closes them.

use std::cmp::Reverse;
use std::sync::Arc;

use rtbroadcaster_protocol::{Driver, OwnerPresence, Room, RoomCode, RoomId};
use serde::Serialize;
use tokio::task::yield_now;
use tracing::info;

use super::error::AdminError;
use super::nodes::{self, PlaceView};
use super::query::Query;
use crate::Manager;
use crate::shared_room::SharedRoom;

/// Rooms that are read before other tasks get their turn.
const CHUNK_SIZE: usize = 64;

/// One room. Neither its messages nor its owner key are in here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoomView {
    id: String,
    /// Only if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// `here` or `away`.
    owner: &'static str,
    followers: usize,
    /// People who have a name.
    named: usize,
    driver: DriverView,
    /// Who has a key, beside the creator.
    members: usize,
    /// Lanes that are open, and their voters.
    lanes: usize,
    voters: usize,
    /// Whether it is recorded.
    recorded: bool,
    /// Followers that were not served everything.
    lagging: u64,
    /// Actions that the follower furthest behind was not served.
    lag_greatest: u64,
    seq: u64,
    epoch: u64,
    slots: usize,
    slot_bytes: usize,
    ring_bytes: usize,
    snapshot_bytes: usize,
    age_seconds: u64,
    /// Only in a cluster.
    #[serde(flatten)]
    place: Option<PlaceView>,
}

/// Who may write.
#[derive(Debug, Serialize)]
struct DriverView {
    /// 0 is the creator's.
    seat: u32,
    /// Only if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Some of the rooms.
#[derive(Debug, Serialize)]
pub(super) struct RoomsPage {
    rooms: Vec<RoomView>,
    /// How many rooms match the search.
    total: usize,
    /// The value of `after` for the next page, if there is one.
    next: Option<String>,
}

/// How the rooms are sorted, the largest first. The default is by id, which doesn't change from
/// page to page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Id,
    Followers,
    Lag,
    Seq,
    Slots,
    Bytes,
    Age,
}

impl Order {
    const ALL: [(&str, Self); 7] = [
        ("id", Self::Id),
        ("followers", Self::Followers),
        ("lag", Self::Lag),
        ("seq", Self::Seq),
        ("slots", Self::Slots),
        ("bytes", Self::Bytes),
        ("age", Self::Age),
    ];

    fn parse(text: &str) -> Result<Self, AdminError> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        let names = || Self::ALL.map(|(name, _)| name).join(", ");
        found
            .map(|(_, order)| *order)
            .ok_or_else(|| AdminError::Query(format!("sort must be one of {}", names())))
    }

    fn key(self, room: &RoomView) -> u64 {
        match self {
            Self::Id => 0,
            Self::Followers => room.followers as u64,
            Self::Lag => room.lag_greatest,
            Self::Seq => room.seq,
            Self::Slots => room.slots as u64,
            Self::Bytes => (room.ring_bytes + room.slot_bytes + room.snapshot_bytes) as u64,
            Self::Age => room.age_seconds,
        }
    }
}

/// `GET rooms`.
pub(super) async fn list(manager: &Manager, query: &str) -> Result<RoomsPage, AdminError> {
    let query = Query::parse(query, &["after", "limit", "search", "sort"])?;
    let limit = query.limit()?;
    let order = query.text("sort").map_or(Ok(Order::Id), Order::parse)?;
    let after = query.text("after").map(parse).transpose()?;
    if after.is_some() && order != Order::Id {
        return Err(AdminError::Query(
            "after goes with no sort but id: other orders change meanwhile".to_owned(),
        ));
    }
    let search = query.text("search").unwrap_or_default().to_ascii_lowercase();
    let mut rooms = manager.room_table().all();
    let code = RoomCode::parse(&search);
    let matches = |room: &SharedRoom| {
        room.id().to_string().contains(&search) || (code.is_some() && room.code() == code)
    };
    rooms.retain(|room| search.is_empty() || matches(room));
    let total = rooms.len();
    rooms.sort_unstable_by_key(|room| room.id());
    if order == Order::Id {
        rooms.retain(|room| after.is_none_or(|after| room.id() > after));
        let next = (rooms.len() > limit).then(|| rooms[limit - 1].id().to_string());
        rooms.truncate(limit);
        return Ok(RoomsPage { rooms: views(manager, &rooms).await, total, next });
    }
    let mut rooms = views(manager, &rooms).await;
    rooms.sort_by_key(|room| Reverse(order.key(room)));
    rooms.truncate(limit);
    Ok(RoomsPage { rooms, total, next: None })
}

/// `GET rooms/UUID`.
pub(super) async fn one(manager: &Manager, id: &str) -> Result<RoomView, AdminError> {
    let room = find(manager, parse(id)?).await?;
    view(manager, &room).ok_or(AdminError::UnknownRoom)
}

/// `DELETE rooms/UUID`.
pub(super) async fn close(manager: &Manager, id: &str) -> Result<(), AdminError> {
    let id = parse(id)?;
    let room = find(manager, id).await?;
    info!(room = %id, "the administration closes a room");
    manager.room_table().close(id, "the administration closed it");
    match room.with(|room| room.mark()) {
        Some(mark) => room.until_kept(mark).await.map_err(|_| AdminError::NotKept),
        // A bug has broken it, so its end waits for nothing.
        None => Ok(()),
    }
}

/// The room with this id. In a cluster it may be on other nodes only: then it is made here too.
async fn find(manager: &Manager, id: RoomId) -> Result<Arc<SharedRoom>, AdminError> {
    manager.services().prepare(Some(id), None).await.map_err(|_| AdminError::Unavailable)?;
    manager.room_table().find(id).ok_or(AdminError::UnknownRoom)
}

fn parse(id: &str) -> Result<RoomId, AdminError> {
    RoomId::parse(id).ok_or(AdminError::UnknownRoom)
}

async fn views(manager: &Manager, rooms: &[Arc<SharedRoom>]) -> Vec<RoomView> {
    let mut views = Vec::with_capacity(rooms.len());
    for chunk in rooms.chunks(CHUNK_SIZE) {
        views.extend(chunk.iter().filter_map(|room| view(manager, room)));
        yield_now().await;
    }
    views
}

/// A room as it is now. None if it counts as gone.
fn view(manager: &Manager, room: &SharedRoom) -> Option<RoomView> {
    let report = room.report()?;
    let look = |room: &Room| (room.audience_elsewhere().connected, room.driver());
    let (elsewhere, Driver { seat, name }) = room.look(look)?;
    Some(RoomView {
        id: room.id().to_string(),
        code: room.code().map(|code| code.to_string()),
        owner: match report.owner {
            OwnerPresence::Here => "here",
            OwnerPresence::Away => "away",
        },
        followers: report.followers,
        named: report.named,
        driver: DriverView { seat, name },
        members: report.members,
        lanes: report.lanes,
        voters: report.voters,
        recorded: report.is_recorded,
        lagging: report.lag.followers,
        lag_greatest: report.lag.greatest,
        seq: report.seq,
        epoch: report.epoch,
        slots: report.slots,
        slot_bytes: report.slot_bytes,
        ring_bytes: report.ring_bytes,
        snapshot_bytes: report.snapshot_bytes,
        age_seconds: manager.now().since(room.opened()) / 1_000,
        place: nodes::place(manager, room.id(), report.followers, elsewhere),
    })
}
