//! The statements of traces.

mod metrics;
mod search;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use super::model::{Assessment, AssessmentKind, NAME_TAG, RUN_METADATA, Span, State, Trace, TraceId};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    features::experiments::ExperimentRef,
};

pub use metrics::{Measured, points};
pub use search::{count, search, together};

/// An experiment that traces are logged to: its id, whether it is the default one, whether it is removed.
pub async fn experiment<C: Connection>(tx: &C, experiment: ExperimentRef) -> Result<Option<(ExperimentId, bool, bool)>, Fault> {
    let sql = "select id, is_default, removed_at is not null from experiments where id = coalesce($1, (select id from experiments where is_default)) \
        and ($2 or project_id = coalesce($3, (select id from projects where is_default)))";
    let reach = tx.reach();
    let row = tx.row(sql, vec![experiment.id().map(ExperimentId::uuid).into(), reach.is_whole().into(), reach.project().into()]).await?;
    let read =
        |row: QueryResult| Ok::<_, DbErr>((ExperimentId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    Ok(row.map(read).transpose()?)
}

/// Writes what a client says of a trace as a whole; when its first part arrived. `None` when the trace belongs to another experiment.
pub async fn start(tx: &WriteTx, trace: &Trace) -> Result<Option<DateTime<Utc>>, Fault> {
    let sql = "insert into traces as t (id, experiment_id, request_ms, ended_ms, state, client_request_id, request_preview, response_preview, finalized, created_by, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10) \
        on conflict (id) do update set request_ms = excluded.request_ms, ended_ms = excluded.ended_ms, state = excluded.state, finalized = true, \
            client_request_id = excluded.client_request_id, request_preview = coalesce(excluded.request_preview, t.request_preview), \
            response_preview = coalesce(excluded.response_preview, t.response_preview) \
        where t.experiment_id = excluded.experiment_id returning created_at";
    let values: Vec<Value> = vec![
        trace.id.0.into(),
        trace.experiment_id.uuid().into(),
        trace.request_ms.into(),
        trace.duration_ms.map(|duration| trace.request_ms.saturating_add(duration)).into(),
        trace.state.as_str().into(),
        trace.client_request_id.clone().into(),
        trace.request_preview.clone().into(),
        trace.response_preview.clone().into(),
        tx.actor().name.clone().into(),
        tx.now().into(),
    ];
    let Some(row) = tx.row(sql, values).await? else { return Ok(None) };
    set_tags(tx, &trace.tags.iter().map(|(key, value)| (trace.id, key.as_str(), value.as_str())).collect::<Vec<_>>(), true).await?;
    set_metadata(tx, &trace.metadata.iter().map(|(key, value)| (trace.id, key.as_str(), value.as_str())).collect::<Vec<_>>()).await?;
    Ok(Some(row.try_get_by_index(0)?))
}

/// What spans that came together say of one trace.
pub struct Gathered {
    pub id: TraceId,
    pub request_ms: i64,
    pub ended_ms: Option<i64>,
    pub state: State,
    pub request_preview: Option<String>,
    pub response_preview: Option<String>,
    pub name: Option<String>,
    pub tags: Vec<(String, String)>,
}

/// Writes spans, and what follows from them of their traces where nobody said it yet. `traces` is in the order of the ids. Those whose first part arrived
/// before a time.
pub async fn log_spans(
    tx: &WriteTx,
    experiment: ExperimentId,
    run: Option<&str>,
    traces: &[Gathered],
    spans: &[Span],
    since: DateTime<Utc>,
) -> Result<Vec<TraceId>, Fault> {
    let sql = "insert into traces as t (id, experiment_id, request_ms, ended_ms, state, request_preview, response_preview, finalized, created_by, created_at) \
        select n.id, $1, n.request_ms, nullif(n.ended_ms, -1), n.state, nullif(n.request, ''), nullif(n.response, ''), false, $2, $3 \
        from unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[]) as n (id, request_ms, ended_ms, state, request, response) \
        on conflict (id) do update set \
            request_ms = case when t.finalized then t.request_ms else least(t.request_ms, excluded.request_ms) end, \
            ended_ms = case when t.finalized then t.ended_ms else greatest(t.ended_ms, excluded.ended_ms) end, \
            state = case when t.finalized or excluded.state = 'IN_PROGRESS' then t.state else excluded.state end, \
            request_preview = coalesce(t.request_preview, excluded.request_preview), response_preview = coalesce(t.response_preview, excluded.response_preview) \
        returning id, created_at < $10";
    let texts = |pick: fn(&Gathered) -> &Option<String>| traces.iter().map(|one| pick(one).clone().unwrap_or_default()).collect::<Vec<_>>();
    let values: Vec<Value> = vec![
        experiment.uuid().into(),
        tx.actor().name.clone().into(),
        tx.now().into(),
        traces.iter().map(|one| one.id.0).collect::<Vec<_>>().into(),
        traces.iter().map(|one| one.request_ms).collect::<Vec<_>>().into(),
        traces.iter().map(|one| one.ended_ms.unwrap_or(-1)).collect::<Vec<_>>().into(),
        traces.iter().map(|one| one.state.as_str().to_owned()).collect::<Vec<_>>().into(),
        texts(|one| &one.request_preview).into(),
        texts(|one| &one.response_preview).into(),
        since.into(),
    ];
    let mut late = Vec::new();
    for row in tx.rows(sql, values).await? {
        if row.try_get_by_index(1)? {
            late.push(TraceId(row.try_get_by_index(0)?));
        }
    }
    let names = traces.iter().filter_map(|one| Some((one.id, NAME_TAG, one.name.as_deref()?)));
    let own = traces.iter().flat_map(|one| one.tags.iter().map(|(key, value)| (one.id, key.as_str(), value.as_str())));
    set_tags(tx, &own.chain(names).collect::<Vec<_>>(), false).await?;
    if let Some(run) = run {
        set_metadata(tx, &traces.iter().map(|one| (one.id, RUN_METADATA, run)).collect::<Vec<_>>()).await?;
    }
    insert_spans(tx, spans).await?;
    Ok(late)
}

async fn insert_spans(tx: &WriteTx, spans: &[Span]) -> Result<(), Fault> {
    // One statement changes a row once: of a span that comes twice the last one counts.
    let last: std::collections::BTreeMap<(TraceId, &str), &Span> = spans.iter().map(|span| ((span.trace, span.id.as_str()), span)).collect();
    let texts = |pick: fn(&Span) -> &str| last.values().map(|span| pick(span).to_owned()).collect::<Vec<_>>();
    let sql = "insert into trace_spans (trace_id, span_id, parent_id, name, type, status, start_ns, end_ns, data) \
        select id, span, nullif(parent, ''), name, type, status, start_ns, nullif(end_ns, -1), data \
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[]) \
            as n (id, span, parent, name, type, status, start_ns, end_ns, data) \
        on conflict (trace_id, span_id) do update set parent_id = excluded.parent_id, name = excluded.name, type = excluded.type, status = excluded.status, \
            start_ns = excluded.start_ns, end_ns = excluded.end_ns, data = excluded.data";
    let values: Vec<Value> = vec![
        last.keys().map(|(trace, _)| trace.0).collect::<Vec<_>>().into(),
        texts(|span| &span.id).into(),
        texts(|span| span.parent.as_deref().unwrap_or_default()).into(),
        texts(|span| &span.name).into(),
        texts(|span| &span.kind).into(),
        texts(|span| span.status.as_str()).into(),
        last.values().map(|span| span.start_ns).collect::<Vec<_>>().into(),
        last.values().map(|span| span.end_ns.unwrap_or(-1)).collect::<Vec<_>>().into(),
        texts(|span| &span.data).into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

type Lists = (Vec<Uuid>, Vec<String>, Vec<String>);

/// Columns of pairs; of a key that comes twice the first one counts.
fn lists(pairs: &[(TraceId, &str, &str)]) -> Lists {
    let mut first: std::collections::BTreeMap<(TraceId, &str), &str> = std::collections::BTreeMap::new();
    for (id, key, value) in pairs {
        first.entry((*id, key)).or_insert(value);
    }
    let mut lists = Lists::default();
    for ((id, key), value) in first {
        lists.0.push(id.0);
        lists.1.push(key.to_owned());
        lists.2.push(value.to_owned());
    }
    lists
}

/// Sets tags; those that are there already stay unless they are to be replaced.
pub async fn set_tags(tx: &WriteTx, tags: &[(TraceId, &str, &str)], replace: bool) -> Result<(), Fault> {
    let sql = if replace {
        "insert into trace_tags (trace_id, key, value) select * from unnest($1::uuid[], $2::text[], $3::text[]) on conflict (trace_id, key) do update set value = excluded.value"
    } else {
        "insert into trace_tags (trace_id, key, value) select * from unnest($1::uuid[], $2::text[], $3::text[]) on conflict do nothing"
    };
    let (ids, keys, values) = lists(tags);
    if !ids.is_empty() {
        tx.run(sql, vec![ids.into(), keys.into(), values.into()]).await?;
    }
    Ok(())
}

async fn set_metadata(tx: &WriteTx, metadata: &[(TraceId, &str, &str)]) -> Result<(), Fault> {
    let (ids, keys, values) = lists(metadata);
    if !ids.is_empty() {
        let sql = "insert into trace_metadata (trace_id, key, value) select * from unnest($1::uuid[], $2::text[], $3::text[]) on conflict do nothing";
        tx.run(sql, vec![ids.into(), keys.into(), values.into()]).await?;
    }
    Ok(())
}

/// The value of a tag.
pub async fn tag<C: Connection>(tx: &C, id: TraceId, key: &str) -> Result<Option<String>, Fault> {
    let row = tx.row("select value from trace_tags where trace_id = $1 and key = $2", vec![id.0.into(), key.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Removes a tag; whether there was one.
pub async fn remove_tag(tx: &WriteTx, id: TraceId, key: &str) -> Result<bool, Fault> {
    Ok(tx.run("delete from trace_tags where trace_id = $1 and key = $2", vec![id.0.into(), key.into()]).await? > 0)
}

fn read(row: &QueryResult) -> Result<Trace, DbErr> {
    let (request_ms, ended_ms): (i64, Option<i64>) = (row.try_get("", "request_ms")?, row.try_get("", "ended_ms")?);
    let state: String = row.try_get("", "state")?;
    Ok(Trace {
        id: TraceId(row.try_get("", "id")?),
        experiment_id: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
        in_default: row.try_get("", "is_default")?,
        request_ms,
        duration_ms: ended_ms.map(|ended| ended.saturating_sub(request_ms)),
        state: State::parse(&state).unwrap_or_default(),
        client_request_id: row.try_get("", "client_request_id")?,
        request_preview: row.try_get("", "request_preview")?,
        response_preview: row.try_get("", "response_preview")?,
        metadata: Vec::new(),
        tags: Vec::new(),
        assessments: Vec::new(),
    })
}

/// Traces with tags, metadata and assessments, in the order of `ids`; absent ones are left out.
pub async fn load<C: Connection>(tx: &C, ids: &[TraceId]) -> Result<Vec<Trace>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    if uuids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "select t.id, t.experiment_id, e.is_default, t.request_ms, t.ended_ms, t.state, t.client_request_id, t.request_preview, t.response_preview \
        from traces t join experiments e on e.id = t.experiment_id where t.id = any($1)";
    let rows = tx.rows(sql, vec![uuids.clone().into()]).await?;
    let mut found: HashMap<Uuid, Trace> = rows.iter().map(|row| read(row).map(|trace| (trace.id.0, trace))).collect::<Result<_, _>>()?;
    let sql = "select trace_id, key, value, false from trace_tags where trace_id = any($1) \
        union all select trace_id, key, value, true from trace_metadata where trace_id = any($1) order by 2";
    for row in tx.rows(sql, vec![uuids.clone().into()]).await? {
        let (id, key, value, fixed): (Uuid, String, String, bool) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        found.entry(id).and_modify(|trace| if fixed { &mut trace.metadata } else { &mut trace.tags }.push((key, value)));
    }
    for assessment in assessments(tx, &uuids).await? {
        found.entry(assessment.trace.0).and_modify(|trace| trace.assessments.push(assessment));
    }
    Ok(uuids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Locks a trace until the transaction ends; its name, if it is there.
pub async fn lock(tx: &WriteTx, id: TraceId) -> Result<Option<String>, Fault> {
    let sql = "select coalesce((select value from trace_tags where trace_id = t.id and key = $2), '') from traces t where t.id = $1 for update of t";
    Ok(tx.row(sql, vec![id.0.into(), NAME_TAG.into()]).await?.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The spans of several traces as clients read them, by start.
pub async fn spans<C: Connection>(tx: &C, ids: &[TraceId]) -> Result<Vec<(TraceId, String)>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = tx.rows("select trace_id, data from trace_spans where trace_id = any($1) order by start_ns, span_id", vec![uuids.into()]).await?;
    Ok(rows.iter().map(|row| Ok((TraceId(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// How many traces arose in runs, or were tied to them.
pub async fn run_counts<C: Connection>(tx: &C, runs: &[RunId]) -> Result<Vec<(RunId, i64)>, Fault> {
    let sql = "select r.id, c.traces from unnest($1::uuid[], $2::text[]) as r (id, shown) cross join lateral (select count(*) as traces from ( \
        select trace_id from trace_metadata where key = $3 and left(value, 200) = r.shown union select trace_id from trace_runs where run_id = r.id) t) c";
    let (ids, shown): (Vec<Uuid>, Vec<String>) = runs.iter().map(|run| (run.uuid(), run.hex())).unzip();
    let rows = tx.rows(sql, vec![ids.into(), shown.into(), RUN_METADATA.into()]).await?;
    Ok(rows.iter().map(|row| Ok((RunId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// The ids of traces of an experiment that are to be removed: those named, or the oldest up to a time.
pub async fn doomed(tx: &WriteTx, experiment: ExperimentId, ids: &[TraceId], until_ms: Option<i64>, most: i64) -> Result<Vec<TraceId>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let (sql, values): (_, Vec<Value>) = match until_ms {
        None => (
            "select id from traces where id = any($2) and experiment_id = $1 order by id limit $3 for update",
            vec![experiment.uuid().into(), uuids.into(), most.into()],
        ),
        Some(until) => (
            "select id from traces where experiment_id = $1 and request_ms <= $2 order by request_ms, id desc limit $3 for update",
            vec![experiment.uuid().into(), until.into(), most.into()],
        ),
    };
    Ok(tx.rows(sql, values).await?.iter().map(|row| row.try_get_by_index(0).map(TraceId)).collect::<Result<_, DbErr>>()?)
}

pub async fn remove(tx: &WriteTx, ids: &[TraceId]) -> Result<u64, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    Ok(tx.run("delete from traces where id = any($1)", vec![uuids.into()]).await?)
}

/// The name of a run, if it is there; it stays until the transaction ends.
pub async fn run_name(tx: &WriteTx, run: RunId) -> Result<Option<String>, Fault> {
    let row = tx.row("select name from runs where id = $1 for key share", vec![run.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Ties traces that exist to a run; those that were not tied to it yet.
pub async fn link(tx: &WriteTx, ids: &[TraceId], run: RunId) -> Result<Vec<TraceId>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sql = "insert into trace_runs (trace_id, run_id) select id, $2 from traces where id = any($1) order by id on conflict do nothing returning trace_id";
    let rows = tx.rows(sql, vec![uuids.into(), run.uuid().into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(TraceId)).collect::<Result<_, DbErr>>()?)
}

/// The assessments of several traces, the oldest first.
pub async fn assessments<C: Connection>(tx: &C, traces: &[Uuid]) -> Result<Vec<Assessment>, Fault> {
    let sql = "select id, trace_id, data from trace_assessments where trace_id = any($1) order by created_at, id";
    let rows = tx.rows(sql, vec![traces.to_vec().into()]).await?;
    rows.iter().map(assessment).collect()
}

/// One assessment of a trace.
pub async fn find_assessment<C: Connection>(tx: &C, trace: TraceId, id: Uuid) -> Result<Option<Assessment>, Fault> {
    let row = tx.row("select id, trace_id, data from trace_assessments where trace_id = $1 and id = $2", vec![trace.0.into(), id.into()]).await?;
    row.as_ref().map(assessment).transpose()
}

fn assessment(row: &QueryResult) -> Result<Assessment, Fault> {
    let data: String = row.try_get_by_index(2)?;
    Ok(Assessment {
        id: row.try_get_by_index(0)?,
        trace: TraceId(row.try_get_by_index(1)?),
        data: serde_json::from_str(&data).map_err(Fault::internal)?,
    })
}

/// Writes an assessment, or what it became.
pub async fn put_assessment(tx: &WriteTx, one: &Assessment, kind: AssessmentKind, value: &str) -> Result<(), Fault> {
    let sql = "insert into trace_assessments (trace_id, id, name, kind, value, valid, data, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8) \
        on conflict (trace_id, id) do update set name = excluded.name, kind = excluded.kind, value = excluded.value, valid = excluded.valid, data = excluded.data";
    let values: Vec<Value> = vec![
        one.trace.0.into(),
        one.id.into(),
        one.name().into(),
        kind.as_str().into(),
        value.replace('\0', "\u{fffd}").into(),
        one.valid().into(),
        one.data.to_string().into(),
        tx.now().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Removes an assessment; whether there was one.
pub async fn remove_assessment(tx: &WriteTx, trace: TraceId, id: Uuid) -> Result<bool, Fault> {
    Ok(tx.run("delete from trace_assessments where trace_id = $1 and id = $2", vec![trace.0.into(), id.into()]).await? > 0)
}
