//! Single sign-on: an organization's own identity provider vouches for its members (OpenID Connect, or OAuth 2 with GitHub).
//!
//! What must stay true: a provider is believed in its own organization alone: the session it leads to opens nothing else, whatever
//! else the person belongs to, so that no organization's provider can speak for another's members. People are found by the provider's
//! subject; only a first sign-in looks at the mail address, and only at a verified one. An attempt is begun and ended by the same
//! browser, once, within ten minutes. Only owners say which provider is believed, and no provider makes owners.

mod error;
mod github;
pub mod graphql;
mod id_token;
mod model;
mod oidc;
mod provider;
mod repo;
mod service;

pub use error::SsoError;
pub use model::{GroupRole, Kind, Preview, Provider, Wanted};
pub use oidc::Issuers;
pub use provider::{get, preview, remove, set};
pub use service::{Answer, Begun, begin, finish};

use crate::access::{Permission, Reads, Writes};

/// See which provider is believed.
pub struct ReadProvider;
impl Permission for ReadProvider {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Reads;
}

/// Say which provider is believed.
pub struct ChangeProvider;
impl Permission for ChangeProvider {
    const NAME: shared::Permission = shared::Permission::IdentityWrite;
    type Mode = Writes;
}
