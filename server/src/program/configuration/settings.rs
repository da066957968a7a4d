//! The only list of settings, section by section. A new setting is added here.

mod access;
mod admin;
mod cluster;
mod handover;
mod lanes;
mod limits;
mod recordings;
mod server;
mod webhook;

use super::setting::Setting;

/// All settings in the order in which they are shown, section by section.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    let sections = [
        server::SETTINGS,
        access::SETTINGS,
        limits::SETTINGS,
        handover::SETTINGS,
        lanes::SETTINGS,
        recordings::SETTINGS,
        cluster::SETTINGS,
        admin::SETTINGS,
        webhook::SETTINGS,
    ];
    sections.into_iter().flatten()
}
