//! Getting in: where one has signed in, what an organization asks of it, and who vouches for whom.

mod support;

#[path = "signin/peer.rs"]
mod peer;
#[path = "signin/policy.rs"]
mod policy;
#[path = "signin/second_factor.rs"]
mod second_factor;
#[path = "signin/second_factor_bypass.rs"]
mod second_factor_bypass;
#[path = "signin/sessions.rs"]
mod sessions;
#[path = "signin/sso.rs"]
mod sso;
#[path = "signin/sso_attacks.rs"]
mod sso_attacks;
#[path = "signin/told_apart.rs"]
mod told_apart;
