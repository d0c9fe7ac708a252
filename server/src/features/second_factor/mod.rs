//! The second factor beside a password: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.
//!
//! What must stay true: the secret of an app is sealed, and recovery codes are stored as marks, both with keys that are not in the database;
//! a code is accepted once, and none that is older than one that was; a recovery code is used once; before the factor is given no session is opened, whichever way the
//! password was asked for. Every session by password of a person who has one was opened with it: turning it on ends the others, and turning it off
//! takes the note of it from all. Each change of it, and each recovery code that signs somebody in, is told to the person by mail, in the transaction that
//! does it. It is about the password alone: a provider that vouches for somebody asks for its own.

pub mod graphql;
mod model;
mod operator;
mod qr;
mod repo;
mod service;
mod set_up;

pub use model::Given;
pub use operator::remove_by_operator;
pub use qr::Qr;
pub use service::{Holder, SecondFactor, Step, begin_step, check, end_step, holder, status, take_step, tell_of_use};
pub use set_up::{Confirmed, Offer, confirm, offer, remove, renew_codes};
