//! The second step of signing in: whoever gave the right password gives their second factor.
//!
//! What must stay true: the factor is used up, the sign-in ends and the session is opened in one transaction; an invitation is accepted in it too, and not before.

mod service;

pub use service::finish;
