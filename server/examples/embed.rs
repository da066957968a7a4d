//! Rooms inside an application of your own. Run `cargo run --example embed`, then join with a
//! websocket client at `ws://127.0.0.1:8080/broadcasting`.

use warp::Filter;

#[tokio::main]
async fn main() {
    let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());

    let hello = warp::path::end().map(|| "the application's own pages");
    let routes = warp::path("broadcasting").and(rooms.routes()).or(hello);

    warp::serve(routes).run(([127, 0, 0, 1], 8080)).await;
}
