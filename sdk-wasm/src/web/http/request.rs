//! One request, and why it failed.

use alloc::format;
use alloc::string::String;

use js_sys::Promise;
use js_sys::futures::JsFuture;
use rtbroadcaster_protocol::{CloseCode, Refusal, ServerFields};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, RequestMode, Response};

use crate::decisions::CONNECTION_LOST;
use crate::web::message::Fields;

#[wasm_bindgen]
extern "C" {
    /// The one of windows and of workers.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(address: &str, options: &RequestInit) -> Result<Promise, JsValue>;
}

/// Why a request failed.
#[derive(Debug, PartialEq)]
pub(super) enum Failure {
    /// The server could not be reached, or its answer could not be read.
    Lost,
    Refused(Refusal),
}

/// Whatever the browser throws.
impl From<JsValue> for Failure {
    fn from(_: JsValue) -> Self {
        Self::Lost
    }
}

impl Failure {
    /// The close code with which a websocket would have ended. And the refusal that the server
    /// would have sent before; none for the refusals that exist over HTTP only.
    pub(super) fn into_end(self) -> (u16, Option<Refusal>) {
        let Self::Refused(refusal) = self else { return (CONNECTION_LOST, None) };
        let silent = match &*refusal.code {
            "superseded" => CloseCode::Superseded,
            "too_many_connections" => CloseCode::NotNow,
            "overloaded" => CloseCode::Overloaded,
            "shutting_down" => CloseCode::ShuttingDown,
            _ => match refusal.closes_with() {
                Some(code) => return (code.value(), Some(refusal)),
                None => return (CONNECTION_LOST, None),
            },
        };
        (silent.value(), None)
    }
}

/// A request that is made step by step.
pub(super) struct Request<'a> {
    address: &'a str,
    options: RequestInit,
    headers: Headers,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: &str, address: &'a str) -> Result<Self, Failure> {
        let options = RequestInit::new();
        options.set_method(method);
        options.set_cache(RequestCache::NoStore);
        Ok(Self { address, options, headers: Headers::new()? })
    }

    pub(super) fn header(self, name: &str, value: &str) -> Result<Self, Failure> {
        self.headers.append(name, value)?;
        Ok(self)
    }

    /// Adds the header by which the server knows the sender, if there is a secret for it.
    pub(super) fn bearer(self, secret: Option<&str>) -> Result<Self, Failure> {
        match secret {
            Some(secret) => self.header("Authorization", &format!("Bearer {secret}")),
            None => Ok(self),
        }
    }

    pub(super) fn body(self, kind: &str, text: &str) -> Result<Self, Failure> {
        self.options.set_body(&text.into());
        self.header("Content-Type", kind)
    }

    /// Sends it. It fails if the server refuses it.
    pub(super) async fn send(self, signal: Option<&AbortSignal>) -> Result<Response, Failure> {
        let response = self.send_anyhow(signal).await?;
        if response.ok() {
            return Ok(response);
        }
        let refusal = fields(&text(&response).await?)?.error();
        Err(refusal.map_or(Failure::Lost, Failure::Refused))
    }

    /// Sends it, and returns the response whatever it is.
    async fn send_anyhow(self, signal: Option<&AbortSignal>) -> Result<Response, Failure> {
        self.options.set_headers_headers(&self.headers);
        self.options.set_signal(signal);
        let response = JsFuture::from(fetch(self.address, &self.options)?).await?;
        Ok(response.unchecked_into())
    }
}

/// Asks the server whether it has rooms over HTTP. None if it can't be reached.
pub(super) async fn probe(base: &str, signal: Option<&AbortSignal>) -> Option<Response> {
    let address = format!("{base}/openapi.json");
    Request::new("HEAD", &address).ok()?.send_anyhow(signal).await.ok()
}

/// Whether the server answers at all, perhaps in a way that this page may not read.
pub(super) async fn answers(base: &str) -> bool {
    let address = format!("{base}/openapi.json");
    let Ok(request) = Request::new("HEAD", &address) else { return false };
    request.options.set_mode(RequestMode::NoCors);
    request.send_anyhow(None).await.is_ok()
}

/// The body of a response.
pub(super) async fn text(response: &Response) -> Result<String, Failure> {
    JsFuture::from(response.text()?).await?.as_string().ok_or(Failure::Lost)
}

/// The fields of a JSON object.
pub(super) fn fields(text: &str) -> Result<Fields, Failure> {
    Fields::parse(&text.into()).ok_or(Failure::Lost)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn refused(code: &str) -> (u16, Option<Refusal>) {
        let refusal = Refusal { code: code.into(), message: String::new(), id: None, retry_after_ms: None };
        Failure::Refused(refusal).into_end()
    }

    #[wasm_bindgen_test]
    fn a_refusal_ends_the_connection_as_it_would_a_websocket() {
        for (code, close, is_told) in [
            ("unknown_room", 4503, true),
            ("wrong_owner_key", 4504, true),
            ("unauthorized", 4505, true),
            ("forbidden", 4505, true),
            ("rate_limited", 4005, true),
            ("keys_unavailable", 4005, true),
            ("room_full", 4004, true),
            ("too_many_rooms", 4004, true),
            ("superseded", 4502, false),
            ("too_many_connections", 4005, false),
            ("overloaded", 4004, false),
            ("shutting_down", 4000, false),
            ("request_timeout", 1006, false),
            ("from_the_future", 1006, false),
        ] {
            let (number, told) = refused(code);
            assert_eq!((number, told.is_some()), (close, is_told), "{code}");
        }
        assert_eq!(Failure::Lost.into_end(), (1006, None));
    }
}
