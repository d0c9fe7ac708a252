//! What an edge knows of a request before anybody is authenticated.

use std::net::{IpAddr, Ipv6Addr};

/// Goes into audit entries and log lines.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// The id of the request, ours or the one a trusted proxy sent.
    pub id: String,
    /// The address the request came from.
    pub address: String,
    /// The client's name for itself, cut to 200 characters.
    pub user_agent: String,
    /// Whether it only reads, for somebody who waits: its statements have two seconds each (`access::tx::Sql::patience`).
    pub reads: bool,
}

impl RequestInfo {
    /// Where attempts are counted: the address, or its network where whoever has one address has all of a network's (IPv6, by /64).
    pub fn place(&self) -> String {
        match self.address.parse().map(network) {
            Ok(IpAddr::V6(network)) => format!("{network}/64"),
            Ok(address) => address.to_string(),
            Err(_) => self.address.clone(),
        }
    }
}

/// The address, or the first of its network: whoever has an address of IPv6 has a whole /64 of them.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t60_a_network_of_addresses_is_one_place() {
        let place = |address: &str| RequestInfo { address: address.into(), ..RequestInfo::default() }.place();
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(place(address), expected);
        }
    }
}
