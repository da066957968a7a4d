//! The header of a JSON web token is read as RFC 7515, section 4, asks for: what isn't understood
//! is ignored unless it is critical, and no key comes from the token itself.

use std::fs;
use std::path::PathBuf;

use rtbroadcaster::{AccessSettings, Gate, JwtSettings, Secret, Settings};
use rtbroadcaster_tests::{KeyServer, Server, Signer, entry, seconds_from_now};
use serde_json::{Value, json};

const JWT_SECRET: &str = "a secret of at least thirty-two bytes";
const NO_TOKEN: &str = "the token is neither a key that this server knows nor a JSON web token";
const CRITICAL: &str = "the token says in \"crit\" that it needs an extension, and this server knows none";
const UNREADABLE: &str =
    "the token's claims cannot be read: \"create\" and \"join\" are true or false, \"room\" is a uuid";

async fn server(keys: Option<&Signer>) -> Server {
    let keys = keys.map(|signer| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("header-keys.json");
        fs::write(&path, json!({"keys": [signer.public_key()]}).to_string()).expect("a file in target/tmp");
        path.to_str().expect("a path in UTF-8").parse().expect("a file")
    });
    let jwt = JwtSettings::default().with(|jwt| {
        jwt.secret = Some(Secret::new(JWT_SECRET));
        jwt.keys = keys;
    });
    let access = AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.jwt = Some(jwt);
    });
    let server = Server::with(Settings::default().with(|settings| settings.access = access)).await;
    server.manager.load_keys().await.expect("the file has keys");
    server
}

fn claims() -> Value {
    json!({"exp": seconds_from_now(60), "create": true})
}

/// A token with this text as its header, signed with the server's own secret.
fn with_header(header: &str) -> String {
    Signer::hs256(JWT_SECRET).sign_text(header, &claims().to_string())
}

async fn accepts(server: &Server, token: &str) {
    entry::is_let_in(&server.address, &entry::create(token)).await;
}

async fn refuses(server: &Server, token: &str, told: &str) {
    entry::is_refused(&server.address, &entry::create(token), "unauthorized", told).await;
}

#[tokio::test]
async fn what_a_server_need_not_understand_is_ignored() {
    let server = server(None).await;
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"jwt"}"#,
        r#"{"alg":"HS256","typ":"application/at+jwt","cty":"json"}"#,
        r#"{"typ":"JWT","x5t":"AAAA","x5t#S256":"AAAA","alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":"of no key here","something":{"of":["its",null]}}"#,
        r#"{"alg":"HS256","something":1,"something":2}"#,
        // RFC 7797: without "crit" the payload is encoded as always.
        r#"{"alg":"HS256","b64":false}"#,
        "\n { \"alg\" : \"HS256\" } ",
    ] {
        accepts(&server, &with_header(header)).await;
    }
}

#[tokio::test]
async fn what_is_critical_is_refused_however_it_is_said() {
    let server = server(None).await;
    for header in [
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":true}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","crit":"b64","b64":true}"#,
        r#"{"alg":"HS256","\u0063rit":[1]}"#,
    ] {
        refuses(&server, &with_header(header), CRITICAL).await;
    }
}

#[tokio::test]
async fn a_header_that_could_be_read_in_two_ways_is_refused() {
    let server = server(None).await;
    for header in [
        r#"{}"#,
        r#"[]"#,
        r#"{"alg":null}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256","kid":"a","kid":"a"}"#,
        r#"{"alg":"HS256","crit":["a"],"crit":["a"]}"#,
        r#"{"alg":"HS256"} {}"#,
        "\u{2060}{\"alg\":\"HS256\"}",
    ] {
        refuses(&server, &with_header(header), NO_TOKEN).await;
    }
    let doubled = format!(r#"{{"exp":1,"exp":{},"create":true}}"#, seconds_from_now(60));
    let signer = Signer::hs256(JWT_SECRET);
    refuses(&server, &signer.sign_text(r#"{"alg":"HS256"}"#, &doubled), UNREADABLE).await;
    let doubled = format!(r#"{{"exp":{},"create":false,"create":true}}"#, seconds_from_now(60));
    refuses(&server, &signer.sign_text(r#"{"alg":"HS256"}"#, &doubled), UNREADABLE).await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_used_nor_fetched() {
    let (known, stranger) = (Signer::es256("known"), Signer::es256("known"));
    let keys = KeyServer::start(&[stranger.public_key()]).await;
    let server = server(Some(&known)).await;
    accepts(&server, &known.for_all()).await;
    let header = |name: &str, value: Value| {
        let mut header = json!({"alg": "ES256", "kid": "known"});
        header[name] = value;
        header
    };
    for header in [
        header("jwk", stranger.public_key()),
        header("jku", json!(keys.url)),
        header("x5u", json!(keys.url)),
        header("x5c", json!(["AAAA"])),
    ] {
        refuses(&server, &stranger.sign_as(&header, &claims()), "the token's signature is wrong").await;
        accepts(&server, &known.sign_as(&header, &claims())).await;
    }
    assert_eq!(keys.requests(), 0, "the server fetches nothing that a token names");
}

#[tokio::test]
async fn a_token_inside_a_token_and_one_that_is_encrypted_are_refused() {
    let server = server(None).await;
    let signer = Signer::hs256(JWT_SECRET);
    let nested = signer.sign_text(r#"{"alg":"HS256","cty":"JWT"}"#, &signer.for_all());
    refuses(&server, &nested, UNREADABLE).await;
    let token = signer.for_all();
    for parts in [format!("{token}."), format!("{token}.a.b"), format!(".{token}"), token.replace('.', "..")]
    {
        refuses(&server, &parts, NO_TOKEN).await;
    }
}

#[tokio::test]
async fn the_parts_of_a_token_are_written_in_one_way_only() {
    let server = server(None).await;
    let token = Signer::hs256(JWT_SECRET).for_all();
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    refuses(&server, &format!("{header}=.{payload}.{signature}"), NO_TOKEN).await;
    refuses(&server, &format!(" {header}.{payload}.{signature}"), NO_TOKEN).await;
    for other in [format!("{signature}="), format!("{signature}\n"), next_unused_bits(signature)] {
        let (_, refusal) =
            entry::say(&server.address, &entry::create(&format!("{header}.{payload}.{other}"))).await;
        assert_eq!(refusal["error"]["code"], "unauthorized", "{other}: {refusal}");
    }
}

/// The same base64 with its last unused bits set, which some decoders ignore: a signature of 32
/// bytes leaves two bits of its 43rd character unused.
fn next_unused_bits(signature: &str) -> String {
    let (start, last) = signature.split_at(signature.len() - 1);
    let last = last.chars().next().expect("a signature isn't empty");
    // In base64, four characters in a row differ only in those bits, and the first is the one that
    // encoders write. The one behind it never leaves the row.
    let next = char::from_u32(u32::from(last) + 1).expect("the character behind a letter");
    format!("{start}{next}")
}
