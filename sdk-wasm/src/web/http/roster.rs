//! Who is there, over plain HTTP.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use rtbroadcaster_protocol::{Refusal, RefusalCode};

use super::exchange::Exchange;
use super::request::{Failure, Request, text};
use crate::web::message::Fields;

impl Exchange {
    /// Asks who is there. Over HTTP only the owner can, and is not told later who comes and goes.
    pub(super) async fn ask(self: Rc<Self>, ask: u64, query: Fields) -> Result<(), Failure> {
        let told = if self.has_owner_key() {
            self.roster_page(&query).await
        } else {
            let message = "over plain HTTP only the owner can ask who is there";
            Err(Failure::Refused(Refusal::with_message(RefusalCode::Forbidden, message)))
        };
        match told {
            // Its answer is that of a websocket, without the number of the question.
            Ok(page) => self.emit(&page.replacen('{', &format!("{{\"ask\":{ask},"), 1)),
            Err(Failure::Refused(refusal)) => self.driver.refuse_ask(ask, refusal),
            // Nobody knows what is lost. The next connection asks again.
            Err(Failure::Lost) => return Err(Failure::Lost),
        }
        Ok(())
    }

    async fn roster_page(&self, query: &Fields) -> Result<String, Failure> {
        let parts = ["after", "limit"].map(|name| query.count(name).map(|count| format!("{name}={count}")));
        let query: Vec<String> = parts.into_iter().flatten().collect();
        let address = format!("{}/roster?{}", self.room(), query.join("&"));
        let request = self.as_owner(Request::new("GET", &address)?)?;
        text(&request.send(Some(&self.signal())).await?).await
    }
}
