//! Sends back every message. `cargo xtask autobahn` runs its websocket test suite against this.

use std::net::Ipv4Addr;

/// The largest message of the test suite has 16 MiB.
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    warp::serve(rtbroadcaster::internals::echo(MESSAGE_BYTES)).incoming(listener).run().await;
    Ok(())
}
