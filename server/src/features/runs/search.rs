//! What can be searched of runs, and searching them.

use std::{collections::HashMap, sync::Arc};

use shared::ids::RunId;

use super::{
    ReadRuns, Run, RunData,
    held::{self, Wanted},
    repo,
};
use crate::{
    access::{ActorKind, Connection, Grant, Sql},
    fault::Fault,
    features::{
        experiments::{ExperimentRef, Lifecycle},
        filter::{self, Attribute, Check, Comparison, Entity, Fields, Filter, Grammar, Number, Ops, Test, Value, keyset},
    },
};

const TEXT: Ops = Ops::EQUAL.and(Ops::LIKE);

/// The entities, keys and operators of MLflow's run search.
pub const GRAMMAR: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attribute", "attributes", "attr", "run"],
            fields: Fields::Known(&[
                Attribute::text("run_id", TEXT.and(Ops::IN)),
                Attribute::text("run_name", TEXT).aliases(&["Run name", "run name", "Run Name"]),
                Attribute::text("user_id", TEXT),
                Attribute::text("status", TEXT),
                Attribute::text("artifact_uri", TEXT),
                Attribute::number("start_time").aliases(&["created", "Created"]),
                Attribute::number("end_time"),
            ]),
        },
        Entity {
            name: "metric",
            spellings: &["metric", "metrics"],
            fields: Fields::Any { value: Value::Number, ops: Ops::EQUAL.and(Ops::ORDER), sortable: true },
        },
        Entity {
            name: "param",
            spellings: &["param", "params", "parameter", "parameters"],
            fields: Fields::Any { value: Value::Text, ops: TEXT.and(Ops::NULL), sortable: true },
        },
        Entity { name: "tag", spellings: &["tag", "tags"], fields: Fields::Any { value: Value::Text, ops: TEXT.and(Ops::NULL), sortable: true } },
        Entity {
            name: "dataset",
            spellings: &["dataset", "datasets"],
            fields: Fields::Known(&[
                Attribute::text("name", TEXT.and(Ops::IN)).unsorted(),
                Attribute::text("digest", TEXT.and(Ops::IN)).unsorted(),
                Attribute::text("context", TEXT.and(Ops::IN)).unsorted(),
            ]),
        },
    ],
};

/// Runs that one page of a filtered list looks at, and one count. Where the filter finds little among many, a page ends before it is full and the
/// list goes on behind it: how long an answer takes does not depend on how much there is to look through.
const LOOKED_AT: u64 = 20_000;

/// A search for runs.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Without any, nothing is found. Those that do not exist have no runs.
    pub experiments: Vec<ExperimentRef>,
    pub filter: String,
    pub order: Vec<String>,
    pub lifecycle: Lifecycle,
    pub limit: u64,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// A page of runs.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    pub runs: Vec<Run>,
    /// Continues the list, if it goes on.
    pub next: Option<String>,
    /// How many match in all; nothing unless it was asked for.
    pub total: Total,
    /// What they logged: of all that are found, or of none where it would have to be asked for.
    pub data: HashMap<RunId, Arc<RunData>>,
}

/// How many runs a search finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub count: i64,
    /// Whether there are runs that were not looked at: there may be more.
    pub is_least: bool,
}

/// A page of runs and, with `count`, how many there are in all.
///
/// # Errors
/// `Invalid` naming `filter`, `orderBy` or `after`.
pub async fn search(grant: Grant<'_, ReadRuns>, query: &RunQuery, count: bool) -> Result<Runs, Fault> {
    let filter = filter::parse(&query.filter, &GRAMMAR)?;
    let order = filter::orders(&query.order, &GRAMMAR)?;
    let described = format!("runs {} {:?} {:?} {filter:?} {order:?} {:?}", grant.tenant().id, grant.reach(), query.experiments, query.lifecycle);
    let after = query.after.as_deref().map(|cursor| keyset::open(&described, cursor)).transpose()?;
    if query.experiments.is_empty() {
        return Ok(Runs::default());
    }
    let tx = grant.read().await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    // Who comes by a link sees other runs of it than members do, and seldom looks twice.
    if let [experiment] = query.experiments[..]
        && grant.actor().kind != ActorKind::Link
    {
        let wanted = Wanted { filter: &filter, order: &order, lifecycle: query.lifecycle, after, limit: limit.saturating_add(1) };
        if let Some((cards, matching)) = held::search(tx, grant.tenant().id, experiment, &wanted).await? {
            let next = cards.get(limit).and_then(|_| limit.checked_sub(1)).map(|last| keyset::seal(&described, cards[last].run.id.uuid()));
            let cards = &cards[..cards.len().min(limit)];
            return Ok(Runs {
                runs: cards.iter().map(|card| card.run.clone()).collect(),
                next,
                total: if count { Total { count: matching as i64, is_least: false } } else { Total::default() },
                data: cards.iter().map(|card| (card.run.id, card.data.clone())).collect(),
            });
        }
    }
    let (mut runs, looked_to) = match query.experiments[..] {
        // In the order of an index, so that it can be read piece by piece.
        [experiment] if order.is_empty() && !is_whole(&filter) => {
            repo::search_newest(tx, experiment, &filter, query.lifecycle, after, (query.limit + 1, LOOKED_AT)).await?
        }
        _ => {
            // It reads all their runs, a million in some seconds, which is what was asked for.
            if !filter.has_pattern() {
                tx.patience().await?;
            }
            (repo::search(tx, &query.experiments, &filter, &order, query.lifecycle, after, query.limit + 1).await?, None)
        }
    };
    let more = runs.len() as u64 > query.limit;
    runs.truncate(limit);
    let last = runs.last().filter(|_| more).map(|last| last.id.uuid()).or(looked_to);
    let next = last.map(|last| keyset::seal(&described, last));
    let total = if count { total(tx, query, &filter).await? } else { Total::default() };
    Ok(Runs { runs, next, total, data: HashMap::new() })
}

/// Whether a filter leaves nothing out.
fn is_whole(filter: &Filter) -> bool {
    matches!(filter, Filter::All(parts) if parts.is_empty())
}

async fn total<C: Connection>(tx: &C, query: &RunQuery, filter: &Filter) -> Result<Total, Fault> {
    let (count, is_least) = repo::count(tx, &query.experiments, filter, query.lifecycle, LOOKED_AT).await?;
    Ok(Total { count, is_least })
}

/// How many runs a search finds, however long its pages are.
///
/// # Errors
/// `Invalid` naming `filter`.
pub async fn count(grant: Grant<'_, ReadRuns>, query: &RunQuery) -> Result<Total, Fault> {
    let filter = filter::parse(&query.filter, &GRAMMAR)?;
    if query.experiments.is_empty() {
        return Ok(Total::default());
    }
    total(grant.read().await?, query, &filter).await
}

/// All runs of an experiment that a filter finds and that began in a period (milliseconds since the epoch, the end excluded), the newest first; at most `most`.
///
/// # Errors
/// `Invalid` naming `filter`.
pub async fn select(
    grant: Grant<'_, ReadRuns>,
    experiment: ExperimentRef,
    text: &str,
    period: (Option<i64>, Option<i64>),
    most: u64,
) -> Result<Vec<Run>, Fault> {
    let began =
        |comparison, at| Filter::Is(Test { entity: "attribute", key: "start_time".into(), check: Check::Number(comparison, Number::Int(at)) });
    let from = period.0.map(|at| began(Comparison::GreaterOrEqual, at));
    let to = period.1.map(|at| began(Comparison::Less, at));
    let filter = Filter::All([Some(filter::parse(text, &GRAMMAR)?), from, to].into_iter().flatten().collect());
    repo::search(grant.read().await?, &[experiment], &filter, &[], Lifecycle::Active, None, most).await
}

/// Whether a filter can be understood, without asking for anything.
///
/// # Errors
/// `Invalid` naming `filter`.
pub fn check_filter(text: &str) -> Result<(), Fault> {
    filter::parse(text, &GRAMMAR).map(drop).map_err(Fault::from)
}
