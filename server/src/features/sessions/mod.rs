//! Browser sessions: signing in and out, switching organizations.
//!
//! What must stay true: a session is an opaque 256-bit secret of which only the hash is stored; each
//! sign-in makes a new one, and so does moving to another organization, which ends the old; signing out, everywhere or here, ends it on every replica at once,
//! because every request looks it up in its first statement, together with what its organization asks
//! of a sign-in (`sign_in_policy`). One that an organization's provider vouched for (`identity`) is worth something there alone: it
//! neither shows nor changes anything of the person elsewhere. Of a person with a second factor a password opens none (`second_factor`). An unknown address and a wrong password
//! cannot be told apart by body, status or time.

pub mod graphql;
mod model;
mod repo;
mod service;

pub use model::{Entrance, Means, Opened, Session, SignedIn, Switched};
pub use service::{
    IN_ALL, PER_ACCOUNT, PER_ACCOUNT_ANYWHERE, end, end_others, enter, is_vouched, last_seen, list, open, remember_place, sign_in, sign_out,
    sign_out_everywhere, switch_organization,
};

use crate::access::{Permission, Reads, Writes};

/// See where one has signed in.
pub struct ListSessions;
impl Permission for ListSessions {
    const NAME: shared::Permission = shared::Permission::TokensOwn;
    type Mode = Reads;
}

/// End one's own sessions.
pub struct EndSessions;
impl Permission for EndSessions {
    const NAME: shared::Permission = shared::Permission::TokensOwn;
    type Mode = Writes;
}

/// How long a session lives, in days.
pub const SESSION_DAYS: i64 = 14;
