//! JSON web tokens: what their claims allow, which tokens are accepted, and where their keys come
//! from.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use rtbroadcaster::{AccessSettings, Gate, JwtSettings, Secret, Settings};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Certificate, KeyServer, Program, Server, Signer, entry, message, seconds_from_now, within,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

const JWT_SECRET: &str = "a secret of at least thirty-two bytes";

async fn with_jwt(jwt: JwtSettings) -> Server {
    let access = AccessSettings::default().with(|access| {
        access.creation = Gate::Token;
        access.joins = Gate::Token;
        access.jwt = Some(jwt);
    });
    Server::with(Settings::default().with(|settings| settings.access = access)).await
}

async fn with_keys(source: &str, keys_refresh_ms: u64) -> Server {
    with_jwt(JwtSettings::default().with(|jwt| {
        jwt.keys = Some(source.parse().expect("a file or an address"));
        jwt.keys_refresh_ms = keys_refresh_ms;
    }))
    .await
}

async fn with_jwt_secret() -> Server {
    with_jwt(JwtSettings::default().with(|jwt| jwt.secret = Some(Secret::new(JWT_SECRET)))).await
}

#[tokio::test]
async fn the_claims_of_a_web_token_say_what_its_bearer_may_do() {
    let server = with_jwt_secret().await;
    let signer = Signer::hs256(JWT_SECRET);
    let token = |claims: Value| {
        let mut all = json!({"exp": seconds_from_now(60), "sub": "somebody"});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        signer.sign(&all)
    };
    let (_owner, reply) = entry::open_with(&server.address, &token(json!({"create": true}))).await;
    let uuid = reply["uuid"].as_str().unwrap();
    entry::is_forbidden(&server.address, &entry::join(uuid, &token(json!({"create": true})))).await;
    entry::is_let_in(&server.address, &entry::join(uuid, &token(json!({"join": true})))).await;
    entry::is_let_in(&server.address, &entry::join(uuid, &token(json!({"join": true, "room": uuid})))).await;

    let other = "f63ca67e-69bb-4a16-a71f-86a87acbe0b5";
    let for_other = token(json!({"create": true, "join": true, "room": other}));
    entry::is_forbidden(&server.address, &entry::join(uuid, &for_other)).await;
    entry::is_forbidden(&server.address, &entry::create(&for_other)).await;
    entry::is_forbidden(&server.address, &entry::create(&token(json!({})))).await;
}

#[tokio::test]
async fn a_web_token_that_is_not_accepted_is_told_why() {
    let server = with_jwt_secret().await;
    let signer = Signer::hs256(JWT_SECRET);
    let hour = seconds_from_now(3_600);
    let good = signer.for_all();
    let critical = signer.sign_as(&json!({"alg": "HS256", "crit": ["x"]}), &json!({"exp": hour}));
    let (text, _) = good.rsplit_once('.').unwrap();
    let cases = [
        (
            signer.sign(&json!({"exp": seconds_from_now(-60), "create": true})),
            "the token has expired: get a new one",
        ),
        (signer.sign(&json!({"create": true})), "the token has no \"exp\", which it needs"),
        (
            signer.sign(&json!({"exp": hour, "nbf": seconds_from_now(60), "create": true})),
            "the token is not valid yet (\"nbf\")",
        ),
        (signer.sign(&json!({"exp": "soon", "create": true})), "the token has no \"exp\", which it needs"),
        (
            signer.sign(&json!({"exp": hour, "aud": "them", "create": true})),
            "the token is for another audience (\"aud\")",
        ),
        (
            signer.sign(&json!({"exp": hour, "create": "yes"})),
            "the token's claims cannot be read: \"create\" and \"join\" are true or false, \"room\" is a uuid",
        ),
        (
            signer.sign(&json!({"exp": hour, "join": true, "room": "here"})),
            "the token's claim \"room\" is no uuid",
        ),
        (Signer::hs256("another secret of thirty-two bytes.").for_all(), "the token's signature is wrong"),
        (format!("{text}."), "the token's signature is wrong"),
        (Signer::es256("k").for_all(), "the token is signed with ES256, which this server is not set up for"),
        (
            signer.sign_as(&json!({"alg": "HS512"}), &json!({"exp": hour})),
            "the token is signed with HS512, which this server is not set up for",
        ),
        (
            signer.sign_as(&json!({"alg": "none"}), &json!({"exp": hour})),
            "the token is neither a key that this server knows nor a JSON web token",
        ),
        (critical, "the token says in \"crit\" that it needs an extension, and this server knows none"),
        ("nonsense".to_owned(), "the token is neither a key that this server knows nor a JSON web token"),
    ];
    for (token, told) in cases {
        entry::is_refused(&server.address, &entry::create(&token), "unauthorized", told).await;
    }
    entry::is_let_in(&server.address, &entry::create(&good)).await;
}

#[tokio::test]
async fn issuer_and_audience_must_be_those_that_are_set() {
    let server = with_jwt(JwtSettings::default().with(|jwt| {
        jwt.secret = Some(Secret::new(JWT_SECRET));
        jwt.issuers = vec!["us".to_owned()];
        jwt.audiences = vec!["rooms".to_owned()];
    }))
    .await;
    let token = |claims: Value| {
        let mut all =
            json!({"exp": seconds_from_now(60), "create": true, "iss": "us", "aud": ["rooms", "more"]});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        entry::create(&Signer::hs256(JWT_SECRET).sign(&all))
    };
    entry::is_let_in(&server.address, &token(json!({}))).await;
    for (claims, told) in [
        (json!({"iss": "them"}), "the token's issuer (\"iss\") is not accepted here"),
        (json!({"iss": null}), "the token has no \"iss\", which it needs"),
        (json!({"aud": "more"}), "the token is for another audience (\"aud\")"),
        (json!({"aud": null}), "the token has no \"aud\", which it needs"),
    ] {
        entry::is_refused(&server.address, &token(claims), "unauthorized", told).await;
    }
}

fn key_file(name: &str, keys: &[Value]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, json!({"keys": keys}).to_string()).expect("a file in target/tmp");
    path
}

#[tokio::test]
async fn web_tokens_are_checked_with_the_public_keys_of_a_file() {
    let (one, two, rsa) = (Signer::es256("one"), Signer::es256("two"), Signer::rs256("rsa"));
    let encrypts = Signer::es256("encrypts");
    let mut not_for_signing = encrypts.public_key();
    not_for_signing["use"] = "enc".into();
    let path =
        key_file("jwks.json", &[not_for_signing, one.public_key(), two.public_key(), rsa.public_key()]);
    let server = with_keys(path.to_str().unwrap(), 3_600_000).await;
    server.manager.load_keys().await.unwrap();
    for signer in [&one, &two, &rsa] {
        entry::is_let_in(&server.address, &entry::create(&signer.for_all())).await;
    }
    // Without the key's name, the server tries all keys.
    let claims = json!({"exp": seconds_from_now(60), "create": true});
    entry::is_let_in(&server.address, &entry::create(&two.sign_as(&json!({"alg": "ES256"}), &claims))).await;

    let wrong = "the token's signature is wrong";
    entry::is_refused(
        &server.address,
        &entry::create(&Signer::es256("one").for_all()),
        "unauthorized",
        wrong,
    )
    .await;
    let unknown = "the token is signed with a key that this server doesn't know";
    for signer in [&Signer::es256("three"), &encrypts] {
        entry::is_refused(&server.address, &entry::create(&signer.for_all()), "unauthorized", unknown).await;
    }
    // A public key is no secret, and must not be accepted as one.
    let public = one.public_key().to_string();
    let confused = Signer::hs256(&public).sign_as(&json!({"alg": "HS256", "kid": "one"}), &claims);
    let not_set_up = "the token is signed with HS256, which this server is not set up for";
    entry::is_refused(&server.address, &entry::create(&confused), "unauthorized", not_set_up).await;
}

/// The final answer to this first message. Until then the server may only answer that it is
/// fetching the key.
async fn outcome(address: &str, first: &Value) -> Value {
    within("a judgement of the token", async {
        loop {
            let (mut client, answer) = entry::say(address, first).await;
            if answer["error"]["code"] != "keys_unavailable" {
                return answer;
            }
            let wait = answer["error"]["retryAfterMs"].as_u64();
            assert!(wait.is_some_and(|wait| (1..=1_000).contains(&wait)), "{answer}");
            assert_eq!(client.closed().await, CloseCode::NotNow.value());
        }
    })
    .await
}

async fn with_key_server(keys: &KeyServer, keys_refresh_ms: u64) -> Server {
    with_keys(&keys.url, keys_refresh_ms).await
}

#[tokio::test]
async fn a_key_that_is_not_known_yet_is_fetched_and_the_client_told_to_come_back_for_it() {
    let (old, new) = (Signer::es256("old"), Signer::rs256("new"));
    let keys = KeyServer::start(&[old.public_key()]).await;
    let server = with_key_server(&keys, 0).await;
    // The server fetches nothing before the first token.
    assert_eq!(keys.requests(), 0);
    assert_eq!(outcome(&server.address, &entry::create(&old.for_all())).await["status"]["value"], 3);
    keys.rotate(&[old.public_key(), new.public_key()]);
    assert_eq!(outcome(&server.address, &entry::create(&new.for_all())).await["status"]["value"], 3);
}

#[tokio::test]
async fn keys_are_fetched_no_more_often_than_is_set() {
    let known = Signer::es256("known");
    let keys = KeyServer::start(&[known.public_key()]).await;
    let server = with_key_server(&keys, 3_600_000).await;
    server.manager.load_keys().await.unwrap();
    let unknown = "the token is signed with a key that this server doesn't know";
    for id in ["a", "b", "c"] {
        entry::is_refused(
            &server.address,
            &entry::create(&Signer::es256(id).for_all()),
            "unauthorized",
            unknown,
        )
        .await;
    }
    entry::is_let_in(&server.address, &entry::create(&known.for_all())).await;
    assert_eq!(keys.requests(), 1);
}

#[tokio::test]
async fn when_keys_cannot_be_fetched_those_known_before_stay_in_force() {
    let known = Signer::es256("known");
    let keys = KeyServer::start(&[known.public_key()]).await;
    let server = with_key_server(&keys, 0).await;
    server.manager.load_keys().await.unwrap();
    keys.fail_with(500);
    let error = server.manager.load_keys().await.unwrap_err().to_string();
    assert_eq!(error, format!("{}: it answered with status 500", keys.url));
    entry::is_let_in(&server.address, &entry::create(&known.for_all())).await;

    keys.fail_with(200);
    keys.rotate(&[]);
    let error = server.manager.load_keys().await.unwrap_err().to_string();
    assert_eq!(error, format!("{}: it has no key for RS256 or ES256", keys.url));
    entry::is_let_in(&server.address, &entry::create(&known.for_all())).await;
}

/// Sends a message that must be refused for now. Returns the milliseconds until it may come back.
async fn comes_back(address: &str, first: &Value) -> u64 {
    let (mut client, answer) = entry::say(address, first).await;
    assert_eq!(answer["error"]["code"], "keys_unavailable", "{answer}");
    assert_eq!(client.closed().await, CloseCode::NotNow.value());
    answer["error"]["retryAfterMs"].as_u64().expect("when to come back")
}

#[tokio::test]
async fn while_keys_cannot_be_had_nobody_is_sent_away_for_good_for_a_key_that_is_not_known() {
    const REFRESH_MS: u64 = 3_600_000;
    let (known, unknown) = (Signer::es256("known"), Signer::es256("unknown"));
    let keys = KeyServer::start(&[known.public_key()]).await;
    keys.fail_with(503);
    let server = with_key_server(&keys, REFRESH_MS).await;
    server.manager.load_keys().await.unwrap_err();
    let wait = comes_back(&server.address, &entry::create(&known.for_all())).await;
    assert!((REFRESH_MS / 2..=REFRESH_MS).contains(&wait), "{wait}");
    assert_eq!(keys.requests(), 1);

    keys.fail_with(200);
    server.manager.load_keys().await.unwrap();
    entry::is_let_in(&server.address, &entry::create(&known.for_all())).await;
    let told = "the token is signed with a key that this server doesn't know";
    entry::is_refused(&server.address, &entry::create(&unknown.for_all()), "unauthorized", told).await;

    keys.fail_with(503);
    server.manager.load_keys().await.unwrap_err();
    comes_back(&server.address, &entry::create(&unknown.for_all())).await;
    entry::is_let_in(&server.address, &entry::create(&known.for_all())).await;
}

#[tokio::test]
async fn while_keys_are_read_nobody_is_sent_away_for_good_for_a_key_that_is_not_known() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/keys.json", silent.local_addr().unwrap());
    let server = with_keys(&url, 3_600_000).await;
    let manager = server.manager.clone();
    let load = tokio::spawn(async move { manager.load_keys().await });
    let (asked, _) = silent.accept().await.unwrap();
    let token = Signer::es256("k").for_all();
    assert_eq!(comes_back(&server.address, &entry::create(&token)).await, 1_000);
    drop(asked);
    load.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn whose_token_is_accepted_no_longer_stays_until_it_comes_back() {
    let (withdrawn, other) = (Signer::es256("withdrawn"), Signer::es256("other"));
    let keys = KeyServer::start(&[withdrawn.public_key()]).await;
    let server = with_key_server(&keys, 3_600_000).await;
    server.manager.load_keys().await.unwrap();
    let (mut owner, reply) = entry::open_with(&server.address, &withdrawn.for_all()).await;
    let uuid = reply["uuid"].as_str().unwrap();
    let mut follower = entry::is_let_in(&server.address, &entry::join(uuid, &withdrawn.for_all())).await;
    follower.hears(&json!({"synced": 0})).await;

    keys.rotate(&[other.public_key()]);
    server.manager.load_keys().await.unwrap();
    owner.send(message::numbered(1, "f")).await;
    owner.hears(&json!({"ack": 1, "seq": 1})).await;
    follower.hears(&json!({"seq": 1, "funcKey": "f"})).await;
    let unknown = "the token is signed with a key that this server doesn't know";
    entry::is_refused(&server.address, &entry::join(uuid, &withdrawn.for_all()), "unauthorized", unknown)
        .await;
}

#[tokio::test]
async fn a_set_of_keys_that_cannot_be_read_keeps_the_program_from_starting_and_one_that_cannot_be_fetched_does_not()
 {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--creation", "token", "--jwks", "no/such/keys"]);
    let finished = Program::run(command).await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("error: --jwks: no/such/keys: "), "{}", finished.stderr);

    let signer = Signer::es256("k");
    let keys = KeyServer::start(&[signer.public_key()]).await;
    keys.fail_with(503);
    let arguments = ["--creation", "token", "--jwks", keys.url.as_str(), "--jwks-refresh-ms", "1000"];
    let program = Program::start(&arguments).await;
    assert!(keys.requests() > 0);
    keys.fail_with(200);
    let answer = outcome(&program.address, &entry::create(&signer.for_all())).await;
    assert!(answer["ownerKey"].is_string(), "{answer}");
}

#[tokio::test]
async fn keys_are_fetched_over_https_from_whom_this_machine_trusts_and_from_nobody_else() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let certificate = Certificate::create(&folder, "keys");
    let stranger = Certificate::create(&folder, "stranger");
    let signer = Signer::es256("over https");
    let keys = KeyServer::start_with_tls(&[signer.public_key()], &certificate).await;
    let start = async |trusted: &Certificate| {
        let mut command = Program::command();
        command.args(["--listen", "127.0.0.1:0", "--creation", "token", "--jwks", &keys.url]);
        command.env("SSL_CERT_FILE", &trusted.certificate).env_remove("SSL_CERT_DIR");
        Program::telling(command).await
    };
    let program = start(&certificate).await;
    entry::is_let_in(&program.address, &entry::create(&signer.for_all())).await;

    let mut program = start(&stranger).await;
    let warning = program.next_log("the keys for tokens cannot be had yet").await;
    assert!(warning.contains("UnknownIssuer") || warning.contains("invalid peer certificate"), "{warning}");
    let (_, refusal) = entry::say(&program.address, &entry::create(&signer.for_all())).await;
    assert_eq!(refusal["error"]["code"], "keys_unavailable", "{refusal}");
}

/// A program that waits for its set of keys, and the connection on which it has asked for them.
async fn starting(silent: &TcpListener) -> (Child, TcpStream) {
    let url = format!("http://{}/keys.json", silent.local_addr().expect("a listener has an address"));
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--creation", "token", "--jwks", &url]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let (asked, _) = within("the program to ask for keys", silent.accept()).await.expect("a connection");
    (child, asked)
}

async fn signal(child: &Child, name: &str) {
    let process = child.id().expect("the program runs").to_string();
    assert!(
        Command::new("kill")
            .args(["-s", name, &process])
            .status()
            .await
            .expect("there is a `kill`")
            .success()
    );
}

#[tokio::test]
async fn a_signal_that_comes_while_the_program_starts_is_not_lost_and_sighup_does_not_end_it() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (mut child, asked) = starting(&silent).await;
    signal(&child, "HUP").await;
    drop(asked);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("the program to listen", lines.next_line()).await.unwrap();
    assert!(line.as_deref().is_some_and(|line| line.starts_with("listening on ")), "{line:?}");
    // The program now does what the signal told it.
    within("the program to read the keys again", silent.accept()).await.unwrap();

    let (mut child, _asked) = starting(&silent).await;
    signal(&child, "TERM").await;
    assert_eq!(within("the program to end", child.wait()).await.unwrap().code(), Some(0));
}
