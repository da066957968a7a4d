//! The browser that the tests run in, its driver, and a second browser where there is one.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::debian::{install, may_install};
use crate::process::{find, say};

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
