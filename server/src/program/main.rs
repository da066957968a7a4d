//! The program: reads its configuration, serves the rooms with the site beside them, and ends in an
//! orderly way.

mod accept;
mod administration;
mod client;
mod commands;
mod configuration;
mod log_writer;
mod logging;
mod proxies;
mod signals;
mod site;
mod tls;
mod webhook;

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use accept::Server;
use anyhow::Context;
use configuration::{Configuration, Invocation, Problems, Task};
use log_writer::LogWriter;
use rtbroadcaster::{ClusterSettings, KeySource, Manager, Settings, StoreSettings};
use signals::{ReloadSignal, Signals};
use tls::{Tls, TlsFiles};
use tokio::net::TcpListener;
use tracing::{info, warn};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};
use webhook::Webhook;

/// The exit code for wrong arguments and configurations, as in clap.
const MISUSE: u8 = 2;

/// How long the end of the program waits for the reader of its log.
const LAST_LINES_TIMEOUT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let invocation = Invocation::from_arguments();
    if let Some(code) = commands::run_without_settings(&invocation.task) {
        return code;
    }
    let (resolved, verdict) = configuration::resolve(&invocation, |name| std::env::var_os(name));
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let misspelt = configuration::misspelt(names);
    if invocation.task != Task::Serve {
        for (name, meant) in &misspelt {
            eprintln!("warning: the environment variable {name} is no setting: did you mean {meant}?");
        }
    }
    match invocation.task {
        Task::Example => print!("{}", configuration::example()),
        Task::Config => print!("{}", configuration::effective(&resolved)),
        _ => {}
    }
    match (invocation.task, verdict) {
        (Task::Example, _) | (Task::Config, Ok(())) => ExitCode::SUCCESS,
        (Task::Check, Ok(())) => commands::check(invocation.file.as_deref(), &resolved.configuration),
        (Task::Serve, Ok(())) => serve(resolved.configuration, &misspelt),
        (task, Ok(())) => commands::run(&task, &resolved.configuration),
        (_, Err(problems)) => misuse(&problems),
    }
}

fn misuse(problems: &Problems) -> ExitCode {
    eprint!("{problems}");
    ExitCode::from(MISUSE)
}

#[tokio::main]
async fn serve(configuration: Configuration, misspelt: &[(String, String)]) -> ExitCode {
    let format = configuration.log_format;
    let log = match LogWriter::start() {
        Ok(log) => log,
        Err(error) => {
            eprintln!("error: the log's thread can't be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    format.start(configuration.log.targets().clone(), &log);
    for (name, meant) in misspelt {
        warn!(name, meant, "an environment variable is no setting: is it misspelt?");
    }
    match run(configuration, &log).await {
        Ok(()) => {
            // Lines that nobody reads hold nothing up.
            let _ = log.flush(LAST_LINES_TIMEOUT);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            // If nobody reads the log, nobody would read this either.
            if log.flush(LAST_LINES_TIMEOUT) {
                format.report_failure(&failure);
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(configuration: Configuration, log: &LogWriter) -> anyhow::Result<()> {
    // Comes before everything that takes time: a signal without a listener ends the program at
    // once.
    let mut signals = Signals::listen().context("signals can't be waited for")?;
    let reload_signal = ReloadSignal::listen().context("SIGHUP can't be waited for")?;
    let rooms = configuration.settings();
    let drain_delay = Duration::from_millis(configuration.drain_delay_ms);
    let drain = Duration::from_millis(configuration.drain_ms);
    let cluster = configuration.cluster_settings();
    let Configuration {
        listen,
        path,
        www,
        www_expose,
        data,
        sync,
        tls_certificate,
        tls_key,
        proxies,
        admin,
        admin_listen,
        webhook,
        ..
    } = configuration;
    www.as_deref().map_or(Ok(()), check_site)?;
    let tls = tls_certificate.zip(tls_key).map(|(certificate, key)| Tls::load(TlsFiles { certificate, key }));
    let tls = tls.transpose().context("TLS")?.map(Arc::new);
    let max_sockets = raise_descriptor_limit(rooms.connections);
    let listener = accept::listen(listen)
        .map_err(|failure| anyhow::anyhow!("--listen: {listen} {}", listen_hint(&failure)))?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    accept::end_silent_connections(&listener, &rooms.limits);
    let header_timeout = Duration::from_millis(rooms.limits.handshake_timeout_ms);
    let keeping = match (cluster, data) {
        (Some(cluster), _) => Keeping::Cluster(Box::new(cluster)),
        (None, Some(directory)) => Keeping::Store(StoreSettings::new(directory).with_sync(sync)),
        (None, None) => Keeping::Memory,
    };
    let manager = tokio::select! {
        manager = make_manager(rooms, keeping) => manager?,
        signal = signals.stop() => {
            info!(signal, "told to end before anything was served");
            return Ok(());
        }
    };
    tokio::spawn(logging::report_dropped_lines(log.clone(), manager.clone()));
    let site = www.map(|directory| {
        site::routes(&manager, &directory, www_expose)
            .with_context(|| format!("--www: {} cannot be read", directory.display()))
    });
    let mut routes = routes(&manager, &path, site.transpose()?);
    match admin_listen {
        Some(listen) => administration::serve(&manager, &admin, listen, header_timeout)?,
        // Comes before the site, so that none of its files hides these routes.
        None => routes = administration::routes(&manager, &admin).or(routes).unify().boxed(),
    }

    reload_signal.reload(manager.clone(), tls.clone());

    // For people, and for programs that asked for port 0. Everything else is logged to stderr.
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("listening on {scheme}://{address}");
    info!(scheme, %address, path, "server started");
    let sockets = manager.sockets(max_sockets, tls.is_some());
    let webhook = Webhook::start(&manager, webhook);
    let server = Server::new(routes, tls, proxies, Some(sockets), header_timeout);
    let drained = signals.drain(manager.clone(), log.clone(), drain_delay, drain);
    let ended = serve_rooms(&manager, server, listener, drained).await;
    if let Some(webhook) = webhook {
        webhook.finish().await;
    }
    ended
}

/// Serves until all clients were sent away, or the rooms can't be stored any more.
async fn serve_rooms(
    manager: &Manager,
    server: Server,
    listener: TcpListener,
    drained: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut has_store = true;
    let until_the_end = async {
        tokio::select! {
            () = drained => {}
            () = manager.store_failed() => {
                has_store = false;
                // Nothing is acknowledged any more: clients come back to the next process.
                signals::cut(manager).await;
            }
        }
    };
    server.serve(listener, until_the_end).await;
    anyhow::ensure!(
        has_store,
        "--data: the rooms can't be stored any more; the log says why, and what to do"
    );
    Ok(())
}

fn check_site(directory: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(directory.is_dir(), "--www: {} is not a directory", directory.display());
    if !directory.join("index.html").is_file() {
        warn!(directory = %directory.display(), "--www has no index.html: / is answered by 404");
    }
    Ok(())
}

/// Where the rooms are kept.
enum Keeping {
    Memory,
    Store(StoreSettings),
    Cluster(Box<ClusterSettings>),
}

/// Makes the manager, with its stored rooms and its keys for tokens.
async fn make_manager(rooms: Settings, keeping: Keeping) -> anyhow::Result<Manager> {
    let keys = rooms.access.jwt.as_ref().and_then(|jwt| jwt.keys.clone());
    let manager = match keeping {
        Keeping::Memory => Manager::new(rooms),
        Keeping::Store(store) => open_store(rooms, store).await?,
        Keeping::Cluster(cluster) => Manager::with_cluster(rooms, &cluster).await.context("--nats")?,
    };
    if let Err(error) = manager.load_keys().await {
        match keys {
            Some(KeySource::Http(_)) => {
                warn!(%error, "the keys for tokens cannot be had yet: they are asked for again when a token comes");
            }
            Some(KeySource::File(_)) | None => anyhow::bail!("--jwks: {error}"),
        }
    }
    Ok(manager)
}

/// Makes a manager whose rooms are stored.
async fn open_store(rooms: Settings, store: StoreSettings) -> anyhow::Result<Manager> {
    info!(directory = %store.directory.display(), sync = %store.sync, "reading the stored rooms");
    let opened = tokio::task::spawn_blocking(move || Manager::with_store(rooms, &store)).await;
    opened.context("a bug of the server: the stored rooms can't be read")?.context("--data")
}

/// Why the program can't listen on an address, and what to do.
fn listen_hint(failure: &std::io::Error) -> String {
    match failure.kind() {
        ErrorKind::AddrInUse => {
            "is in use: is another server running there? Port 0 picks a free one".to_owned()
        }
        ErrorKind::AddrNotAvailable => "is no address of this machine: 0.0.0.0 is all it has".to_owned(),
        ErrorKind::PermissionDenied => "is not allowed: ports below 1024 mostly need privileges".to_owned(),
        _ => format!("cannot be listened on: {failure}"),
    }
}

/// Sockets beyond those for connections. They leave room for requests, so that health checks and
/// refusals are answered.
const OTHER_SOCKETS: u64 = 128;

/// Descriptors beyond those of sockets: files, the administration, the program's own.
const OTHER_DESCRIPTORS: u64 = 128;

/// Raises the process's limit of file descriptors, which is often 1,024, and returns how many
/// sockets fit. Each connection needs one descriptor.
fn raise_descriptor_limit(connections: usize) -> usize {
    let sockets = (connections as u64).saturating_add(OTHER_SOCKETS);
    let wanted = sockets.saturating_add(OTHER_DESCRIPTORS);
    let possible = match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed >= wanted => sockets,
        Ok(allowed) => {
            const ADVICE: &str = "raise the limit of open files (ulimit -n), or lower --connections";
            let sockets = allowed.saturating_sub(OTHER_DESCRIPTORS);
            if allowed < connections as u64 {
                warn!(allowed, wanted, "there can't be as many connections as --connections says: {ADVICE}");
            } else {
                info!(
                    allowed,
                    wanted, "few requests fit beside as many connections as --connections says: {ADVICE}"
                );
            }
            sockets
        }
        Err(error) => {
            warn!(%error, "the limit of open files cannot be read");
            sockets
        }
    };
    usize::try_from(possible).unwrap_or(usize::MAX)
}

/// The rooms, the health checks, and the site if there is one.
fn routes(manager: &Manager, path: &str, site: Option<BoxedFilter<(Response,)>>) -> BoxedFilter<(Response,)> {
    let endpoint = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .fold(warp::any().boxed(), |path, segment| path.and(warp::path(segment.to_owned())).boxed());
    let rooms = endpoint.and(manager.routes());
    let health =
        warp::path!("healthz").and(warp::get().or(warp::head()).unify()).map(|| "ok\n".into_response());
    let dynamic = rooms.or(health).unify().or(readiness(manager)).unify();
    match site {
        Some(files) => dynamic.or(files).unify().boxed(),
        None => {
            let hello = format!("rtbroadcaster: the rooms are at {path} (websocket)\n");
            let index = warp::path::end().and(warp::get()).map(move || hello.clone().into_response());
            dynamic.or(index).unify().boxed()
        }
    }
}

/// The readiness check: whether load balancers should send clients here.
fn readiness(manager: &Manager) -> BoxedFilter<(Response,)> {
    let manager = manager.clone();
    let answer = move || {
        let reason = match () {
            () if manager.is_shutting_down() => "shutting down\n",
            () if !manager.is_ready() => "the cluster's log is out of reach\n",
            () => return "ready\n".into_response(),
        };
        warp::reply::with_status(reason, StatusCode::SERVICE_UNAVAILABLE).into_response()
    };
    warp::path!("readyz").and(warp::get().or(warp::head()).unify()).map(answer).boxed()
}
