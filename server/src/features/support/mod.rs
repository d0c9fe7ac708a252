//! Support access: the operator of the installation helps an organization without anybody's password, because a member gave leave to look for a while.
//!
//! What must stay true: without a grant that stands there is no address, and no session; the first statement of every transaction asks for it
//! (`public.enter_support`), so ending one holds at once, on every replica. A session of the support is no member's: it has what a viewer may read and the grant
//! names, and its transactions change nothing. Its addresses work once, for minutes. Whatever it does stands in the logs with who it was and by whose leave.

mod error;
pub mod graphql;
mod model;
mod operator;
mod repo;
mod service;
mod session;

pub use error::SupportError;
pub use model::{Entered, SupportGrant, SupportSession, Visit};
pub use operator::enter_by_operator;
pub use service::{end, give, list};
pub use session::{begin, leave, session};

use crate::access::{Permission, Reads, Writes};

/// See who was given support access, and who used it.
pub struct ListSupport;
impl Permission for ListSupport {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Reads;
}

/// Give support access: like deciding who vouches for members, it decides who else is let in.
pub struct GiveSupport;
impl Permission for GiveSupport {
    const NAME: shared::Permission = shared::Permission::IdentityWrite;
    type Mode = Writes;
}

/// End it, which takes no more than seeing it.
pub struct EndSupport;
impl Permission for EndSupport {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Writes;
}

/// See by whose leave one looks.
pub struct SeeOwnSession;
impl Permission for SeeOwnSession {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}
