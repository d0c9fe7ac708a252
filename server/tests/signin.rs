//! Getting in: where one has signed in, what an organization asks of it, and who vouches for whom.

mod support;

#[path = "signin/policy.rs"]
mod policy;
#[path = "signin/sessions.rs"]
mod sessions;
