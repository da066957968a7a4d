//! A web server with the public keys of a token issuer.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Certificate;

/// Serves one document under any path, until it is dropped.
#[derive(Debug)]
pub struct KeyServer {
    /// The URL of the keys.
    pub url: String,
    served: Arc<Mutex<Served>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Served {
    status: u16,
    body: String,
    requests: usize,
}

impl KeyServer {
    /// Starts a server with these keys.
    pub async fn start(keys: &[Value]) -> Self {
        Self::serve("http", keys, |stream| async { Ok::<_, io::Error>(stream) }).await
    }

    /// Starts a server with these keys, over TLS with this certificate.
    pub async fn start_with_tls(keys: &[Value], certificate: &Certificate) -> Self {
        let acceptor = certificate.acceptor();
        Self::serve("https", keys, move |stream| acceptor.accept(stream)).await
    }

    async fn serve<S, Accepted>(
        scheme: &str,
        keys: &[Value],
        accept: impl Fn(TcpStream) -> Accepted + Send + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
        Accepted: Future<Output = io::Result<S>> + Send,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let url = format!("{scheme}://{address}/keys.json");
        let served = Arc::new(Mutex::new(Served { status: 200, body: set(keys), requests: 0 }));
        let shared = Arc::clone(&served);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust the certificate has left by now.
                let Ok(mut stream) = accept(stream).await else { continue };
                let mut request = [0; 4_096];
                // A request for keys is small: one read gets all of it. Its contents do not matter.
                let _ = stream.read(&mut request).await;
                let answer = {
                    let mut served = shared.lock().expect("nothing panics with it");
                    served.requests += 1;
                    let Served { status, body, .. } = &*served;
                    format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                };
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.flush().await;
            }
        });
        Self { url, served, task }
    }

    /// Serves other keys from now on.
    pub fn rotate(&self, keys: &[Value]) {
        self.served.lock().expect("nothing panics with it").body = set(keys);
    }

    /// Answers with this status from now on.
    pub fn fail_with(&self, status: u16) {
        self.served.lock().expect("nothing panics with it").status = status;
    }

    /// How many requests it has had.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.served.lock().expect("nothing panics with it").requests
    }
}

fn set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
