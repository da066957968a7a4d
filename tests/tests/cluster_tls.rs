//! A node and its NATS servers know each other by certificates.

use std::path::PathBuf;

use rtbroadcaster::{ClusterError, ClusterReport, ClusterSettings, check_cluster};
use rtbroadcaster_tests::Certificate;
use rtbroadcaster_tests::cluster::{NatsCluster, NatsPlan};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// A NATS server that speaks TLS with this certificate. None if the test is skipped.
async fn nats(certificate: &Certificate, more: &str) -> Option<NatsCluster> {
    let Certificate { certificate, key, .. } = certificate;
    let tls = format!("tls {{ cert_file: {certificate:?}, key_file: {key:?}{more} }}\n");
    NatsCluster::start_as(NatsPlan::new(1).configured(&tls)).await
}

async fn check(
    nats: &NatsCluster,
    change: impl FnOnce(&mut ClusterSettings),
) -> Result<ClusterReport, ClusterError> {
    let settings = ClusterSettings::new([nats.urls().parse().expect("an address")]);
    let settings = settings.with(|cluster| cluster.replicas = 1).with(change);
    check_cluster(&settings, 600_000).await
}

fn is_of_tls(checked: Result<ClusterReport, ClusterError>) {
    let error = checked.expect_err("no TLS connection");
    assert!(matches!(error, ClusterError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_node_trusts_the_authorities_that_it_is_given() {
    let (own, other) = (Certificate::create(&folder(), "nats"), Certificate::create(&folder(), "nats-other"));
    let Some(nats) = nats(&own, "").await else { return };
    check(&nats, |cluster| cluster.tls_ca = Some(own.certificate.clone()))
        .await
        .expect("they trust each other");
    is_of_tls(check(&nats, |cluster| cluster.tls_ca = Some(other.certificate.clone())).await);
    is_of_tls(check(&nats, |_| {}).await);
}

#[tokio::test]
async fn a_node_shows_its_certificate_to_servers_that_ask_for_one() {
    let own = Certificate::create(&folder(), "nats-asking");
    let node = Certificate::create(&folder(), "nats-node");
    let verify = format!(", ca_file: {:?}, verify: true", node.certificate);
    let Some(nats) = nats(&own, &verify).await else { return };
    let with = |certificate: &Certificate| {
        let (ca, certificate) = (own.certificate.clone(), certificate.clone());
        move |cluster: &mut ClusterSettings| {
            cluster.tls_ca = Some(ca);
            cluster.tls_certificate = Some(certificate.certificate);
            cluster.tls_key = Some(certificate.key);
        }
    };
    check(&nats, with(&node)).await.expect("they trust each other");
    is_of_tls(check(&nats, with(&own)).await);
    is_of_tls(check(&nats, |cluster| cluster.tls_ca = Some(own.certificate.clone())).await);
}

#[tokio::test]
async fn a_node_that_wants_tls_goes_without_it_nowhere() {
    let other = Certificate::create(&folder(), "nats-without");
    let Some(nats) = NatsCluster::start(1).await else { return };
    is_of_tls(check(&nats, |cluster| cluster.tls_ca = Some(other.certificate)).await);
    let address = nats.urls().replace("nats://", "tls://").parse().expect("an address");
    is_of_tls(check(&nats, |cluster| cluster.servers = vec![address]).await);
}
