//! Getting in: where one has signed in, what an organization asks of it, and who vouches for whom.

pub mod peer;
mod policy;
mod second_factor;
mod second_factor_bypass;
mod sessions;
mod sso;
mod sso_attacks;
mod support_access;
mod told_apart;
