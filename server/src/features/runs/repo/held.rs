//! Which runs an experiment has, and how they stand.

use sea_orm::DbErr;
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use crate::{
    access::Connection,
    fault::Fault,
    features::{experiments::ExperimentRef, runs::held::State},
};

/// The experiment as it stands within reach, of which `most` runs and one more are looked at; `None`: there is no such experiment.
pub async fn state<C: Connection>(tx: &C, experiment: ExperimentRef, most: usize) -> Result<Option<(ExperimentId, State)>, Fault> {
    let sql = "select e.id, count(r.id), coalesce(bit_xor(uuid_hash_extended(r.id, r.revision)), 0) \
        from experiments e left join lateral (select id, revision from runs where experiment_id = e.id limit $4) r on true \
        where e.id = coalesce($1, (select id from experiments where is_default)) and ($2 or e.project_id = coalesce($3, (select id from projects where is_default))) \
        group by e.id";
    let reach = tx.reach();
    let id = experiment.id().map(|id| id.uuid());
    let row = tx.row(sql, vec![id.into(), reach.is_whole().into(), reach.project().into(), (most as i64 + 1).into()]).await?;
    let read = |row: sea_orm::QueryResult| -> Result<_, DbErr> {
        let id: Uuid = row.try_get_by_index(0)?;
        Ok((ExperimentId::from_uuid(id), State { runs: row.try_get_by_index(1)?, digest: row.try_get_by_index(2)? }))
    };
    Ok(row.map(read).transpose()?)
}

/// Of each run of an experiment its revision, and what it adds to the digest of [`state`]; at most `most` and one more.
pub async fn revisions<C: Connection>(tx: &C, experiment: ExperimentId, most: usize) -> Result<Vec<(RunId, i64, i64)>, Fault> {
    let sql = "select id, revision, uuid_hash_extended(id, revision) from runs where experiment_id = $1 limit $2";
    let rows = tx.rows(sql, vec![experiment.uuid().into(), (most as i64 + 1).into()]).await?;
    let read = |row: &sea_orm::QueryResult| Ok((RunId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}
