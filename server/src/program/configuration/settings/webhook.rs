//! The settings of the section `[webhook]`, by which the application is told of rooms.

use std::ops::RangeInclusive;

use crate::client::Address;
use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::{Kind, hidden};
use crate::webhook::SigningKey;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Webhook,
        name: "webhook-url",
        value_name: "URL",
        help: "Tell the application of rooms that are opened and closed, and of owners that go and come back, \
               by a POST to this address for each (http or https), signed with webhook-secret",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| configuration.webhook.address.as_ref().map(Address::as_given),
            write: |configuration, text| {
                configuration.webhook.address = (!text.is_empty()).then(|| address(text)).transpose()?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Webhook,
        name: "webhook-secret",
        value_name: "SECRET",
        help: "The key that signs what the webhook is told: 24 to 64 random bytes in base64, with or without \
               whsec_ before them",
        is_secret: true,
        kind: Kind::Text {
            read: |configuration| hidden(configuration.webhook.key.iter().len()).pop(),
            write: |configuration, text| {
                configuration.webhook.key =
                    (!text.is_empty()).then(|| SigningKey::parse(text)).transpose()?;
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Webhook,
        name: "webhook-queue",
        value_name: "NUMBER",
        help: "Events that may wait for the webhook; above it new ones are dropped, and counted",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.webhook.queue, 1..=1_000_000),
    },
    Setting {
        section: Section::Webhook,
        name: "webhook-timeout-ms",
        value_name: "MILLISECONDS",
        help: "How long the webhook may take to answer",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.webhook.timeout_ms, UP_TO_A_DAY),
    },
    Setting {
        section: Section::Webhook,
        name: "webhook-retry-ms",
        value_name: "MILLISECONDS",
        help: "For how long an event is sent to the webhook again that it has not taken; then it is dropped, \
               and counted",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.webhook.retry_ms, UP_TO_A_DAY),
    },
];

const UP_TO_A_DAY: RangeInclusive<u64> = 1..=86_400_000;

fn address(text: &str) -> Result<Address, String> {
    let is_http = text.starts_with("http://") || text.starts_with("https://");
    let address = text.parse().ok().filter(|_| is_http);
    address
        .ok_or_else(|| "must be an address that begins with http:// or https://, without a query".to_owned())
}
