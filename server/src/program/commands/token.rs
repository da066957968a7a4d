//! The command `token`: makes and checks tokens. Tokens are never arguments, because other users of
//! the machine see those.

use std::io::{self, BufRead as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rtbroadcaster::{Gate, Manager, Operation, TokenClaims};
use rtbroadcaster_protocol::{RefusalCode, RoomId};
use serde_json::Value;

use super::ended;
use crate::configuration::{Configuration, TokenTask};

/// Bytes of a secret, before they become text.
const SECRET_BYTES: usize = 24;

/// Makes or checks a token.
pub(super) fn run(task: &TokenTask, configuration: &Configuration) -> ExitCode {
    ended(match task {
        TokenTask::New { create, join, room, subject, lifetime_s } => {
            let mut claims = TokenClaims::default();
            claims.exp = now_s().saturating_add(*lifetime_s);
            claims.create = *create;
            claims.join = *join;
            claims.room.clone_from(room);
            claims.sub.clone_from(subject);
            make(claims, configuration)
        }
        TokenTask::Check { room } => check(room.as_deref(), configuration),
        TokenTask::Secret => secret(),
    })
}

fn make(claims: TokenClaims, configuration: &Configuration) -> anyhow::Result<()> {
    if let Some(room) = &claims.room {
        parse(room)?;
    }
    let token = configuration.jwt.sign(claims).context(
        "there is no secret to sign with: set access.jwt-secret, or RTBROADCASTER_JWT_SECRET. Tokens whose keys \
         are in access.jwks are made by whoever has the private key",
    )?;
    println!("{token}");
    Ok(())
}

fn secret() -> anyhow::Result<()> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).context("this machine has no random numbers")?;
    // 24 bytes need no padding. The webhook's libraries want this alphabet.
    println!("{}", STANDARD.encode(bytes));
    Ok(())
}

/// Says what the token of standard input allows, as if every gate asked for one.
#[tokio::main(flavor = "current_thread")]
async fn check(room: Option<&str>, configuration: &Configuration) -> anyhow::Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("standard input")?;
    let token = line.trim();
    if token.is_empty() {
        bail!("there is no token on standard input");
    }
    let claims = claims(token);
    let named = claims.as_ref().and_then(|claims| claims["room"].as_str());
    let room = room.or(named).map(parse).transpose()?;
    let gates =
        [("creation", configuration.rooms.access.creation), ("joins", configuration.rooms.access.joins)];
    let mut settings = configuration.settings();
    settings.access.creation = Gate::Token;
    settings.access.joins = Gate::Token;
    let manager = Manager::new(settings);
    manager.load_keys().await.context("--jwks")?;
    let some_room = room.unwrap_or(RoomId::from_random(0));
    for (what, operation) in [
        ("open rooms", Operation::Create),
        ("claim a room with its owner key", Operation::Claim(some_room)),
        ("follow a room", Operation::Join(some_room)),
    ] {
        match manager.authorise(operation, Some(token)) {
            Ok(()) => println!("{what}: yes"),
            Err(refusal) if refusal.code == RefusalCode::Forbidden.as_str() => println!("{what}: no"),
            // It is refused whatever for.
            Err(refusal) => bail!("{}", refusal.message),
        }
    }
    if let Some(room) = room {
        println!("room: {room}");
    }
    if let Some(exp) = claims.as_ref().and_then(|claims| claims["exp"].as_u64()) {
        println!("ends: in {} s", exp.saturating_sub(now_s()));
    }
    for (name, _) in gates.iter().filter(|(_, gate)| *gate == Gate::Open) {
        println!("note: {name} is open, so nobody is asked for a token there");
    }
    Ok(())
}

/// The claims of a JSON web token, without a look at its signature.
fn claims(token: &str) -> Option<Value> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

fn parse(room: &str) -> anyhow::Result<RoomId> {
    RoomId::parse(room).with_context(|| format!("{room} is no uuid"))
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
