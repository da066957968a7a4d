//! Proxies as operators run them: Debian's programs, with the blocks that docs/operating.md shows.

use std::fs;
use std::net::TcpListener as BlockingListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::{Certificate, eventually, tool};

const OPERATING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md");

/// The name of the server in the blocks.
pub const SITE: &str = "rooms.example.org";

/// The address of clients, as the proxies see it.
pub const CLIENT: &str = "127.0.0.2";

/// The proxies whose configuration docs/operating.md shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the programs' own names")]
pub enum ProxyKind {
    Nginx,
    Apache,
    Haproxy,
    /// The same where something else speaks TLS: it sends its bytes in another way then.
    HaproxyWithoutTls,
    Varnish,
    Caddy,
}

impl ProxyKind {
    /// Whether it ends connections that are silent for too long.
    #[must_use]
    pub fn ends_silent_connections(self) -> bool {
        self != Self::Caddy
    }

    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache2",
            Self::Haproxy | Self::HaproxyWithoutTls => "haproxy",
            Self::Varnish => "varnishd",
            Self::Caddy => "caddy",
        }
    }

    /// The language of its block in the documentation.
    fn language(self) -> &'static str {
        match self {
            Self::Apache => "apache",
            Self::Varnish => "vcl",
            other => other.program(),
        }
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::Nginx | Self::Apache | Self::Haproxy)
    }
}

/// A running proxy; ended when dropped, with all its processes.
#[derive(Debug)]
pub struct WebProxy {
    /// `host:port`, at which it is reached without TLS and from [`CLIENT`].
    pub address: String,
    child: Child,
    entrance: JoinHandle<()>,
}

/// Where a proxy finds and keeps things.
struct Place {
    folder: PathBuf,
    port: u16,
    server: String,
    certificate: Certificate,
    /// How long a connection may be silent, in seconds.
    timeout: u64,
}

impl WebProxy {
    /// Starts a proxy in front of this server, with its block from the documentation and this
    /// timeout for silence. `name` tells its files from those of other tests. None if this machine
    /// lacks the program.
    pub async fn start(kind: ProxyKind, server: &str, timeout_seconds: u64, name: &str) -> Option<Self> {
        let program = tool(kind.program())?;
        let folder = std::env::current_exe().expect("a test knows where it is");
        let folder = folder.parent().expect("it is in a folder").join(format!("{kind:?}-{name}"));
        // What an earlier run has left would be in the way.
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).expect("a folder in target");
        let place = Place {
            certificate: Certificate::create(&folder, "site"),
            port: free_port(),
            server: server.to_owned(),
            timeout: timeout_seconds,
            folder,
        };
        let mut command = command(kind, &program, &place);
        let log = fs::File::create(place.folder.join("log")).expect("a file in target");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        // A group of its own: some children outlive their parent.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().expect("the proxy starts");
        let inner = format!("127.0.0.1:{}", place.port);
        eventually(&true, async || TcpStream::connect(&inner).await.is_ok()).await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let certificate = kind.has_tls().then_some(place.certificate);
        let entrance = tokio::spawn(enter(listener, inner, certificate));
        Some(Self { address, child, entrance })
    }
}

impl Drop for WebProxy {
    fn drop(&mut self) {
        self.entrance.abort();
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = BlockingListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// Forwards clients to the proxy, from [`CLIENT`] and over TLS if the proxy wants that.
async fn enter(listener: TcpListener, proxy: String, certificate: Option<Certificate>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (proxy, certificate) = (proxy.clone(), certificate.clone());
        tokio::spawn(async move {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket
                .bind(format!("{CLIENT}:0").parse().expect("an address"))
                .expect("an address of this machine");
            let Ok(mut stream) = socket.connect(proxy.parse().expect("an address")).await else { return };
            for stream in [&client, &stream] {
                stream.set_nodelay(true).expect("a connected socket takes options");
            }
            // Whichever side ends first, the other is dropped too.
            let _ = match certificate {
                None => copy_bidirectional(&mut client, &mut stream).await,
                Some(certificate) => match certificate.secure(stream, &[b"http/1.1"]).await {
                    Ok(mut stream) => copy_bidirectional(&mut client, &mut stream).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

/// The block of the documentation, with these texts replaced. Each must be there.
fn block(kind: ProxyKind, replaced: &[(&str, &str)]) -> String {
    let fence = format!("```{}\n", kind.language());
    let document = fs::read_to_string(OPERATING).expect("the document is there");
    let (_, rest) = document.split_once(&fence).unwrap_or_else(|| panic!("operating.md has no {fence}"));
    let (block, _) = rest.split_once("\n```").expect("a block ends");
    replaced.iter().fold(block.to_owned(), |block, (shown, used)| {
        assert!(block.contains(shown), "{shown:?} is not in the block for {kind:?}");
        block.replace(shown, used)
    })
}

/// The command that runs the proxy in the foreground.
fn command(kind: ProxyKind, program: &Path, place: &Place) -> Command {
    let mut command = Command::new(program);
    match kind {
        ProxyKind::Nginx => {
            let file = write(place, "nginx.conf", &nginx(place));
            command.args(["-e", "stderr", "-p", text(&place.folder), "-c", &file]);
        }
        ProxyKind::Apache => {
            let file = write(place, "apache.conf", &apache(place));
            command.args(["-D", "FOREGROUND", "-f", &file]);
        }
        ProxyKind::Haproxy | ProxyKind::HaproxyWithoutTls => {
            let file = write(place, "haproxy.cfg", &haproxy(place, kind.has_tls()));
            command.args(["-db", "-f", &file]);
        }
        ProxyKind::Varnish => {
            let file = write(place, "rooms.vcl", &varnish(place));
            command.args(["-F", "-j", "none", "-s", "malloc,16M", "-T", "none", "-f", &file]);
            command.args(["-n", text(&place.folder), "-a", &format!("127.0.0.1:{}", place.port)]);
            for timeout in ["pipe_timeout", "between_bytes_timeout"] {
                command.args(["-p", &format!("{timeout}={}", place.timeout)]);
            }
        }
        ProxyKind::Caddy => {
            let file = write(place, "Caddyfile", &caddy(place));
            command.args(["run", "--adapter", "caddyfile", "--config", &file]);
            command.env("HOME", &place.folder).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
        }
    }
    command
}

fn nginx(place: &Place) -> String {
    let block = block(
        ProxyKind::Nginx,
        &[
            ("listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", place.port)),
            ("/etc/ssl/rooms.example.org/fullchain.pem", text(&place.certificate.certificate)),
            ("/etc/ssl/rooms.example.org/privkey.pem", text(&place.certificate.key)),
            ("127.0.0.1:8080", &place.server),
        ],
    );
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders = folders.map(|name| format!("{name}_temp_path {};\n", text(&place.folder))).concat();
    format!(
        "daemon off;\nuser root;\npid nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}\
         proxy_read_timeout {}s;\n{block}\n}}\n",
        place.timeout
    )
}

fn apache(place: &Place) -> String {
    let block = block(
        ProxyKind::Apache,
        &[
            ("*:443", &format!("127.0.0.1:{}", place.port)),
            ("/etc/ssl/rooms.example.org/fullchain.pem", text(&place.certificate.certificate)),
            ("/etc/ssl/rooms.example.org/privkey.pem", text(&place.certificate.key)),
            ("127.0.0.1:8080", &place.server),
        ],
    );
    let modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "ssl"];
    let modules = modules
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let folder = text(&place.folder);
    format!(
        "ServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile pid\nMutex file:{folder} default\nErrorLog /dev/stderr\n\
         {modules}User www-data\nGroup www-data\nServerName {SITE}\nListen 127.0.0.1:{}\nTimeout {}\n{block}\n",
        place.port, place.timeout
    )
}

fn haproxy(place: &Place, has_tls: bool) -> String {
    let both = [&place.certificate.certificate, &place.certificate.key]
        .map(|file| fs::read_to_string(file).expect("its certificate is there"))
        .concat();
    let both = write(place, "both.pem", &both);
    let tls = if has_tls { format!("ssl crt {both}") } else { String::new() };
    block(
        ProxyKind::Haproxy,
        &[
            ("bind :443", &format!("bind 127.0.0.1:{}", place.port)),
            ("ssl crt /etc/ssl/rooms.example.org/both.pem", &tls),
            ("127.0.0.1:8080", &place.server),
            ("60s", &format!("{}s", place.timeout)),
        ],
    ) + "\n"
}

fn varnish(place: &Place) -> String {
    let (host, port) = place.server.split_once(':').expect("an address has a port");
    block(
        ProxyKind::Varnish,
        &[
            (".host = \"127.0.0.1\"", &format!(".host = \"{host}\"")),
            (".port = \"8080\"", &format!(".port = \"{port}\"")),
        ],
    ) + "\n"
}

fn caddy(place: &Place) -> String {
    let site = format!("http://{SITE}:{} {{\n    bind 127.0.0.1", place.port);
    let replaced = [("rooms.example.org {", site.as_str()), ("127.0.0.1:8080", &place.server)];
    format!("{{\n    admin off\n}}\n{}\n", block(ProxyKind::Caddy, &replaced))
}

fn write(place: &Place, name: &str, content: &str) -> String {
    let path = place.folder.join(name);
    fs::write(&path, content).expect("a file in target");
    text(&path).to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
