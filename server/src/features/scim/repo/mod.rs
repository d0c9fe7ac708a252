//! The statements of provisioning. Users are members, or are to be; what the directory says of them stands in the tenant's own tables.

pub mod groups;
pub mod users;

use crate::{
    access::{Sql, WriteTx},
    fault::Fault,
};

/// One write of the directory after the other: what one has looked at is so until it is done.
pub async fn take_turn(tx: &WriteTx) -> Result<(), Fault> {
    tx.rows("select pg_advisory_xact_lock(hashtextextended('scim:' || $1::text, 0))", vec![tx.tenant().id.uuid().into()]).await?;
    Ok(())
}
