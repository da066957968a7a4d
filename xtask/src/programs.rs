//! Programs from outside that tests run: the proxies that docs/operating.md names, each with the
//! block that is shown there, what checks and installs the files under server/deploy/, and what
//! cuts networks.

use std::path::Path;

use crate::debian::{install, may_install};
use crate::process::{on_path, say};

/// Each program, and Debian's package that has it.
const PROGRAMS: [(&str, &str); 8] = [
    ("nginx", "nginx-light"),
    ("apache2", "apache2"),
    ("haproxy", "haproxy"),
    ("varnishd", "varnish"),
    ("caddy", "caddy"),
    ("promtool", "prometheus"),
    ("debootstrap", "debootstrap"),
    ("ip", "iproute2"),
];

/// Installs those that are missing. Where that can't be done, the tests say what they lack.
pub(crate) fn install_missing() -> anyhow::Result<()> {
    let is_there =
        |program: &str| on_path(program).is_some() || Path::new("/usr/sbin").join(program).is_file();
    let missing: Vec<_> =
        PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !may_install() {
        say(&format!("the tests lack {}: install them", missing.join(", ")));
        return Ok(());
    }
    install(&missing)
}
