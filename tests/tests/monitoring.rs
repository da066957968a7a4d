//! The alert rules and the dashboard under `server/deploy/monitoring/`: they ask for series that a
//! server exports, and each alert is set off by what it is for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rtbroadcaster_tests::{METRICS_PATH, Program, Request, Scrape, tool};
use serde_json::Value;
use tokio::process::Command;

const ALERTS: &str = include_str!("../../server/deploy/monitoring/alerts.yml");
const ALERTS_TEST: &str = include_str!("../fixtures/alerts.yml");
const DASHBOARD: &str = include_str!("../../server/deploy/monitoring/dashboard.json");

const TOKEN: &str = "the-token-of-the-metrics";

/// How the names of a cluster's metrics begin. `cluster_seen` compares them.
const CLUSTER: &str = "rtbroadcaster_cluster_";

/// A page of a server that stores its rooms, which has every metric but those of a cluster.
async fn scrape() -> Scrape {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("monitoring");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data).env("RTBROADCASTER_METRICS_TOKEN", TOKEN);
    let program = Program::listening(command).await;
    let page = Request::get(METRICS_PATH).bearing(TOKEN).send(&program.address).await;
    Scrape::parse(&page.body)
}

/// The names of metrics in a text, with the suffixes of histograms. Those of a cluster are left
/// out.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_lowercase() || character == '_';
    let ends = |rest: &str| rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    let starts = ["rtbroadcaster_", "process_"].into_iter().flat_map(|start| text.match_indices(start));
    let names = starts.map(|(at, _)| &text[at..][..ends(&text[at..])]);
    names.filter(|name| !name.starts_with(CLUSTER)).collect()
}

/// The values that a text asks of a label of some metric, `name{…label=~"one|two"}`.
fn values<'a>(text: &'a str, metric: &str, label: &str) -> BTreeSet<&'a str> {
    let selectors = text.split(metric).skip(1).filter_map(|rest| rest.strip_prefix('{')?.split('}').next());
    let values = selectors.filter_map(|selector| {
        selector.split(label).nth(1)?.trim_start_matches(['=', '~']).strip_prefix('"')?.split('"').next()
    });
    values.flat_map(|values| values.split('|')).collect()
}

#[tokio::test]
async fn rules_and_dashboard_ask_for_what_a_server_exports() {
    let scrape = scrape().await;
    let series: BTreeSet<_> =
        scrape.series.keys().map(|name| name.split('{').next().unwrap_or(name)).collect();
    for (file, text) in [("the rules", ALERTS), ("the dashboard", DASHBOARD)] {
        let asked = names(text);
        assert!(asked.len() > 10, "{file}: {asked:?}");
        for name in asked {
            assert!(series.contains(name), "{file} ask for {name}");
        }
    }
    for (metric, label) in
        [("rtbroadcaster_handshakes_refused_total", "reason"), ("rtbroadcaster_refusals_total", "code")]
    {
        let asked = values(ALERTS, metric, label);
        assert!(!asked.is_empty(), "{metric}");
        for value in asked {
            let series = format!("{metric}{{{label}=\"{value}\"}}");
            assert!(scrape.series.contains_key(&series), "the rules ask for {series}");
        }
    }
}

#[tokio::test]
async fn the_dashboard_shows_every_metric_and_no_panel_lies_on_another() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("json");
    let shown: BTreeSet<_> =
        names(DASHBOARD).into_iter().map(|name| name.trim_end_matches("_bucket")).collect();
    let scrape = scrape().await;
    let exported: BTreeSet<_> = scrape.families.keys().map(String::as_str).collect();
    assert_eq!(shown, exported);
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64()), "two panels have the id {}", panel["id"]);
        let side = |name: &str| panel["gridPos"][name].as_u64().expect("a number");
        assert!(side("x") + side("w") <= 24, "{}", panel["title"]);
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(taken.insert((x, y)), "{} lies on another panel", panel["title"]);
            }
        }
        if panel["type"] != "row" {
            assert!(panel["description"].as_str().is_some_and(|text| text.len() > 10), "{}", panel["title"]);
        }
    }
}

/// The names of all alerts of the rules.
fn alerts() -> Vec<&'static str> {
    ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect()
}

#[test]
fn each_alert_has_a_test() {
    assert!(alerts().len() > 10);
    for alert in alerts() {
        assert!(ALERTS_TEST.contains(&format!("alertname=\"{alert}\", alertstate=\"firing\"")), "{alert}");
    }
}

/// The rules and their test, where promtool finds them.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alerts");
    fs::create_dir_all(&folder).expect("a folder in target");
    fs::write(folder.join("alerts.yml"), ALERTS).expect("a file in target");
    fs::write(folder.join("test.yml"), ALERTS_TEST.replace("[alerts.yml]", "[./alerts.yml]"))
        .expect("a file");
    folder
}

#[tokio::test]
async fn promtool_takes_the_rules_and_each_alert_is_set_off() {
    let Some(promtool) = tool("promtool") else { return };
    let folder = folder();
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "test.yml"]] {
        let mut command = Command::new(&promtool);
        command.args(arguments).current_dir(&folder);
        let finished = Program::run(command).await;
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}{}", finished.stdout, finished.stderr);
    }
}

#[tokio::test]
async fn promtool_takes_the_page_of_metrics() {
    let Some(promtool) = tool("promtool") else { return };
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]).env("RTBROADCASTER_METRICS_TOKEN", TOKEN);
    let program = Program::listening(command).await;
    let page = Request::get(METRICS_PATH).bearing(TOKEN).send(&program.address).await.body;
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]);
    let finished = Program::run_with_input(command, &page).await;
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{}", finished.stdout);
}
