//! How the driver connects: with a token that is asked anew, over a websocket or over plain HTTP.

use alloc::rc::Rc;
use alloc::string::String;

use js_sys::Function;
use js_sys::futures::spawn_local;
use rtbroadcaster_protocol::Input;
use wasm_bindgen::prelude::JsValue;

use super::Driver;
use crate::attempts::Way;
use crate::decisions::{CONNECTION_LOST, SWITCHING_PROTOCOLS};
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
    /// The class of websockets, if it is not the global one. With it, plain HTTP is not asked for.
    web_socket: Option<Function>,
    /// The number of the connection that the engine wants. What was begun for an earlier one is out
    /// of date.
    current: u64,
    /// Why this page gave up, if the engine can't know it: there is no websocket, or no token.
    failure: Option<RoomError>,
}

impl Connector {
    pub(super) fn new(address: String, web_socket: Option<Function>) -> Self {
        Self { address, web_socket, current: 0, failure: None }
    }

    /// Begins a connection, and returns its number.
    fn begin(&mut self) -> u64 {
        self.current += 1;
        self.current
    }

    /// Ends all attempts. Returns why the page gave up, if the engine can't know it.
    pub(super) fn give_up(&mut self) -> Option<RoomError> {
        self.current += 1;
        self.failure.take()
    }
}

impl Driver {
    /// Takes a step towards a connection.
    pub(super) fn take_way(self: &Rc<Self>, way: Way) {
        match way {
            Way::Websocket => self.connect(false),
            Way::Http => self.connect(true),
            Way::Probe => spawn_local(Rc::clone(self).probe()),
            Way::Trial => self.try_websocket(),
        }
    }

    /// Opens a connection, and forgets an earlier one.
    fn connect(self: &Rc<Self>, uses_http: bool) {
        let (former, number, token) = {
            let mut inner = self.inner.borrow_mut();
            let number = inner.connector.begin();
            (inner.resources.connection.take(), number, inner.resources.token.clone())
        };
        drop(former);
        let token = match token {
            None => return self.open(number, None, uses_http),
            Some(Token::Text(text)) => return self.open(number, Some(text), uses_http),
            Some(token) => token,
        };
        let driver = Rc::clone(self);
        spawn_local(async move {
            match token.get().await {
                _ if !driver.wants(number) => {}
                Ok(token) => driver.open(number, Some(token), uses_http),
                Err(error) => driver.fail(error),
            }
        });
    }

    /// Asks the server over plain HTTP whether it is there, unless the program gave a class for
    /// websockets.
    async fn probe(self: Rc<Self>) {
        let address = {
            let inner = self.inner.borrow();
            inner.connector.web_socket.is_none().then(|| inner.connector.address.clone())
        };
        let status = match address {
            Some(address) => http::probe(&address).await,
            None => 0,
        };
        self.handle(Input::Disconnected(status));
    }

    /// Opens a websocket only to see whether it opens.
    fn try_websocket(self: &Rc<Self>) {
        let address = self.inner.borrow().connector.address.clone();
        let driver = Rc::clone(self);
        let opened = move || {
            driver.handle(Input::Disconnected(SWITCHING_PROTOCOLS));
        };
        // If the browser refuses to open one, HTTP goes on.
        drop(Socket::try_open(&address, opened));
    }

    pub(super) fn disconnect(&self) {
        let connection = {
            let mut inner = self.inner.borrow_mut();
            inner.connector.current += 1;
            inner.resources.connection.take()
        };
        drop(connection);
    }

    /// Whether this is the connection that the engine wants.
    fn wants(&self, number: u64) -> bool {
        self.inner.borrow().connector.current == number
    }

    fn open(self: &Rc<Self>, number: u64, token: Option<String>, uses_http: bool) {
        let (address, class) = {
            let mut inner = self.inner.borrow_mut();
            inner.engine.set_token(token);
            (inner.connector.address.clone(), inner.connector.web_socket.clone())
        };
        let opened: Result<Rc<dyn Connection>, JsValue> = if uses_http {
            http::open(&address, self)
        } else {
            Socket::open(&address, class.as_ref(), self).map(|socket| Rc::new(socket) as _)
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
