use sea_orm::{DbErr, QueryResult};
use shared::ids::ExperimentId;

use crate::{access::Connection, fault::Fault};

/// Fields of the latest 500 runs with their values and counts, those of one field together. Only here it is said where params and tags are kept.
pub async fn facets<C: Connection>(tx: &C, experiment: ExperimentId) -> Result<Vec<(String, String, i64)>, Fault> {
    let sql = "with latest as materialized (select id, status, user_name from runs where experiment_id = $1 and removed_at is null order by started_ms desc, id limit 500), \
        held as ( \
            select 1 as rank, 'attributes.status' as field, status as value from latest \
            union all select 2, 'attributes.user_id', user_name from latest where user_name <> '' \
            union all select 3, 'params.' || p.key, p.value from run_params, jsonb_each_text(params) p where run_id in (select id from latest) \
            union all select 3, 'tags.' || key, value from run_tags where run_id in (select id from latest) and key not like 'mlflow.%' and key not like 'assay.%'), \
        counted as (select rank, field, value, count(*) as runs from held group by rank, field, value), \
        ranked as (select *, count(*) over of_field as values, max(length(value)) over of_field as longest, min(length(value)) over of_field as shortest, \
            sum(runs) over of_field as carried from counted window of_field as (partition by field)) \
        select field, value, runs from ranked \
        where values <= 8 and longest <= 60 and shortest > 0 and (rank = 1 or values > 1 or carried < (select count(*) from latest)) \
        order by rank, carried desc, field, runs desc, value limit 120";
    let read = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    Ok(tx.rows(sql, vec![experiment.uuid().into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}
