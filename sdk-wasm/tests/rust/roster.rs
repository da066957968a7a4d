//! Who is there, over websockets and where these are blocked.

use super::network::without_websockets;
use super::*;

#[wasm_bindgen_test]
async fn the_owner_asks_who_is_there_and_hears_who_comes_and_goes() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).share_roster(true).await.unwrap();
    let ben = Room::join(url, owner.uuid()).name("Ben").await.unwrap();
    let silent = Room::join(url, owner.uuid()).await.unwrap();
    assert_eq!((owner.seat(), silent.seat()), (Some(0), None));
    let roster = owner.roster(0, None).await.unwrap();
    assert_eq!((roster.named, roster.next, roster.people.len()), (1, 0, 1));
    assert_eq!((roster.people[0].name.as_str(), Some(roster.people[0].seat)), ("Ben", ben.seat()));
    assert_eq!(silent.roster(0, Some(0)).await.unwrap().named, 1);
    let (on_roster, changes) = recording();
    owner.on_roster(on_roster);
    let ana = Room::join(url, owner.uuid()).name("Ana").await.unwrap();
    let change = changes.next().await;
    assert_eq!((change.came[0].name.as_str(), Some(change.came[0].seat)), ("Ana", ana.seat()));
    let seat = ben.seat().unwrap();
    ben.close().await;
    assert_eq!(changes.next().await.went, [seat]);
    owner.close().await;
    assert_eq!(owner.roster(0, None).await.unwrap_err().code(), &Code::Closed);
}

#[wasm_bindgen_test]
async fn over_http_a_follower_has_a_name_and_only_the_owner_can_ask() {
    let Some(url) = server() else { return };
    let _network = without_websockets();
    let owner = Room::create(url).await.unwrap();
    assert_eq!(owner.broadcast("before", &(0,)).await, Ok(Some(1)));
    let ana = Room::join(url, owner.uuid()).name("Ana \u{c4}").await.unwrap();
    let roster = owner.roster(0, None).await.unwrap();
    assert_eq!((roster.people[0].name.as_str(), Some(roster.people[0].seat)), ("Ana \u{c4}", ana.seat()));
    assert_eq!(ana.roster(0, None).await.unwrap_err().code(), &Code::Forbidden);
}
