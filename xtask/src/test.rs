//! `cargo xtask test`: every test there is, in six steps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::browser::{self, Browser};
use crate::bundled;
use crate::cluster;
use crate::dist;
use crate::npm;
use crate::pack;
use crate::process::{execute, on_path, say};
use crate::server::{self, RunningServer};
use crate::site;
use crate::sizes;
use crate::soak;
use crate::tools;
use crate::wasm;
use crate::workspace::{Profile, SDK, WASM_TARGET, Workspace};

/// The end-to-end tests; playwright-core comes from tests/package.json.
const BROWSER_TESTS: &str = "tests/browser";

/// The tests of the npm package as it is published, with a package.json of their own.
const PACKAGING_TESTS: &str = "tests/packaging";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run one step only.
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
}

/// What becomes of a test of the crates that needs a program which this machine lacks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is skipped, and says why.
    Skip,
    /// It fails.
    Fail,
}

/// Tells the crates' tests that none may be skipped.
pub(crate) const ALL_TESTS: &str = "TESTS_MUST_NOT_BE_SKIPPED";

/// Tells them the folder with what operators install.
const DIST: &str = "RTBROADCASTER_DIST";

#[derive(Clone, Copy, ValueEnum)]
enum Step {
    /// The crates' tests and the examples in their documentation.
    Rust,
    /// Several nodes of the server on real NATS servers, and what can happen to either.
    Cluster,
    /// The SDK's tests, in headless Chromium against a server.
    Wasm,
    /// The demo site from end to end, in headless Chromium.
    Browser,
    /// The server under churn, for a minute.
    Soak,
    /// The npm package from its tarball: in fresh projects with bundlers, in browsers and runtimes,
    /// its types and docs.
    Packaging,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Cluster => "cluster",
            Self::Wasm => "wasm",
            Self::Browser => "browser",
            Self::Soak => "soak",
            Self::Packaging => "packaging",
        }
    }
}

/// `cargo xtask test`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let all = Step::value_variants();
    run_steps(workspace, args.only.as_ref().map_or(all, std::slice::from_ref), Missing::Skip)
}

/// Every step, for CI.
pub(crate) fn run_all(workspace: &Workspace) -> anyhow::Result<()> {
    run_steps(workspace, Step::value_variants(), Missing::Fail)
}

fn run_steps(workspace: &Workspace, steps: &[Step], missing: Missing) -> anyhow::Result<()> {
    if steps.iter().any(|step| !matches!(step, Step::Rust | Step::Cluster | Step::Soak)) {
        // A missing program should fail before minutes of compiling, not after.
        npm::require_node()?;
        Browser::require()?;
    }
    for &step in steps {
        run_step(workspace, step, missing)?;
    }
    Ok(())
}

fn run_step(workspace: &Workspace, step: Step, missing: Missing) -> anyhow::Result<()> {
    let name = step.name();
    say(&format!("test {name}"));
    let start = Instant::now();
    let result = match step {
        Step::Rust => rust(workspace, missing),
        Step::Cluster => cluster(workspace, missing),
        Step::Wasm => wasm(workspace),
        Step::Browser => browser(workspace),
        Step::Soak => soak::check(workspace),
        Step::Packaging => packaging(workspace),
    };
    let seconds = start.elapsed().as_secs();
    result.with_context(|| {
        format!("test {name} failed after {seconds} s; run it alone with `cargo xtask test --only {name}`")
    })?;
    say(&format!("test {name} passed in {seconds} s"));
    Ok(())
}

/// `cargo test` for all crates that are built for this machine.
fn cargo_test(workspace: &Workspace, missing: Missing) -> Command {
    // The server turns the protocol's `json` on anyway; it is named so that it stays on.
    let select = ["--workspace", "--exclude", SDK, "--features", "rtbroadcaster-protocol/json"];
    let mut cargo = workspace.cargo(["test"]);
    if missing == Missing::Fail {
        cargo.env(ALL_TESTS, "1");
    }
    cargo.args(select);
    cargo
}

fn cluster(workspace: &Workspace, missing: Missing) -> anyhow::Result<()> {
    let mut cargo = cargo_test(workspace, missing);
    // The step before leaves them out.
    execute(cargo.args(["--test", "cluster*", "--", "--ignored"]))?;
    cluster::check(workspace, missing)
}

fn rust(workspace: &Workspace, missing: Missing) -> anyhow::Result<()> {
    let mut cargo = cargo_test(workspace, missing);
    // Tests look at what operators install, and install it, where there are the programs for it.
    if on_path("dpkg-deb").is_some() && on_path("readelf").is_some() {
        cargo.env(DIST, dist::make_for_tests(workspace)?);
    }
    execute(&mut cargo)
}

fn wasm(workspace: &Workspace) -> anyhow::Result<()> {
    let browser = Browser::require()?;
    bundled::check(workspace)?;
    tools::require_wasm_target()?;
    let tools = tools::build(workspace)?;
    let binary = server::build(workspace, Profile::Dev)?;
    let server = RunningServer::start(&binary, &workspace.target("xtask/server.log"))?;
    // `--tests` leaves out the example in the documentation, which is for a page, not for a runner.
    let mut cargo = workspace.cargo(["test", "--package", SDK, "--target", WASM_TARGET, "--tests"]);
    cargo
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &tools.test_runner)
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities(workspace, &browser)?)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "180")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
        .env("RTBROADCASTER_TEST_URL", server.rooms_url());
    execute(&mut cargo).context("the server's log is in target/xtask/server.log")?;
    // The example in the documentation is only compiled.
    execute(&mut workspace.cargo(["test", "--package", SDK, "--target", WASM_TARGET, "--doc"]))
}

/// Writes a copy of sdk-wasm/webdriver.json, which wasm-pack reads too, that names the browser we
/// found. Without it the driver would look for a browser in places of its own.
fn capabilities(workspace: &Workspace, browser: &Browser) -> anyhow::Result<PathBuf> {
    let source = workspace.path("sdk-wasm/webdriver.json");
    let text = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let mut json: Value = serde_json::from_str(&text).context("sdk-wasm/webdriver.json is not JSON")?;
    json["goog:chromeOptions"]["binary"] = browser.chromium.to_string_lossy().into();
    let file = workspace.target("xtask/webdriver.json");
    fs::create_dir_all(workspace.target("xtask")).context("cannot create target/xtask")?;
    fs::write(&file, json.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn browser(workspace: &Workspace) -> anyhow::Result<()> {
    let site = site::assemble(workspace)?;
    execute(&mut node_tests(workspace, BROWSER_TESTS, &[], &site)?)
}

fn packaging(workspace: &Workspace) -> anyhow::Result<()> {
    npm::install(&workspace.path(PACKAGING_TESTS))?;
    let packed = pack::pack(workspace)?;
    sizes::check(workspace, &packed.folder)?;
    let site = site::assemble_with(workspace, &packed.folder)?;
    wasm::build_example(workspace)?;
    // These tests mostly wait for npm, bundlers and the browser, so two run at once.
    let mut node = node_tests(workspace, PACKAGING_TESTS, &["--test-concurrency=2"], &site)?;
    if let Some(firefox) = browser::firefox()? {
        node.env("FIREFOX", firefox);
    }
    execute(node.env("RTBROADCASTER_TARBALL", packed.tarball))
}

/// node's test runner for the tests of a folder.
fn node_tests(workspace: &Workspace, folder: &str, options: &[&str], site: &Path) -> anyhow::Result<Command> {
    let mut node = node(workspace, site)?;
    node.args(["--test", "--test-reporter=spec"]).args(options).args(test_files(&workspace.path(folder))?);
    Ok(node)
}

/// node for scripts that run pages in a browser. Its environment says where the server, the site
/// and the browser are.
pub(crate) fn node(workspace: &Workspace, site: &Path) -> anyhow::Result<Command> {
    let browser = Browser::require()?;
    npm::install(&workspace.path("tests"))?;
    let server = server::build(workspace, Profile::Dev)?;
    let mut node = Command::new("node");
    node.current_dir(workspace.path("tests"))
        .env("RTBROADCASTER_SERVER", server)
        .env("RTBROADCASTER_SITE", site)
        .env("CHROMIUM", browser.chromium);
    Ok(node)
}

/// The test files of a folder, which are listed here because node 20 knows no file name patterns.
fn test_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("there is no *.test.mjs in {}", folder.display());
    }
    files.sort();
    Ok(files)
}
