//! Browser sessions: signing in and out, switching organizations.
//!
//! What must stay true: a session is an opaque 256-bit secret of which only the hash is stored; each
//! sign-in makes a new one; signing out, everywhere or here, ends it on every replica at once,
//! because every request looks it up in its first statement. An unknown address and a wrong password
//! cannot be told apart by body, status or time.

mod repo;
mod service;

pub use service::{Opened, PER_ACCOUNT, open, sign_in, sign_out, sign_out_everywhere, switch_organization};

/// How long a session lives, in days.
pub const SESSION_DAYS: i64 = 14;
