//! Which addresses a name may lead to, and how names are looked up.
//!
//! A name is looked up once, by us; what it gives is checked, and exactly that is connected to. A
//! name that gives another address at the second look (DNS rebinding) is never looked at twice.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use tokio::sync::Semaphore;

/// The addresses that a connection may go to, from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// What anybody on the internet could reach too.
    Public,
    /// Those, and this machine itself.
    Loopback,
    Anywhere,
}

impl Reach {
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Anywhere => true,
            Self::Loopback => address.is_loopback() || is_public(address),
            Self::Public => is_public(address),
        }
    }
}

/// Looks the addresses of names up.
#[async_trait]
pub trait Resolve: std::fmt::Debug + Send + Sync {
    /// The addresses of a host; in the order in which they are to be tried.
    ///
    /// # Errors
    /// Why there are none.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Look-ups that are under way at once: each holds a thread.
static LOOKUPS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(64)));

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let place = Arc::clone(&LOOKUPS).acquire_owned().await.map_err(io::Error::other)?;
        let host = host.to_owned();
        // A look-up can't be given up: it keeps its place until it has ended.
        let look_up = move || {
            let found = (host.as_str(), 0).to_socket_addrs();
            drop(place);
            Ok(found?.map(|address| address.ip()).collect())
        };
        tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
    }
}

/// Whether an address belongs to the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,
        // Carrier-grade NAT.
        (100, 64..=127, _) => true,
        (169, 254, _) => true,
        (172, 16..=31, _) => true,
        (192, 168, _) => true,
        // For protocols, for documentation, the relays of 6to4.
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => true,
        // For benchmarks of networks.
        (198, 18 | 19, _) => true,
        // Multicast, what is reserved, and broadcast.
        (224..=255, _, _) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // Unspecified, loopback, and IPv4 addresses of old.
        [0, 0, 0, 0, 0, 0, _, _] => false,
        // Translators: what they lead to is what counts.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(embedded(high, low)),
        [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        [0x64, 0xff9b, 1, ..] => false,
        // Teredo and other protocols, documentation, discarding.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x100, 0, 0, 0, ..] => {
            false
        }
        // Unique local, link-local, site-local, multicast.
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfeff, ..] | [0xff00..=0xffff, ..] => false,
        _ => true,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_network_can_reach_is_not_public() {
        let addresses = [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "100.64.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in addresses {
            let address: IpAddr = address.parse().unwrap();
            assert!(!Reach::Public.allows(address), "{address}");
            assert!(Reach::Anywhere.allows(address), "{address}");
        }
    }

    #[test]
    fn the_rest_is_public() {
        let addresses = [
            "1.1.1.1",
            "93.184.216.34",
            "100.128.0.1",
            "172.32.0.1",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ];
        for address in addresses {
            assert!(Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn loopback_does_not_widen_to_private() {
        assert!(Reach::Loopback.allows("::1".parse().unwrap()));
        assert!(!Reach::Loopback.allows("10.0.0.1".parse().unwrap()));
    }
}
