//! The proof that a page may open or follow rooms.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Display;
use core::future::Future;
use core::pin::Pin;

use super::callback::Callback;
use super::error::RoomError;

type Answer = Pin<Box<dyn Future<Output = Result<String, String>>>>;

/// A token, or the program's function that gives one for each connection.
#[derive(Clone)]
pub(super) enum Token {
    Text(String),
    Function(Callback<(), Answer>),
}

impl Token {
    pub(super) fn function<F, E>(mut function: impl FnMut() -> F + 'static) -> Self
    where
        F: Future<Output = Result<String, E>> + 'static,
        E: Display,
    {
        Self::Function(Callback::new(move |()| -> Answer {
            let answer = function();
            Box::pin(async { answer.await.map_err(|error| error.to_string()) })
        }))
    }

    /// The token for a new connection.
    ///
    /// # Errors
    /// `TokenFailed` if the function failed, panicked, or gave an empty text.
    pub(super) async fn get(self) -> Result<String, RoomError> {
        let token = match self {
            Self::Text(text) => return Ok(text),
            Self::Function(function) => match function.call(()) {
                Ok(answer) => answer.await,
                Err(thrown) => Err(format!("it panicked: {thrown:?}")),
            },
        };
        match token {
            Ok(text) if !text.is_empty() => Ok(text),
            Ok(_) => Err(RoomError::token_failed("its text is empty")),
            Err(cause) => Err(RoomError::token_failed(&cause)),
        }
    }
}
