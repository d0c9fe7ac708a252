//! The statements of the table: what it is made of. Runs and their data are read by their own slice.

use sea_orm::QueryResult;
use shared::ids::ExperimentId;
use uuid::Uuid;

use super::{
    Kind,
    model::{COLUMNS_MAX, Place},
};
use crate::{
    access::{Connection, ReadTx, Sql},
    fault::Fault,
    features::experiments::ExperimentRef,
};

/// Those of some experiments that are there.
pub async fn places(tx: &ReadTx, experiments: &[ExperimentRef]) -> Result<Vec<(Place, bool)>, Fault> {
    let sql = "select id, name, is_default from experiments where (id = any($1) or ($2 and is_default)) \
        and ($3 or project_id = coalesce($4, (select id from projects where is_default)))";
    let ids: Vec<Uuid> = experiments.iter().filter_map(|one| one.id()).map(ExperimentId::uuid).collect();
    let reach = tx.reach();
    let values = vec![ids.into(), experiments.contains(&ExperimentRef::Default).into(), reach.is_whole().into(), reach.project().into()];
    let read = |row: &QueryResult| {
        let place = Place { id: ExperimentId::from_uuid(row.try_get_by_index(0)?), name: row.try_get_by_index(1)? };
        Ok::<_, sea_orm::DbErr>((place, row.try_get_by_index(2)?))
    };
    Ok(tx.rows(sql, values).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// The keys that the latest 500 runs of each experiment carry, those of MLflow's own tags left out; metrics, params, tags, each by key.
pub async fn keys<C: Connection>(tx: &C, experiments: &[Uuid]) -> Result<Vec<(Kind, String)>, Fault> {
    let sql = "with latest as materialized (select r.id from unnest($1::uuid[]) e (id) cross join lateral \
            (select id from runs where experiment_id = e.id and removed_at is null order by started_ms desc, id limit 500) r) \
        select 1, key from latest_metrics where run_id in (select id from latest) group by key \
        union all select 2, key collate \"C\" from run_params, jsonb_object_keys(params) key where run_id in (select id from latest) group by key \
        union all select 3, key from run_tags where run_id in (select id from latest) and key not like 'mlflow.%' group by key \
        order by 1, 2 limit $2";
    let read = |row: &QueryResult| {
        let kind: i32 = row.try_get_by_index(0)?;
        let kind = match kind {
            1 => Kind::Metric,
            2 => Kind::Param,
            _ => Kind::Tag,
        };
        Ok::<_, sea_orm::DbErr>((kind, row.try_get_by_index(1)?))
    };
    let most = i64::try_from(COLUMNS_MAX).unwrap_or(i64::MAX);
    Ok(tx.rows(sql, vec![experiments.to_vec().into(), most.into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}
