//! Limits on how often each address may do something, for handshakes, new rooms and wrong guesses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::{Delay, Rate, Timestamp, TokenBucket};

/// The number of addresses that are remembered, in some 4 MB. When there are more, all are
/// forgotten: counting doesn't stop an attacker that has so many addresses.
const MAX_ADDRESSES: usize = 65_536;

/// How often each address may do something. An address is remembered while its bucket isn't full.
#[derive(Debug)]
pub(crate) struct AddressLimits {
    rate: Rate,
    buckets: Mutex<HashMap<IpAddr, TokenBucket>>,
}

impl AddressLimits {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// How long until this address may do it once more. None if it may now.
    pub(crate) fn wait(&self, address: IpAddr, now: Timestamp) -> Option<Delay> {
        self.buckets().get(&client_network(address)).and_then(|bucket| bucket.wait(self.rate, now))
    }

    /// Notes that this address has done it.
    pub(crate) fn count(&self, address: IpAddr, now: Timestamp) {
        self.with(address, now, |bucket, rate| bucket.take(rate, now));
    }

    /// Notes that this address does it, if it may do it now.
    ///
    /// # Errors
    /// The time until it may. Then nothing is noted.
    pub(crate) fn try_once(&self, address: IpAddr, now: Timestamp) -> Result<(), Delay> {
        self.with(address, now, |bucket, rate| bucket.try_take(rate, now))
    }

    fn with<R>(&self, address: IpAddr, now: Timestamp, act: impl FnOnce(&mut TokenBucket, Rate) -> R) -> R {
        let (address, rate) = (client_network(address), self.rate);
        let mut buckets = self.buckets();
        if buckets.len() >= MAX_ADDRESSES && !buckets.contains_key(&address) {
            buckets.retain(|_, bucket| !bucket.is_full(rate, now));
            if buckets.len() >= MAX_ADDRESSES {
                buckets.clear();
            }
        }
        act(buckets.entry(address).or_insert_with(|| TokenBucket::new(rate, now)), rate)
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<IpAddr, TokenBucket>> {
        // The map is consistent at every point where a panic could happen.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that stands for one client: its IPv4 address, or the 64 bits of its IPv6 network. A
/// client may use any address of its IPv6 network.
pub(crate) fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_own_limit_and_a_network_of_ipv6_is_one() {
        let limits = AddressLimits::new(Rate::per_minute(1));
        let now = Timestamp(5);
        for one in ["192.0.2.1", "2001:db8:0:1::1"] {
            limits.count(address(one), now);
        }
        for limited in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2"] {
            assert_eq!(limits.wait(address(limited), now), Delay::from_milliseconds(60_000), "{limited}");
        }
        for free in ["192.0.2.2", "2001:db8:0:2::1"] {
            assert_eq!(limits.wait(address(free), now), None, "{free}");
        }
        assert_eq!(limits.wait(address("192.0.2.1"), Timestamp(60_005)), None);
    }

    #[test]
    fn the_number_of_remembered_addresses_is_bounded() {
        let limits = AddressLimits::new(Rate::per_minute(1));
        for number in 0..=u32::try_from(MAX_ADDRESSES).unwrap() {
            limits.count(IpAddr::V4(number.into()), Timestamp(0));
        }
        assert!(limits.buckets().len() <= MAX_ADDRESSES);
    }
}
