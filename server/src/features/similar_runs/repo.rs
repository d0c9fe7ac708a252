//! The statements that find runs which are alike.

use sea_orm::DbErr;
use shared::ids::{ExperimentId, RunId};

use crate::{access::Connection, fault::Fault};

/// Finished runs with the same params, the latest first, at most `most`. Of a setting that very many share, the latest thousand are looked at.
pub async fn same<C: Connection>(tx: &C, run: RunId, most: i64) -> Result<Vec<RunId>, Fault> {
    let sql = "select r.id from run_params own \
        cross join lateral (select p.run_id from run_params p where p.fingerprint = own.fingerprint and p.run_id <> own.run_id \
            order by p.run_id desc limit 1000) alike \
        cross join lateral (select id, started_ms from runs where id = alike.run_id and status = 'FINISHED' and removed_at is null offset 0) r \
        where own.run_id = $1 order by r.started_ms desc, r.id limit $2";
    let rows = tx.rows(sql, vec![run.uuid().into(), most.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(RunId::from_uuid)).collect::<Result<_, DbErr>>()?)
}

/// The latest finished runs of an experiment.
pub async fn latest<C: Connection>(tx: &C, experiment: ExperimentId, most: i64) -> Result<Vec<RunId>, Fault> {
    let sql = "select id from runs where experiment_id = $1 and removed_at is null and status = 'FINISHED' order by started_ms desc, id limit $2";
    let rows = tx.rows(sql, vec![experiment.uuid().into(), most.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(RunId::from_uuid)).collect::<Result<_, DbErr>>()?)
}

/// Of the latest 300 finished runs of an experiment, those that share at least three params with a run and differ in one or two, seeds aside.
pub async fn near<C: Connection>(tx: &C, run: RunId, experiment: ExperimentId, most: i64) -> Result<Vec<RunId>, Fault> {
    let sql = "with own as materialized (select params from run_params where run_id = $1), \
        latest as materialized (select id, started_ms from runs where experiment_id = $2 and removed_at is null and status = 'FINISHED' and id <> $1 \
            order by started_ms desc, id limit 300) \
        select l.id from own cross join latest l \
        cross join lateral (select params from run_params where run_id = l.id offset 0) p \
        cross join lateral (select count(*) filter (where a.value is distinct from b.value) as differ, count(*) filter (where a.value = b.value) as equal \
            from jsonb_each_text(own.params) a full join jsonb_each_text(p.params) b using (key) where not is_seed(key)) c \
        where c.differ between 1 and 2 and c.equal >= 3 order by c.differ, l.started_ms desc, l.id limit $3";
    let rows = tx.rows(sql, vec![run.uuid().into(), experiment.uuid().into(), most.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(RunId::from_uuid)).collect::<Result<_, DbErr>>()?)
}
