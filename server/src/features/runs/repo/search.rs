//! Searching runs.

use sea_orm::sea_query::{Alias, Asterisk, Cond, Condition, Expr, ExprTrait, JoinType, Query, SelectStatement};
use uuid::Uuid;

use super::read;
use crate::{
    access::{Connection, Reach},
    fault::Fault,
    features::{
        experiments::{ExperimentRef, Lifecycle},
        filter::{
            Check, Comparison, Filter, Order, Test, Value,
            keyset::{Term, arrange},
            sql,
        },
        runs::Run,
    },
};

fn column(name: &'static str) -> Expr {
    Expr::col((Alias::new("runs"), Alias::new(name)))
}

/// Whether a row of `table` of the run, with the key, meets a condition. A missing row meets none.
fn has(table: &'static str, key: &str, also: Expr) -> Expr {
    let of = |name: &'static str| Expr::col((Alias::new(table), Alias::new(name)));
    let mut row = Query::select();
    row.expr(Expr::val(1)).from(Alias::new(table)).and_where(of("run_id").eq(column("id"))).and_where(of("key").eq(key)).and_where(also);
    Expr::exists(row)
}

fn tag(test: &Test) -> Expr {
    let value = || Expr::col((Alias::new("run_tags"), Alias::new("value")));
    match &test.check {
        Check::Null { not: false } => has("run_tags", &test.key, Expr::val(true)).not(),
        Check::Text(Comparison::Equal, text) => {
            // The index holds the first 200 characters.
            let start: String = text.chars().take(200).collect();
            has("run_tags", &test.key, Expr::cust("left(run_tags.value, 200)").eq(start).and(sql::text(value(), &test.check)))
        }
        check => has("run_tags", &test.key, sql::text(value(), check)),
    }
}

/// The value of a param of the run, or null.
fn param_value(key: &str) -> Expr {
    let mut row = Query::select();
    row.expr(Expr::cust_with_values("params ->> $1::text", [key])).from(Alias::new("run_params"));
    row.and_where(Expr::col((Alias::new("run_params"), Alias::new("run_id"))).eq(column("id")));
    Expr::SubQuery(None, Box::new(row.into()))
}

fn param(test: &Test) -> Expr {
    match &test.check {
        Check::Null { not: false } => param_value(&test.key).is_null(),
        Check::Null { not: true } => param_value(&test.key).is_not_null(),
        check => sql::text(param_value(&test.key), check),
    }
}

fn run_id(check: &Check) -> Expr {
    let hex = || Expr::cust("replace(runs.id::text, '-', '')");
    let ids = |list: &[String]| -> Vec<Uuid> { list.iter().filter(|text| text.len() == 32).filter_map(|text| Uuid::try_parse(text).ok()).collect() };
    match check {
        // By the primary key where it can be.
        Check::Text(Comparison::Equal, text) => column("id").is_in(ids(std::slice::from_ref(text))),
        Check::In { list, not: false } => column("id").is_in(ids(list)),
        check => sql::text(hex(), check),
    }
}

const ARTIFACT_URI: &str = "'mlflow-artifacts:/' || case when experiments.is_default then '0' else replace(experiments.id::text, '-', '') end || '/' || replace(runs.id::text, '-', '') || '/artifacts'";

fn leaf(test: &Test) -> Expr {
    match test.entity {
        "metric" => has("latest_metrics", &test.key, sql::double(Expr::cust("latest_metrics.value"), &test.check)),
        "param" => param(test),
        "tag" => tag(test),
        "dataset" => dataset(test),
        _ => match test.key.as_str() {
            "run_id" => run_id(&test.check),
            "run_name" => sql::text(column("name"), &test.check),
            "user_id" => sql::text(column("user_name"), &test.check),
            "status" => sql::text(column("status"), &test.check),
            "artifact_uri" => sql::text(Expr::cust(ARTIFACT_URI), &test.check),
            "start_time" => sql::integer(column("started_ms"), &test.check),
            "end_time" => sql::integer(column("ended_ms"), &test.check),
            _ => Expr::val(false),
        },
    }
}

fn dataset(test: &Test) -> Expr {
    let value = match test.key.as_str() {
        "name" => Expr::cust("datasets.name"),
        "digest" => Expr::cust("datasets.digest"),
        _ => Expr::cust("(run_datasets.tags ->> 'mlflow.data.context')"),
    };
    let mut row = Query::select();
    row.expr(Expr::val(1)).from(Alias::new("run_datasets")).from(Alias::new("datasets"));
    row.and_where(Expr::cust("datasets.id = run_datasets.dataset_id and run_datasets.run_id = runs.id")).and_where(sql::text(value, &test.check));
    Expr::exists(row)
}

/// The name that what an order looks at beside the run has in the statement, by its place in the order.
fn by(at: usize) -> Alias {
    Alias::new(format!("by_{at}"))
}

/// Joins what an order looks at: said in an expression, it would be looked up once for each place where it stands.
fn ordered_by(mut select: SelectStatement, order: &[Order]) -> SelectStatement {
    for (at, Order { entity, key, .. }) in order.iter().enumerate() {
        let of_run = Cond::all().add(Expr::col((by(at), Alias::new("run_id"))).eq(column("id")));
        let (table, of_run) = match *entity {
            "metric" => ("latest_metrics", of_run.add(Expr::col((by(at), Alias::new("key"))).eq(key.as_str()))),
            "tag" => ("run_tags", of_run.add(Expr::col((by(at), Alias::new("key"))).eq(key.as_str()))),
            "param" => ("run_params", of_run),
            _ => continue,
        };
        select.join_as(JoinType::LeftJoin, Alias::new(table), by(at), of_run);
    }
    select
}

/// The terms of an order, none of them null: what is missing comes last in both directions, NaN just before it. With any of metrics, params or tags they
/// stand in what [`ordered_by`] joined.
fn terms(order: &[Order]) -> Vec<Term> {
    let mut terms = Vec::new();
    for (at, Order { entity, key, value: kind, descending }) in order.iter().enumerate() {
        let value = || Expr::col((by(at), Alias::new("value")));
        let param = || Expr::cust_with_exprs("$1 ->> $2::text", [Expr::col((by(at), Alias::new("params"))), Expr::val(key.as_str())]);
        let mut last = |missing: Expr, shown: Expr| {
            terms.push(Term::ascending(missing));
            terms.push(Term { expr: shown, descending: *descending });
        };
        match (*entity, key.as_str()) {
            ("metric", _) => {
                let rank = Expr::case(value().is_null(), 2).case(value().eq(Expr::cust("'NaN'::float8")), 1).finally(0);
                last(rank.into(), Expr::cust_with_exprs("coalesce(nullif($1, 'NaN'), 0)", [value()]));
            }
            ("param", _) => last(param().is_null(), Expr::cust_with_exprs("coalesce($1, '') collate \"C\"", [param()])),
            ("tag", _) => last(value().is_null(), Expr::cust_with_exprs("coalesce($1, '') collate \"C\"", [value()])),
            (_, "end_time") => last(column("ended_ms").is_null(), Expr::cust("coalesce(runs.ended_ms, 0)")),
            (_, name) => {
                let expr = match name {
                    "run_id" => column("id"),
                    "run_name" => Expr::cust("runs.name collate \"C\""),
                    "user_id" => Expr::cust("runs.user_name collate \"C\""),
                    "status" => Expr::cust("runs.status collate \"C\""),
                    "artifact_uri" => Expr::cust(ARTIFACT_URI),
                    _ => column("started_ms"),
                };
                debug_assert!(matches!(kind, Value::Text | Value::Number));
                terms.push(Term { expr, descending: *descending });
            }
        }
    }
    let uses = |name: &str| order.iter().any(|order| order.entity == "attribute" && order.key == name);
    if !uses("start_time") {
        terms.push(Term::descending(column("started_ms")));
    }
    terms.push(Term::ascending(column("id")));
    terms
}

fn base() -> SelectStatement {
    let mut select = Query::select();
    select.from(Alias::new("runs")).inner_join(Alias::new("experiments"), Expr::cust("experiments.id = runs.experiment_id"));
    select
}

/// The runs of some experiments, whatever they are.
fn within(experiments: &[ExperimentRef]) -> Cond {
    let ids: Vec<Uuid> = experiments.iter().filter_map(|one| one.id()).map(|id| id.uuid()).collect();
    let mut within = Cond::any();
    if !ids.is_empty() {
        within = within.add(column("experiment_id").is_in(ids));
    }
    if experiments.contains(&ExperimentRef::Default) {
        within = within.add(column("experiment_id").eq(Expr::cust("(select id from experiments where is_default)")));
    }
    within
}

/// What of some runs and their experiments is asked for.
fn condition(reach: Reach, filter: &Filter, lifecycle: Lifecycle) -> Condition {
    let mut all = Cond::all();
    if !reach.is_whole() {
        all = all.add(Expr::cust_with_values("experiments.project_id = coalesce($1, (select id from projects where is_default))", [reach.project()]));
    }
    all = match lifecycle {
        Lifecycle::Active => all.add(column("removed_at").is_null()),
        Lifecycle::Deleted => all.add(column("removed_at").is_not_null()),
        Lifecycle::All => all,
    };
    all.add(sql::condition(filter, &leaf))
}

fn matching(reach: Reach, experiments: &[ExperimentRef], filter: &Filter, lifecycle: Lifecycle) -> SelectStatement {
    let mut select = base();
    select.cond_where(within(experiments)).cond_where(condition(reach, filter, lifecycle));
    select
}

/// The same of no more than some runs, which `few` picks.
fn matching_few(reach: Reach, few: SelectStatement, filter: &Filter, lifecycle: Lifecycle) -> SelectStatement {
    let mut select = Query::select();
    select.from_subquery(few, Alias::new("runs")).inner_join(Alias::new("experiments"), Expr::cust("experiments.id = runs.experiment_id"));
    select.cond_where(condition(reach, filter, lifecycle));
    select
}

/// Columns of runs for [`read`].
fn shown(select: &mut SelectStatement) {
    for name in ["id", "experiment_id", "name", "user_name", "created_by", "status", "started_ms", "ended_ms", "revision"] {
        select.column((Alias::new("runs"), Alias::new(name)));
    }
    select.column((Alias::new("experiments"), Alias::new("is_default"))).expr_as(column("removed_at").is_not_null(), Alias::new("removed"));
}
/// A page of runs after the row `after`. `experiments` is not empty.
pub async fn search<C: Connection>(
    tx: &C,
    experiments: &[ExperimentRef],
    filter: &Filter,
    order: &[Order],
    lifecycle: Lifecycle,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Run>, Fault> {
    let mut select = ordered_by(matching(tx.reach(), experiments, filter, lifecycle), order);
    shown(&mut select);
    arrange(&mut select, &terms(order), after.map(|id| column("id").eq(id)), || ordered_by(base(), order));
    select.limit(limit);
    Ok(tx.query_all(&select).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// The runs of an experiment after the row `after`, the newest first, of which none is looked at past the first `budget`.
fn newest(experiment: ExperimentRef, after: Option<Uuid>, budget: u64) -> SelectStatement {
    let runs = || {
        let mut select = Query::select();
        select.from(Alias::new("runs"));
        select
    };
    let mut select = runs();
    select.cond_where(within(&[experiment]));
    arrange(&mut select, &terms(&[]), after.map(|id| column("id").eq(id)), runs);
    select.limit(budget);
    select
}

/// A page of an experiment's runs after the row `after`, the newest first, found among the next `budget` of them; and the last that was looked at, when there
/// may be more behind it and the page is not full.
pub async fn search_newest<C: Connection>(
    tx: &C,
    experiment: ExperimentRef,
    filter: &Filter,
    lifecycle: Lifecycle,
    after: Option<Uuid>,
    (limit, budget): (u64, u64),
) -> Result<(Vec<Run>, Option<Uuid>), Fault> {
    let mut few = newest(experiment, after, budget);
    few.column(Asterisk);
    let mut select = matching_few(tx.reach(), few, filter, lifecycle);
    shown(&mut select);
    arrange(&mut select, &terms(&[]), None, base);
    select.limit(limit);
    let runs: Vec<Run> = tx.query_all(&select).await?.iter().map(read).collect::<Result<_, _>>()?;
    if runs.len() as u64 == limit {
        return Ok((runs, None));
    }
    let mut last = newest(experiment, after, 1);
    last.column((Alias::new("runs"), Alias::new("id"))).offset(budget - 1);
    let last = tx.query_one(&last).await?.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok((runs, last))
}

/// How many of at most `budget` runs match, and whether there are more than those.
pub async fn count<C: Connection>(
    tx: &C,
    experiments: &[ExperimentRef],
    filter: &Filter,
    lifecycle: Lifecycle,
    budget: u64,
) -> Result<(i64, bool), Fault> {
    let mut few = Query::select();
    few.column(Asterisk).from(Alias::new("runs")).cond_where(within(experiments)).limit(budget + 1);
    let mut select = Query::select();
    select.from_subquery(few, Alias::new("runs")).inner_join(Alias::new("experiments"), Expr::cust("experiments.id = runs.experiment_id"));
    let matches: Expr = condition(tx.reach(), filter, lifecycle).into();
    select.expr(Expr::cust_with_exprs("count(*) filter (where $1)", [matches])).expr(Expr::cust("count(*)"));
    let Some(row) = tx.query_one(&select).await? else { return Ok((0, false)) };
    let (found, looked_at): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    // The one more that was looked at tells only that there is one.
    Ok((Ord::min(found, i64::try_from(budget).unwrap_or(i64::MAX)), looked_at as u64 > budget))
}
