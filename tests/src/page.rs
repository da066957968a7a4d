//! A page as with the SDK, but without a browser: the protocol's `Session` on a real socket and a
//! real clock.

use futures_util::{SinkExt, StreamExt};
use rtbroadcaster_protocol::{
    Action, Event, Goal, Input, Outcome, Output, Session, SessionOptions, SessionStatus, Timestamp, parse,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{PATH, within};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A page whose session runs in a task of its own.
#[derive(Debug)]
pub struct Page {
    commands: UnboundedSender<Command>,
    events: UnboundedReceiver<Told>,
    /// The room's uuid.
    pub uuid: String,
    /// The room's owner key, if the page is its owner.
    pub owner_key: Option<String>,
}

#[derive(Debug)]
enum Command {
    Broadcast { key: String, params: String, slot: Option<String> },
    Wake,
}

/// A message from the session's task to its page.
#[derive(Debug)]
enum Told {
    Entered { uuid: String, owner_key: Option<String> },
    Event(Event<String>),
}

impl Page {
    /// A page that has opened, joined or claimed a room.
    pub async fn open(address: &str, goal: Goal, session: &str) -> Self {
        let (commands, orders) = unbounded_channel();
        let (tell, mut events) = unbounded_channel();
        let options = SessionOptions {
            goal,
            session: session.to_owned(),
            seed: 7,
            connect_timeout_ms: 20_000,
            share_audience: false,
            code: false,
            clock: false,
            share_roster: false,
            name: None,
            invite: None,
        };
        let url = format!("ws://{address}{PATH}");
        tokio::spawn(Driver::new(url, Session::new(options), tell).run(orders));
        loop {
            match within("the page to enter its room", events.recv()).await {
                Some(Told::Entered { uuid, owner_key }) => return Self { commands, events, uuid, owner_key },
                Some(Told::Event(_)) => {}
                None => panic!("the session ended before it had entered"),
            }
        }
    }

    /// A page that follows this room.
    pub async fn follow(address: &str, uuid: &str) -> Self {
        Self::open(address, Goal::Join { uuid: uuid.to_owned() }, "a follower's").await
    }

    /// Broadcasts an action whose only param is a number.
    pub fn broadcast(&self, key: &str, number: u64, slot: Option<&str>) {
        self.broadcast_with(key, format!("[{number}]"), slot);
    }

    /// Broadcasts an action whose params are a number and some kilobytes of text.
    pub fn broadcast_large(&self, key: &str, number: u64, slot: Option<&str>) {
        self.broadcast_with(key, format!("[{number},\"{}\"]", "x".repeat(4_000)), slot);
    }

    fn broadcast_with(&self, key: &str, params: String, slot: Option<&str>) {
        let (key, slot) = (key.to_owned(), slot.map(str::to_owned));
        self.tell(Command::Broadcast { key, params, slot });
    }

    /// Connects again at once if the connection is lost, as a page does when its browser comes
    /// online.
    pub fn wake(&self) {
        self.tell(Command::Wake);
    }

    /// The next event.
    pub async fn next(&mut self) -> Event<String> {
        loop {
            match within("an event of the page", self.events.recv()).await {
                Some(Told::Event(event)) => return event,
                Some(Told::Entered { .. }) => {}
                None => panic!("the session has ended"),
            }
        }
    }

    /// The number of the next action.
    pub async fn next_number(&mut self) -> u64 {
        loop {
            if let Event::Action { params, .. } = self.next().await {
                return number(&params);
            }
        }
    }

    /// The seq of the next of its own actions that the server has accepted.
    pub async fn next_seq(&mut self) -> u64 {
        loop {
            if let Event::Answered { outcome, .. } = self.next().await {
                match outcome {
                    Outcome::Appended(seq) => return seq,
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// Waits until so many follow.
    pub async fn audience(&mut self, connected: u64) {
        loop {
            if let Event::Audience(audience) = self.next().await
                && audience.connected == connected
            {
                return;
            }
        }
    }

    /// Waits until the session has this status.
    pub async fn status(&mut self, expected: SessionStatus) {
        while self.next().await != Event::Status(expected) {}
    }

    fn tell(&self, command: Command) {
        self.commands.send(command).expect("the page's task lives as long as the page");
    }
}

/// The first param of an action.
#[must_use]
pub fn number(params: &str) -> u64 {
    let digits = params.trim_start_matches('[').split([',', ']']).next().unwrap_or_default();
    digits.parse().unwrap_or_else(|_| panic!("{params} starts with no number"))
}

/// Moves bytes and time between a session, a socket and a page.
struct Driver {
    url: String,
    session: Session<String>,
    socket: Option<Socket>,
    started: Instant,
    tell: UnboundedSender<Told>,
}

impl Driver {
    fn new(url: String, session: Session<String>, tell: UnboundedSender<Told>) -> Self {
        Self { url, session, socket: None, started: Instant::now(), tell }
    }

    /// Runs until the page is dropped or the session ends.
    async fn run(mut self, mut orders: UnboundedReceiver<Command>) {
        self.session.handle(self.now(), Input::Start);
        loop {
            self.act().await;
            let Some(next) = self.session.next_timeout() else { return };
            let due = self.started + std::time::Duration::from_millis(next.0);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                message = receive(&mut self.socket) => self.hear(message),
                () = sleep_until(due) => self.session.handle(self.now(), Input::Timeout),
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.started.elapsed().as_millis()).expect("a test is shorter than that"))
    }

    fn obey(&mut self, order: Command) {
        match order {
            Command::Broadcast { key, params, slot } => {
                self.session
                    .broadcast(Action { key: &key, params: &params, slot: slot.as_deref(), at: None })
                    .expect("the queue is large enough");
            }
            Command::Wake => self.session.handle(self.now(), Input::Wake),
        }
    }

    fn hear(&mut self, message: Result<String, u16>) {
        match message {
            Ok(frame) => {
                for message in parse::server_messages(&frame).expect("the server sends JSON") {
                    self.session.handle(self.now(), Input::Received(message));
                }
            }
            Err(code) => {
                self.socket = None;
                self.session.handle(self.now(), Input::Disconnected(code));
            }
        }
    }

    async fn act(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect => match connect_async(&self.url).await {
                    Ok((socket, _)) => {
                        self.socket = Some(socket);
                        self.session.handle(self.now(), Input::Opened);
                    }
                    Err(_) => self.session.handle(self.now(), Input::Disconnected(1006)),
                },
                Output::Send(text) => {
                    if let Some(socket) = &mut self.socket {
                        // A failed socket returns its error when it is read.
                        drop(socket.send(Message::text(text)).await);
                    }
                    // The bytes that the page had buffered are sent.
                    self.session.handle(self.now(), Input::Buffered(0));
                }
                Output::Disconnect => self.socket = None,
                Output::Event(event) => self.pass_on(event),
            }
        }
    }

    fn pass_on(&self, event: Event<String>) {
        let told = match event {
            Event::Entered => Told::Entered {
                uuid: self.session.uuid().expect("a page that has entered knows its room").to_owned(),
                owner_key: self.session.owner_key().map(str::to_owned),
            },
            other => Told::Event(other),
        };
        // A page that was dropped receives nothing.
        drop(self.tell.send(told));
    }
}

/// The next text, or the close code of the socket.
async fn receive(socket: &mut Option<Socket>) -> Result<String, u16> {
    let Some(socket) = socket else { return std::future::pending().await };
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(1006),
        }
    }
}
