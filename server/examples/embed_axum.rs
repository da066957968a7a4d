//! Rooms inside an axum application, which drives one of them itself. Run
//! `cargo run --example embed_axum`, then follow the printed room:
//! `curl -N http://127.0.0.1:8080/broadcasting/rooms/UUID/events`.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use rtbroadcaster::{Manager, Message, RoomHandle, RoomOptions, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rooms = Manager::new(Settings::default());
    let room = rooms.open_room(RoomOptions::default()).await?;
    println!("pages follow {}", room.uuid());
    tokio::spawn(tell_the_time(room));

    let service = rooms.service().mounted_at("/broadcasting").with_remote_address(|request| {
        request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
    });
    let routes = Router::new()
        .route("/", get(|| async { "the application's own pages" }))
        .nest_service("/broadcasting", service);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 8080)).await?;
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// Publishes the time once a second, until the room is closed.
async fn tell_the_time(room: RoomHandle) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if let Err(error) = room.publish(Message::state("time", [time])).await {
            return eprintln!("the time is not told any more: {error}");
        }
    }
}
