//! The statements of preferences.

use serde_json::Value;
use shared::ids::MemberId;

use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

pub async fn get<C: Connection>(tx: &C, member: MemberId, key: &str) -> Result<Option<Value>, Fault> {
    let sql = "select value from member_preferences where member_id = $1 and key = $2";
    let row = tx.row(sql, vec![member.uuid().into(), key.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

pub async fn set(tx: &WriteTx, member: MemberId, key: &str, value: &Value) -> Result<(), Fault> {
    let sql = "insert into member_preferences (member_id, key, value, changed_at) values ($1, $2, $3, $4) \
        on conflict (member_id, key) do update set value = excluded.value, changed_at = excluded.changed_at";
    tx.run(sql, vec![member.uuid().into(), key.into(), value.clone().into(), tx.now().into()]).await?;
    Ok(())
}

pub async fn forget(tx: &WriteTx, member: MemberId, key: &str) -> Result<(), Fault> {
    tx.run("delete from member_preferences where member_id = $1 and key = $2", vec![member.uuid().into(), key.into()]).await?;
    Ok(())
}

/// Forgets all but the `keep` that were chosen last.
pub async fn forget_beyond(tx: &WriteTx, member: MemberId, keep: u64) -> Result<(), Fault> {
    let sql = "delete from member_preferences where member_id = $1 and key in \
        (select key from member_preferences where member_id = $1 order by changed_at desc, key offset $2)";
    tx.run(sql, vec![member.uuid().into(), keep.into()]).await?;
    Ok(())
}
