//! The browser that the tests run in, its driver, and a second browser where there is one.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process::{execute, find, on_path, output, say};

const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const CHROMEDRIVER: [&str; 1] = ["chromedriver"];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// Finds Chromium and its driver on this machine. As root on Debian it installs what is
    /// missing.
    pub(crate) fn require() -> anyhow::Result<Self> {
        if let Some(browser) = Self::find()? {
            return Ok(browser);
        }
        if !may_install() {
            bail!(
                "chromium or chromedriver is missing: on Debian, as root, `apt-get install chromium chromium-driver`; \
                 elsewhere install both and put them on PATH or into CHROMIUM and CHROMEDRIVER"
            );
        }
        install(&["chromium", "chromium-driver"])?;
        Self::find()?.context("apt-get has installed chromium and chromium-driver, but they are not on PATH")
    }

    fn find() -> anyhow::Result<Option<Self>> {
        let chromium = find("CHROMIUM", &CHROMIUM)?;
        let driver = find("CHROMEDRIVER", &CHROMEDRIVER)?;
        Ok(chromium.zip(driver).map(|(chromium, driver)| Self { chromium, driver }))
    }
}

/// Finds Firefox, which needs no driver, on this machine. As root on Debian it installs Firefox if
/// it is missing; elsewhere the tests go on without. CI has it.
pub(crate) fn firefox() -> anyhow::Result<Option<PathBuf>> {
    if let Some(firefox) = find("FIREFOX", &FIREFOX)? {
        return Ok(Some(firefox));
    }
    if !may_install() {
        say("there is no Firefox on PATH or in FIREFOX: the tests in it are skipped");
        return Ok(None);
    }
    install(&["firefox-esr"])?;
    find("FIREFOX", &FIREFOX)
}

fn may_install() -> bool {
    on_path("apt-get").is_some() && is_root()
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    say(&format!("apt-get: installing {}", packages.join(" and ")));
    execute(apt_get().arg("update"))?;
    execute(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", env::var_os("DEBIAN_FRONTEND").unwrap_or_else(|| "noninteractive".into()));
    command
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}
