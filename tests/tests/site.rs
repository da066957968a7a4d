//! The files that the program serves beside the rooms, and those that it doesn't.

use std::fs;
use std::path::{Path, PathBuf};

use rtbroadcaster_tests::{Program, RawSocket, Request, Response};

/// A folder with files that may be seen in `www`, and some that may not.
fn site(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&folder));
    let www = folder.join("www");
    for inner in ["pkg", ".git", ".well-known", "empty"] {
        fs::create_dir_all(www.join(inner)).expect("the folder can be written");
    }
    fs::write(www.join("index.html"), "<p>hello</p>").expect("the folder can be written");
    fs::write(www.join("pkg/large.js"), "let x = 1;\n".repeat(2_000)).expect("the folder can be written");
    for hidden in [".env", ".git/config", ".well-known/security.txt"] {
        fs::write(www.join(hidden), "hidden").expect("the folder can be written");
    }
    fs::write(folder.join("outside"), "outside").expect("the folder can be written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;

        symlink(folder.join("outside"), www.join("link")).expect("the folder can be written");
        symlink(&folder, www.join("folder")).expect("the folder can be written");
        symlink(www.join("index.html"), www.join("inner")).expect("the folder can be written");
        symlink(www.join(".env"), www.join("disguise")).expect("the folder can be written");
        symlink(www.join("circle"), www.join("circle")).expect("the folder can be written");
    }
    www
}

async fn serve(www: &Path, log: &Path, arguments: &[&str]) -> Program {
    let mut command = Program::command();
    command
        .args(["--listen", "127.0.0.1:0", "--www", www.to_str().expect("the path is UTF-8")])
        .args(arguments);
    Program::logging(command, log).await
}

async fn get(program: &Program, path: &str) -> Response {
    Request::get(path).send(&program.address).await
}

#[tokio::test]
async fn no_path_fills_the_log_or_is_answered_as_an_error_of_the_server() {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("site.log");
    let mut program = serve(&site("paths"), &log, &[]).await;
    let long = format!("/{}", "x".repeat(300));
    let deep = "/x".repeat(3_000);
    let paths = [
        "/../x",
        "/%2e%2e/outside",
        "/index.html/",
        "/index.html/x",
        "/%00",
        "/%ff",
        "/%",
        "/\\..\\x",
        "/circle",
        "/circle/x",
        "//pkg",
        "/.env/",
        &long,
        &deep,
    ];
    for _ in 0..30 {
        for path in paths {
            let status = get(&program, path).await.status;
            assert!([400, 404].contains(&status), "{path}: {status}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let status = Request::new(method, "/index.html").send(&program.address).await.status;
        assert!([404, 405].contains(&status), "{method}: {status}");
    }
    assert_eq!(get(&program, "/index.html").await.status, 200);
    // The program has written all its lines only when it has ended.
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("server started") && log.contains("shutting down"), "{log}");
    let served = log.lines().skip_while(|line| !line.contains("server started")).skip(1);
    let lines: Vec<_> = served.take_while(|line| !line.contains("shutting down")).collect();
    assert!(lines.len() <= 1, "{lines:#?}");
}

#[tokio::test]
#[cfg(unix)]
async fn dotfiles_and_what_lies_outside_are_served_only_if_that_is_asked_for() {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hidden.log");
    let www = site("hidden");
    let dotfiles = ["/.env", "/.git/config", "/%2egit/config"];
    let outside = ["/link", "/folder/outside"];
    let program = serve(&www, &log, &[]).await;
    for path in dotfiles.into_iter().chain(outside).chain(["/disguise", "/folder/www/.env"]) {
        assert_eq!(get(&program, path).await.status, 404, "{path}");
    }
    for path in ["/.well-known/security.txt", "/inner", "/"] {
        assert_eq!(get(&program, path).await.status, 200, "{path}");
    }
    let program = serve(&www, &log, &["--www-expose", "dotfiles"]).await;
    for path in dotfiles {
        assert_eq!(get(&program, path).await.body, "hidden", "{path}");
    }
    assert_eq!(get(&program, "/link").await.status, 404);
    let program = serve(&www, &log, &["--www-expose", "outside-links"]).await;
    for path in outside {
        assert_eq!(get(&program, path).await.body, "outside", "{path}");
    }
    assert_eq!(get(&program, "/.env").await.status, 404);
    assert_eq!(get(&program, "/folder/www/.env").await.status, 404);
}

#[tokio::test]
#[cfg(unix)]
async fn a_pipe_in_the_folder_holds_nothing_up() {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pipe.log");
    let www = site("pipe");
    let made = std::process::Command::new("mkfifo").arg(www.join("pipe")).status().unwrap();
    assert!(made.success());
    let program = serve(&www, &log, &[]).await;
    assert_eq!(get(&program, "/pipe").await.status, 404);
}

#[tokio::test]
async fn a_file_is_compressed_and_is_not_sent_again_to_whoever_has_it() {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cached.log");
    let program = serve(&site("cached"), &log, &[]).await;
    let plain = get(&program, "/pkg/large.js").await;
    assert_eq!((plain.status, plain.body.len()), (200, 22_000));
    assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    assert_eq!(plain.header("vary"), Some("accept-encoding"));

    let request =
        Request::get("/pkg/large.js").with("Accept-Encoding", "br, gzip").with("Connection", "close");
    let mut socket = RawSocket::connect(&program.address).await;
    request.begin_on(&mut socket, &program.address).await;
    let compressed = Response::read_head(&mut socket).await;
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    assert!(socket.until_end().await.len() < 1_000);

    for answer in [plain, compressed] {
        // The head is read in lower case, and the letter of a weak tag is a capital.
        let tag = answer.header("etag").unwrap().replace("w/", "W/");
        let again = Request::get("/pkg/large.js").with("If-None-Match", &tag).send(&program.address).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{tag}");
    }
    let other = Request::get("/pkg/large.js").with("If-None-Match", "\"x\"").send(&program.address).await;
    assert_eq!(other.status, 200);
    let part = Request::get("/index.html").with("Range", "bytes=3-7").send(&program.address).await;
    assert_eq!((part.status, part.body.as_str()), (206, "hello"));
    let head = Request::new("HEAD", "/index.html").send(&program.address).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("12")));
}
