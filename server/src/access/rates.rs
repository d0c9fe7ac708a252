//! How often a caller is served, so that one that asks without pause slows nobody else. Counted in this process alone: a logger's call waits neither for
//! Redis nor for a lock. With several processes behind one address each serves so much.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use shared::{ErrorCode, ids::TenantId};
use uuid::Uuid;

use super::request::network;
use crate::{fault::Fault, platform::Clock};

/// So many seconds' worth of calls may come at once.
const BURST_SECONDS: i64 = 10;
/// An organization is served so many times what one of its sessions or tokens is.
const OF_ORGANIZATION: u32 = 5;
/// A bucket nobody has asked of for so long is full again, and forgotten.
const IDLE: Duration = Duration::from_secs(60);
const BUCKETS_MAX: u64 = 200_000;
/// A flood is a warning in the log so often, in nanoseconds.
const WARN_EVERY: i64 = 60 * SECOND;
const SECOND: i64 = 1_000_000_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What a training does in great numbers: it logs runs, metrics, params, traces, and sends and fetches files.
    Logging,
    /// Everything else: reads, searches, GraphQL, pages.
    Asking,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logging => "logging",
            Self::Asking => "asking",
        }
    }
}

/// Calls a second; 0 stands for no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of a session or token, to log with.
    pub logging: u32,
    /// Of a session or token, for everything else.
    pub asking: u32,
    /// Of an address, without a credential.
    pub anonymous: u32,
}

/// A credential that entered lately, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub credential: Uuid,
    pub tenant: TenantId,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Credential(Uuid, Kind),
    Organization(TenantId, Kind),
    Address(IpAddr),
}

/// A bucket of tokens in one number: when it will be full again, in nanoseconds.
#[derive(Default)]
struct Bucket {
    full_at: AtomicI64,
    warned_at: AtomicI64,
}

impl Bucket {
    /// Takes so many calls out, if they are there.
    fn take(&self, now: i64, rate: u32, calls: u32) -> bool {
        let room = BURST_SECONDS * SECOND;
        // One that asks for more than a bucket holds at once is served from a full one.
        let cost = (i64::from(calls) * SECOND / i64::from(rate)).min(room);
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            // Also a clock that was set back finds no more missing than a bucket holds.
            let from = full_at.clamp(now, now + room);
            let next = from + cost;
            if next > now + room {
                let _ = self.full_at.compare_exchange(full_at, from.min(full_at), Ordering::Relaxed, Ordering::Relaxed);
                return false;
            }
            match self.full_at.compare_exchange_weak(full_at, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(seen) => full_at = seen,
            }
        }
    }

    fn warns(&self, now: i64) -> bool {
        let before = self.warned_at.load(Ordering::Relaxed);
        let due = before == 0 || (now - before).abs() >= WARN_EVERY;
        due && self.warned_at.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The buckets. Cloning shares them.
#[derive(Clone)]
pub struct Rates {
    limits: Limits,
    buckets: Cache<Whose, Arc<Bucket>>,
    clock: Clock,
}

impl Rates {
    /// Full buckets for everybody.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self { limits, buckets: Cache::builder().max_capacity(BUCKETS_MAX).time_to_idle(IDLE).build(), clock }
    }

    /// Counts calls of a session or token, and of its organization.
    ///
    /// # Errors
    /// `TooManyRequests`.
    pub fn spend(&self, known: Known, kind: Kind, calls: u32) -> Result<(), Fault> {
        let rate = match kind {
            Kind::Logging => self.limits.logging,
            Kind::Asking => self.limits.asking,
        };
        if !self.take(Whose::Credential(known.credential, kind), rate, calls) {
            return Err(too_many("This session or token sends requests faster than they are served. Wait a few seconds and try again."));
        }
        if !self.take(Whose::Organization(known.tenant, kind), rate.saturating_mul(OF_ORGANIZATION), calls) {
            return Err(too_many("Your organization sends requests faster than they are served. Wait a few seconds and try again."));
        }
        Ok(())
    }

    /// Counts calls that came without a credential that is known, by where they came from.
    ///
    /// # Errors
    /// `TooManyRequests`.
    pub fn spend_at(&self, address: &str, calls: u32) -> Result<(), Fault> {
        let address = address.parse().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), network);
        if self.take(Whose::Address(address), self.limits.anonymous, calls) {
            Ok(())
        } else {
            Err(too_many("Too many requests come from your network. Wait a few seconds and try again, or sign in."))
        }
    }

    fn take(&self, whose: Whose, rate: u32, calls: u32) -> bool {
        if rate == 0 {
            return true;
        }
        let now = self.clock.now().timestamp_nanos_opt().unwrap_or_default();
        let bucket = self.buckets.get_with(whose, Arc::default);
        if bucket.take(now, rate, calls) {
            return true;
        }
        let what = match whose {
            Whose::Credential(_, kind) | Whose::Organization(_, kind) => kind.as_str(),
            Whose::Address(_) => "anonymous",
        };
        if bucket.warns(now) {
            // An address may be a person's.
            let (credential, organization) = match whose {
                Whose::Credential(id, _) => (Some(id.simple().to_string()), None),
                Whose::Organization(id, _) => (None, Some(id.to_string())),
                Whose::Address(_) => (None, None),
            };
            tracing::warn!(what, rate, credential, organization, "too many requests");
        }
        metrics::counter!("assay_throttled_total", "what" => what).increment(1);
        false
    }
}

fn too_many(message: &'static str) -> Fault {
    Fault::new(ErrorCode::TooManyRequests, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t52_a_bucket_gives_what_it_holds_and_fills_again() {
        let (bucket, start) = (Bucket::default(), 1_700_000_000 * SECOND);
        let taken = |now: i64| (0..1_000).take_while(|_| bucket.take(now, 2, 1)).count();
        assert_eq!(taken(start), 20);
        assert_eq!(taken(start), 0);
        assert_eq!(taken(start + 3 * SECOND), 6);
        assert_eq!(taken(start - 3600 * SECOND), 0, "a clock that is set back empties nothing twice");
        assert_eq!(taken(start - 3600 * SECOND + 10 * SECOND), 20, "and shuts nobody out");
        assert!(bucket.take(start + 60 * SECOND, 2, 500) && !bucket.take(start + 60 * SECOND, 2, 1), "more than it holds empties it");
    }

    #[test]
    fn t52_a_network_is_one_caller() {
        let one = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(one("2001:db8:1:2:3:4:5:6"), one("2001:db8:1:2::1"));
        assert_ne!(one("2001:db8:1:2::1"), one("2001:db8:1:3::1"));
        assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
        assert_ne!(one("192.0.2.2"), one("192.0.2.1"));
    }
}
