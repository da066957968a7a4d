//! Who may do what.

use rtbroadcaster::OriginPolicy;

use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;

pub(super) static SETTINGS: &[Setting] = &[Setting {
    section: Section::Access,
    name: "allow-origin",
    value_name: "ORIGIN",
    help: "Pages of this origin may connect too, as https://example.org; * allows every origin. May be given \
               several times, or with commas. The server's own host and programs without Origin always may",
    is_secret: false,
    kind: Kind::List {
        read: |configuration| configuration.rooms.origins.to_list(),
        write: |configuration, list| {
            let policies = list
                .iter()
                .map(|origin| origin.parse::<OriginPolicy>().map_err(|error| format!("{origin}: {error}")));
            configuration.rooms.origins = policies.collect::<Result<_, _>>()?;
            Ok(())
        },
    },
}];
