//! What runs logged, and what hangs on them.

use std::collections::HashMap;

use serde::Deserialize;
use shared::ids::{ExperimentId, LoggedModelId, RunId};
use uuid::Uuid;

use crate::{
    access::Connection,
    fault::Fault,
    features::{
        datasets,
        logged_models::{Direction, ModelLink},
        metrics::{Latest, Point},
        runs::{Run, RunData, Status, Whole},
    },
};

/// What many runs logged, in one statement, and, where it is asked for, the datasets and models that hang on them, and the runs themselves.
const LOGGED: &str = "select r.id, logged.* from unnest($1::uuid[]) as r (id) cross join lateral ( \
        select 'param', p.key collate \"C\", p.value, null::double precision, null::bigint, null::bigint, null::bigint, null::double precision, null::double precision \
            from run_params, jsonb_each_text(params) p where run_id = r.id \
        union all select 'tag', key, value, null, null, null, null, null, null from run_tags where run_id = r.id \
        union all select 'metric', key, null, value, step, at_ms, count, low, high from latest_metrics where run_id = r.id \
        union all select 'dataset', '', jsonb_build_object('name', d.name, 'digest', d.digest, 'source_type', d.source_type, 'source', d.source, \
            'schema', coalesce(d.schema, ''), 'profile', coalesce(d.profile, ''), 'tags', l.tags)::text, null, l.ordinal, null, null, null, null \
            from run_datasets l join datasets d on d.id = l.dataset_id where $2 and l.run_id = r.id \
        union all select direction, '', model_id::text, null, step, null, null, null, null from run_models where $2 and run_id = r.id \
        union all select 'run', '', jsonb_build_object('id', n.id, 'experiment_id', n.experiment_id, 'is_default', e.is_default, 'name', n.name, \
            'user_name', n.user_name, 'created_by', n.created_by, 'status', n.status, 'started_ms', n.started_ms, 'ended_ms', n.ended_ms, \
            'removed', n.removed_at is not null, 'revision', n.revision)::text, null, null, null, null, null, null \
            from runs n join experiments e on e.id = n.experiment_id where $3 and n.id = r.id \
        offset 0) logged (piece, key, value, metric, step, at_ms, count, low, high) order by r.id, piece, key, step, value";

/// What many runs logged, each list by key.
pub async fn data<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<HashMap<RunId, RunData>, Fault> {
    Ok(logged(tx, ids, Asked::Logged).await?.1.data)
}

/// The same with what hangs on them.
pub async fn whole<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Whole, Fault> {
    Ok(logged(tx, ids, Asked::Whole).await?.1)
}

/// One run with all of it; `None` where there is none.
pub async fn find_whole<C: Connection>(tx: &C, id: Uuid) -> Result<Option<(Run, Whole)>, Fault> {
    let (mut runs, whole) = logged(tx, &[id], Asked::WithRuns).await?;
    Ok(runs.pop().map(|run| (run, whole)))
}

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Logged,
    Whole,
    WithRuns,
}

async fn logged<C: Connection>(tx: &C, ids: &[Uuid], asked: Asked) -> Result<(Vec<Run>, Whole), Fault> {
    let (mut runs, mut whole) = (Vec::new(), Whole::default());
    let asked = [asked != Asked::Logged, asked == Asked::WithRuns];
    for row in tx.rows(LOGGED, [ids.to_vec().into()].into_iter().chain(asked.map(Into::into)).collect()).await? {
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
            "run" => runs.push(serde_json::from_str::<Stored>(&row.try_get_by_index::<String>(3)?).map_err(Fault::internal)?.run()?),
            direction => whole.links.push(ModelLink {
                run,
                model: LoggedModelId::from_uuid(row.try_get_by_index::<String>(3)?.parse().map_err(Fault::internal)?),
                direction: if direction == "input" { Direction::Input } else { Direction::Output },
                step: row.try_get_by_index(5)?,
            }),
        }
    }
    Ok((runs, whole))
}

/// A run as the statement writes it.
#[derive(Deserialize)]
struct Stored {
    id: Uuid,
    experiment_id: Uuid,
    is_default: bool,
    name: String,
    user_name: String,
    created_by: String,
    status: String,
    started_ms: i64,
    ended_ms: Option<i64>,
    removed: bool,
    revision: i64,
}

impl Stored {
    fn run(self) -> Result<Run, Fault> {
        let Self { id, experiment_id, is_default, name, user_name, created_by, status, started_ms, ended_ms, removed, revision } = self;
        let status = Status::parse(&status).ok_or_else(|| Fault::internal(format!("unknown status {status}")))?;
        let (id, experiment_id) = (RunId::from_uuid(id), ExperimentId::from_uuid(experiment_id));
        Ok(Run { id, experiment_id, in_default: is_default, name, user: user_name, created_by, status, started_ms, ended_ms, removed, revision })
    }
}
