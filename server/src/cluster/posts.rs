//! Posts for rooms whose owners have connections to other nodes. Proposed here they would come in
//! the way of what the owner does, again and again. So they are handed to the owner's node.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{Request, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::Cluster;
use super::listening::subscribe;

/// How long the other node may take.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(5);

/// What became of a post that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HandedOver {
    /// The other node has answered this.
    Answered(Bytes),
    /// No node takes it. Nothing was done.
    Nobody,
    /// There was no answer. It may have been done or not.
    Unanswered,
}

impl Cluster {
    /// Hands a post to another node.
    pub(crate) async fn hand_over(&self, node: u64, post: Vec<u8>) -> HandedOver {
        self.counts.handed_posts.add();
        let request = Request::new().payload(post.into()).timeout(Some(HAND_OVER_TIMEOUT));
        match self.logs.client().send_request(self.logs.subjects().posts(node), request).await {
            Ok(answer) => HandedOver::Answered(answer.payload),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => HandedOver::Nobody,
            Err(_) => HandedOver::Unanswered,
        }
    }

    /// Answers posts that other nodes hand over, from the first call on, as long as the cluster is
    /// there.
    pub(crate) fn take_posts(
        self: &Arc<Self>,
        answer: impl Fn(Bytes) -> BoxFuture<'static, Option<Vec<u8>>> + Send + 'static,
    ) {
        if self.takes_posts.swap(true, Ordering::Relaxed) {
            return;
        }
        let (cluster, logs) = (Arc::downgrade(self), self.logs.clone());
        let subject = logs.subjects().posts(self.writer);
        self.spawn(async move {
            let mut posts = subscribe(&logs, subject).await;
            drop(logs);
            while let Some(post) = posts.next().await {
                let (Some(cluster), Some(reply)) = (cluster.upgrade(), post.reply) else { return };
                let (answer, client) = (answer(post.payload), cluster.logs.client().clone());
                cluster.spawn(async move {
                    if let Some(answer) = answer.await {
                        // Without an answer, the other node says that it doesn't know.
                        let _ = client.publish(reply, answer.into()).await;
                    }
                });
            }
        });
    }
}
