//! How the driver connects: with a token that is asked anew, over a websocket or over plain HTTP.

use alloc::rc::Rc;
use alloc::string::String;

use js_sys::Function;
use js_sys::futures::spawn_local;
use rtbroadcaster_protocol::Input;
use wasm_bindgen::prelude::JsValue;

use super::Driver;
use crate::decisions::CONNECTION_LOST;
use crate::web::Status;
use crate::web::environment::{in_microtask, now};
use crate::web::error::RoomError;
use crate::web::http;
use crate::web::socket::{Connection, Socket};
use crate::web::token::Token;

/// What the driver connects to, and what it knows of the network.
pub(super) struct Connector {
    /// The address of the server's websocket.
    address: String,
    /// The class of websockets, if it is not the global one. With it, plain HTTP is not tried.
    web_socket: Option<Function>,
    way: Way,
    /// The number of the connection that the engine wants. What was begun for an earlier one is out
    /// of date.
    current: u64,
    /// Why this page gave up, if the engine can't know it: there is no websocket, or no token.
    failure: Option<RoomError>,
}

/// How the next connection is opened.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Over a websocket: nothing is known against it.
    Websocket,
    /// Over plain HTTP, because no websocket opened but the server answered requests.
    Http,
    /// Over a websocket, and after that over plain HTTP unless the websocket opens. The server has
    /// told this page over HTTP to come back later. Such a server accepts no websockets either, so
    /// they need not have been blocked.
    WebsocketAgain,
}

impl Connector {
    pub(super) fn new(address: String, web_socket: Option<Function>) -> Self {
        Self { address, web_socket, way: Way::Websocket, current: 0, failure: None }
    }

    /// Begins a connection, and returns its number.
    fn begin(&mut self) -> u64 {
        self.current += 1;
        self.current
    }

    /// Whether plain HTTP may be tried: it is not in use, and the program gave no class.
    fn may_try_http(&self) -> bool {
        self.web_socket.is_none() && self.way == Way::Websocket
    }

    /// Ends all attempts. Returns why the page gave up, if the engine can't know it.
    pub(super) fn give_up(&mut self) -> Option<RoomError> {
        self.current += 1;
        self.failure.take()
    }

    fn next_way(&mut self) -> Way {
        let way = self.way;
        if way == Way::WebsocketAgain {
            self.way = Way::Http;
        }
        way
    }
}

impl Driver {
    /// Opens a connection, and forgets an earlier one. With `tries_http`, it tries plain HTTP
    /// first, if it may.
    pub(super) fn connect(self: &Rc<Self>, tries_http: bool) {
        let (former, number, tries_http, token) = {
            let mut inner = self.inner.borrow_mut();
            let number = inner.connector.begin();
            let tries_http = tries_http && inner.connector.may_try_http();
            (inner.resources.connection.take(), number, tries_http, inner.resources.token.clone())
        };
        drop(former);
        let token = match token {
            None if !tries_http => return self.open(number, None),
            Some(Token::Text(text)) if !tries_http => return self.open(number, Some(text)),
            token => token,
        };
        let driver = Rc::clone(self);
        spawn_local(async move {
            if tries_http {
                driver.try_plain_http(number).await;
            }
            if driver.wants(number) {
                driver.open_with(number, token).await;
            }
        });
    }

    pub(super) fn disconnect(&self) {
        let connection = {
            let mut inner = self.inner.borrow_mut();
            inner.connector.current += 1;
            inner.resources.connection.take()
        };
        drop(connection);
    }

    /// Notes that a websocket is open, and tells the engine.
    pub(in crate::web) fn websocket_opened(self: &Rc<Self>) {
        {
            let mut inner = self.inner.borrow_mut();
            if inner.connector.way == Way::Http {
                inner.connector.way = Way::WebsocketAgain;
            }
        }
        self.handle(Input::Opened);
    }

    /// Notes that the server has told this page over plain HTTP to come back later.
    pub(in crate::web) fn note_come_back_later(&self) {
        self.inner.borrow_mut().connector.way = Way::WebsocketAgain;
    }

    /// Whether this is the connection that the engine wants.
    fn wants(&self, number: u64) -> bool {
        self.inner.borrow().connector.current == number
    }

    async fn try_plain_http(&self, number: u64) {
        let address = self.inner.borrow().connector.address.clone();
        if http::is_there(&address).await && self.wants(number) {
            self.inner.borrow_mut().connector.way = Way::Http;
        }
    }

    /// Opens a connection with the token for it.
    async fn open_with(self: &Rc<Self>, number: u64, token: Option<Token>) {
        let token = match token {
            Some(token) => token.get().await.map(Some),
            None => Ok(None),
        };
        match token {
            _ if !self.wants(number) => {}
            Ok(token) => self.open(number, token),
            Err(error) => self.fail(error),
        }
    }

    fn open(self: &Rc<Self>, number: u64, token: Option<String>) {
        let (way, address, class) = {
            let mut inner = self.inner.borrow_mut();
            inner.engine.set_token(token);
            let connector = &mut inner.connector;
            (connector.next_way(), connector.address.clone(), connector.web_socket.clone())
        };
        let opened: Result<Rc<dyn Connection>, JsValue> = match way {
            Way::Http => http::open(&address, self),
            _ => Socket::open(&address, class.as_ref(), self).map(|socket| Rc::new(socket) as _),
        };
        match opened {
            Ok(connection) => self.inner.borrow_mut().resources.connection = Some(connection),
            Err(thrown) => {
                let driver = Rc::clone(self);
                // Not now, because the engine's steps are being performed.
                in_microtask(move || {
                    if driver.wants(number) {
                        driver.fail(RoomError::no_websocket(&thrown));
                    }
                });
            }
        }
    }

    /// Gives a connection up. The room ends if it was never entered.
    fn fail(self: &Rc<Self>, error: RoomError) {
        let was_entered = self.engine().status() != Status::Connecting;
        {
            let mut inner = self.inner.borrow_mut();
            if was_entered {
                inner.engine.handle(now(), Input::Disconnected(CONNECTION_LOST));
            } else {
                inner.connector.failure = Some(error.clone());
                inner.engine.handle(now(), Input::Close);
            }
        }
        if was_entered {
            self.report(error);
        }
        self.pump();
    }
}
