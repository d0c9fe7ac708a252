//! Searching traces.

use sea_orm::{
    DbErr,
    sea_query::{Alias, Cond, Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    access::{Connection, Reach},
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        filter::{
            Check, Comparison, Filter, Order, Test,
            keyset::{Term, arrange},
            sql,
        },
        traces::{
            model::{NAME_TAG, PROMPTS_TAG, RUN_METADATA, TraceId},
            python,
        },
    },
};

pub(super) fn column(name: &'static str) -> Expr {
    Expr::col((Alias::new("traces"), Alias::new(name)))
}

pub(super) fn of(table: &'static str, name: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(name)))
}

/// Rows of a table of the trace.
fn rows(table: &'static str) -> SelectStatement {
    Query::select().expr(Expr::val(1)).from(Alias::new(table)).and_where(of(table, "trace_id").eq(column("id"))).take()
}

/// Whether the trace has a pair of a key whose value meets the check.
fn pair(table: &'static str, key: &str, check: &Check) -> Expr {
    let mut pairs = rows(table);
    pairs.and_where(of(table, "key").eq(key));
    match check {
        Check::Null { not: false } => Expr::exists(pairs).not(),
        Check::Null { not: true } => Expr::exists(pairs),
        check => Expr::exists(pairs.and_where(sql::text(of(table, "value"), check)).take()),
    }
}

fn assessed(kind: &str, test: &Test) -> Expr {
    const TABLE: &str = "trace_assessments";
    let mut found = rows(TABLE);
    found.and_where(of(TABLE, "kind").eq(kind)).and_where(of(TABLE, "name").eq(test.key.clone())).and_where(of(TABLE, "valid"));
    match &test.check {
        Check::Null { not: false } => Expr::exists(found).not(),
        Check::Null { not: true } => Expr::exists(found),
        check => Expr::exists(found.and_where(sql::text(of(TABLE, "value"), check)).take()),
    }
}

fn of_span(key: &str, check: &Check) -> Expr {
    let name = match key {
        "name" => "name",
        "type" => "type",
        "status" => "status",
        _ => "data",
    };
    Expr::exists(rows("trace_spans").and_where(sql::text(of("trace_spans", name), check)).take())
}

/// The run in which it arose, or one it was tied to later.
fn of_run(check: &Check) -> Expr {
    let linked = rows("trace_runs").and_where(sql::text(Expr::cust("replace(trace_runs.run_id::text, '-', '')"), check)).take();
    pair("trace_metadata", RUN_METADATA, check).or(Expr::exists(linked))
}

/// Whether the list of linked prompts, which is a tag in Python's words, holds this one: `name/version`.
fn of_prompt(check: &Check) -> Expr {
    let Check::Text(Comparison::Equal, text) = check else { return Expr::val(false) };
    let Some((name, version)) = text.rsplit_once('/') else { return Expr::val(false) };
    let listed =
        Expr::cust_with_values("position($1 in trace_tags.value) > 0", [python::json(&serde_json::json!({ "name": name, "version": version }))]);
    Expr::exists(rows("trace_tags").and_where(of("trace_tags", "key").eq(PROMPTS_TAG)).and_where(listed).take())
}

fn trace_id(check: &Check) -> Expr {
    let ids = |list: &[String]| -> Vec<Uuid> { list.iter().filter_map(|text| text.parse::<TraceId>().ok()).map(|id| id.0).collect() };
    match check {
        // By the primary key where it can be.
        Check::Text(Comparison::Equal, text) => column("id").is_in(ids(std::slice::from_ref(text))),
        Check::In { list, not: false } => column("id").is_in(ids(list)),
        check => sql::text(Expr::cust("'tr-' || replace(traces.id::text, '-', '')"), check),
    }
}

fn leaf(test: &Test) -> Expr {
    match test.entity {
        "tag" => pair("trace_tags", &test.key, &test.check),
        "metadata" => pair("trace_metadata", &test.key, &test.check),
        "span" => of_span(&test.key, &test.check),
        "feedback" | "expectation" => assessed(test.entity, test),
        _ => match test.key.as_str() {
            "request_id" => trace_id(&test.check),
            "status" => sql::text(column("state"), &test.check),
            "client_request_id" => sql::text(column("client_request_id"), &test.check),
            "timestamp_ms" => sql::integer(column("request_ms"), &test.check),
            "execution_time_ms" => sql::integer(column("ended_ms").sub(column("request_ms")), &test.check),
            "end_time_ms" => sql::integer(column("ended_ms"), &test.check),
            "name" => pair("trace_tags", NAME_TAG, &test.check),
            "run_id" => of_run(&test.check),
            "text" => of_span("data", &test.check),
            "prompt" => of_prompt(&test.check),
            _ => Expr::val(false),
        },
    }
}

fn base() -> SelectStatement {
    Query::select().from(Alias::new("traces")).take()
}

/// The terms of an order, none of them null: what is missing comes last in both directions.
fn terms(order: &[Order]) -> Vec<Term> {
    let mut terms = Vec::new();
    for Order { key, descending, .. } in order {
        let mut last = |missing: Expr, shown: Expr| {
            terms.push(Term::ascending(missing));
            terms.push(Term { expr: shown, descending: *descending });
        };
        match key.as_str() {
            "execution_time_ms" => last(column("ended_ms").is_null(), Expr::cust("coalesce(traces.ended_ms - traces.request_ms, 0)")),
            "end_time_ms" => last(column("ended_ms").is_null(), Expr::cust("coalesce(traces.ended_ms, 0)")),
            "name" => {
                let name = || {
                    let mut row = Query::select();
                    row.expr(of("trace_tags", "value")).from(Alias::new("trace_tags"));
                    row.and_where(of("trace_tags", "trace_id").eq(column("id"))).and_where(of("trace_tags", "key").eq(NAME_TAG));
                    Expr::SubQuery(None, Box::new(row.into()))
                };
                last(name().is_null(), Expr::cust_with_exprs("coalesce($1, '') collate \"C\"", [name()]));
            }
            key => {
                let expr = match key {
                    "request_id" => column("id"),
                    "status" => Expr::cust("traces.state collate \"C\""),
                    _ => column("request_ms"),
                };
                terms.push(Term { expr, descending: *descending });
            }
        }
    }
    if !order.iter().any(|order| order.key == "timestamp_ms") {
        terms.push(Term::descending(column("request_ms")));
    }
    terms.push(Term::ascending(column("id")));
    terms
}

/// Ids of a page of traces after the row `after`. `experiments` is not empty.
pub async fn search<C: Connection>(
    tx: &C,
    experiments: &[ExperimentRef],
    filter: &Filter,
    order: &[Order],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<TraceId>, Fault> {
    let mut select = matching(tx.reach(), experiments, filter);
    select.expr(column("id"));
    arrange(&mut select, &terms(order), after.map(|id| column("id").eq(id)), base);
    select.limit(limit);
    let rows = tx.query_all(&select).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(TraceId)).collect::<Result<_, DbErr>>()?)
}

/// How many traces match. `experiments` is not empty.
pub async fn count<C: Connection>(tx: &C, experiments: &[ExperimentRef], filter: &Filter) -> Result<i64, Fault> {
    if !filter.has_pattern() {
        tx.patience().await?;
    }
    let mut select = matching(tx.reach(), experiments, filter);
    select.expr(Expr::cust("count(*)"));
    Ok(tx.query_one(&select).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// How many traces match a filter, how many of those each of two others, and how many both. `experiments` is not empty.
pub async fn together<C: Connection>(
    tx: &C,
    experiments: &[ExperimentRef],
    base: &Filter,
    (first, second): (&Filter, &Filter),
) -> Result<[i64; 4], Fault> {
    if ![base, first, second].iter().any(|filter| filter.has_pattern()) {
        tx.patience().await?;
    }
    let holds = |filter: &Filter| Expr::from(sql::condition(filter, &leaf));
    let mut select = matching(tx.reach(), experiments, base);
    select
        .expr(Expr::cust("count(*)"))
        .expr(Expr::cust_with_exprs("count(*) filter (where $1)", [holds(first)]))
        .expr(Expr::cust_with_exprs("count(*) filter (where $1)", [holds(second)]))
        .expr(Expr::cust_with_exprs("count(*) filter (where ($1) and ($2))", [holds(first), holds(second)]));
    let Some(row) = tx.query_one(&select).await? else { return Ok([0; 4]) };
    Ok([row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?])
}

/// Traces of experiments that a filter finds. `experiments` is not empty.
pub(super) fn matching(reach: Reach, experiments: &[ExperimentRef], filter: &Filter) -> SelectStatement {
    let mut select = base();
    let ids: Vec<Uuid> = experiments.iter().filter_map(|one| one.id()).map(|id| id.uuid()).collect();
    let mut within = Cond::any();
    if !ids.is_empty() {
        within = within.add(column("experiment_id").is_in(ids));
    }
    if experiments.contains(&ExperimentRef::Default) {
        within = within.add(column("experiment_id").eq(Expr::cust("(select id from experiments where is_default)")));
    }
    select.cond_where(within).cond_where(sql::condition(filter, &leaf));
    if !reach.is_whole() {
        let own = "exists (select from experiments e where e.id = traces.experiment_id and e.project_id = coalesce($1, (select id from projects where is_default)))";
        select.and_where(Expr::cust_with_values(own, [reach.project()]));
    }
    select
}
