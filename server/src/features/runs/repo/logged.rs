//! What runs logged, and what hangs on them.

use std::collections::HashMap;

use shared::ids::{LoggedModelId, RunId};
use uuid::Uuid;

use crate::{
    access::Connection,
    fault::Fault,
    features::{
        datasets,
        logged_models::{Direction, ModelLink},
        metrics::{Latest, Point},
        runs::{RunData, Whole},
    },
};

/// What many runs logged, in one statement, and, where it is asked for, the datasets and models that hang on them.
const LOGGED: &str = "select r.id, logged.* from unnest($1::uuid[]) as r (id) cross join lateral ( \
        select 'param', p.key collate \"C\", p.value, null::double precision, null::bigint, null::bigint, null::bigint, null::double precision, null::double precision \
            from run_params, jsonb_each_text(params) p where run_id = r.id \
        union all select 'tag', key, value, null, null, null, null, null, null from run_tags where run_id = r.id \
        union all select 'metric', key, null, value, step, at_ms, count, low, high from latest_metrics where run_id = r.id \
        union all select 'dataset', '', jsonb_build_object('name', d.name, 'digest', d.digest, 'source_type', d.source_type, 'source', d.source, \
            'schema', coalesce(d.schema, ''), 'profile', coalesce(d.profile, ''), 'tags', l.tags)::text, null, l.ordinal, null, null, null, null \
            from run_datasets l join datasets d on d.id = l.dataset_id where $2 and l.run_id = r.id \
        union all select direction, '', model_id::text, null, step, null, null, null, null from run_models where $2 and run_id = r.id \
        offset 0) logged (piece, key, value, metric, step, at_ms, count, low, high) order by r.id, piece, key, step, value";

/// What many runs logged, each list by key.
pub async fn data<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<HashMap<RunId, RunData>, Fault> {
    Ok(logged(tx, ids, false).await?.data)
}

/// The same with what hangs on them.
pub async fn whole<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Whole, Fault> {
    logged(tx, ids, true).await
}

async fn logged<C: Connection>(tx: &C, ids: &[Uuid], with_others: bool) -> Result<Whole, Fault> {
    let mut whole = Whole::default();
    for row in tx.rows(LOGGED, vec![ids.to_vec().into(), with_others.into()]).await? {
        let run = RunId::from_uuid(row.try_get_by_index(0)?);
        let (piece, key): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        match piece.as_str() {
            "param" => whole.data.entry(run).or_default().params.push((key, row.try_get_by_index(3)?)),
            "tag" => whole.data.entry(run).or_default().tags.push((key, row.try_get_by_index(3)?)),
            "metric" => whole.data.entry(run).or_default().metrics.push(Latest {
                key,
                point: Point { value: row.try_get_by_index(4)?, step: row.try_get_by_index(5)?, at_ms: row.try_get_by_index(6)? },
                count: row.try_get_by_index(7)?,
                low: row.try_get_by_index(8)?,
                high: row.try_get_by_index(9)?,
            }),
            "dataset" => whole.inputs.entry(run).or_default().push(datasets::stored(&row.try_get_by_index::<String>(3)?)?),
            direction => whole.links.push(ModelLink {
                run,
                model: LoggedModelId::from_uuid(row.try_get_by_index::<String>(3)?.parse().map_err(Fault::internal)?),
                direction: if direction == "input" { Direction::Input } else { Direction::Output },
                step: row.try_get_by_index(5)?,
            }),
        }
    }
    Ok(whole)
}
