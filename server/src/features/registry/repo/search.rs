//! Searches, built from a parsed filter: every value is a bound parameter.

use sea_orm::{
    DbErr,
    sea_query::{Alias, Cond, Expr, ExprTrait, Order as Direction, Query, SelectStatement},
};
use shared::ids::RegisteredModelId;
use uuid::Uuid;

use crate::{
    access::{Connection, Reach},
    fault::Fault,
    features::{
        filter::{Check, Filter, Order, Test, sql},
        registry::{PROMPT_TAG, search::asks_for_prompts},
    },
};

fn column(table: &'static str, name: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(name)))
}

/// A constant time expression as MLflow's milliseconds.
fn millis(sql: &'static str) -> Expr {
    Expr::cust(sql)
}

fn tag_test(mut tags: SelectStatement, test: &Test) -> Expr {
    tags.expr(Expr::val(1)).and_where(column("t", "key").eq(test.key.clone()));
    match &test.check {
        Check::Null { not: false } => Expr::exists(tags).not(),
        Check::Null { not: true } => Expr::exists(tags),
        check => Expr::exists(tags.and_where(sql::text(column("t", "value"), check)).take()),
    }
}

fn model_tags() -> SelectStatement {
    Query::select().from_as(Alias::new("registered_model_tags"), Alias::new("t")).and_where(column("t", "model_id").eq(column("m", "id"))).take()
}

fn version_tags() -> SelectStatement {
    Query::select()
        .from_as(Alias::new("model_version_tags"), Alias::new("t"))
        .and_where(column("t", "model_id").eq(column("v", "model_id")))
        .and_where(column("t", "version").eq(column("v", "version")))
        .take()
}

fn no_prompts(tags: SelectStatement) -> Expr {
    let prompt = Test { entity: "tag", key: PROMPT_TAG.into(), check: Check::Text(crate::features::filter::Comparison::Equal, "true".into()) };
    tag_test(tags, &prompt).not()
}

fn model_leaf(test: &Test) -> Expr {
    match (test.entity, test.key.as_str()) {
        ("tag", _) => tag_test(model_tags(), test),
        (_, "name") => sql::text(column("m", "name"), &test.check),
        _ => sql::integer(millis("floor(extract(epoch from m.updated_at) * 1000)::bigint"), &test.check),
    }
}

fn version_leaf(test: &Test) -> Expr {
    match (test.entity, test.key.as_str()) {
        ("tag", _) => tag_test(version_tags(), test),
        (_, "name") => sql::text(column("m", "name"), &test.check),
        (_, "run_id") => sql::text(Expr::cust("replace(v.run_id::text, '-', '')"), &test.check),
        (_, "source_path") => sql::text(column("v", "source"), &test.check),
        (_, "version_number") => sql::integer(column("v", "version"), &test.check),
        (_, "creation_timestamp") => sql::integer(millis("floor(extract(epoch from v.created_at) * 1000)::bigint"), &test.check),
        _ => sql::integer(millis("floor(extract(epoch from v.updated_at) * 1000)::bigint"), &test.check),
    }
}

fn direction(descending: bool) -> Direction {
    if descending { Direction::Desc } else { Direction::Asc }
}

/// Restricts models to the project that is reached.
fn within(select: &mut SelectStatement, reach: Reach) {
    if !reach.is_whole() {
        select.and_where(Expr::cust_with_values("m.project_id = coalesce($1, (select id from projects where is_default))", [reach.project()]));
    }
}

fn models_where(reach: Reach, filter: &Filter, after: Option<(&str, Uuid)>) -> SelectStatement {
    let mut select = Query::select();
    select.from_as(Alias::new("registered_models"), Alias::new("m")).cond_where(sql::condition(filter, &model_leaf));
    if !asks_for_prompts(filter) {
        select.cond_where(Cond::all().add(no_prompts(model_tags())));
    }
    within(&mut select, reach);
    if let Some((name, id)) = after {
        select.and_where(column("m", "name").gte(name));
        select.cond_where(Cond::any().add(column("m", "name").gt(name)).add(column("m", "id").gt(id)));
    }
    select
}

/// Ids of the models that match, ordered, by name and id last; after a name and id, or from an offset.
pub async fn models<C: Connection>(
    tx: &C,
    reach: Reach,
    filter: &Filter,
    order: &[Order],
    after: Option<(&str, Uuid)>,
    limit: u64,
    offset: u64,
) -> Result<Vec<RegisteredModelId>, Fault> {
    let mut select = models_where(reach, filter, after);
    select.column((Alias::new("m"), Alias::new("id")));
    for term in order {
        let name = if term.key == "name" { "name" } else { "updated_at" };
        select.order_by((Alias::new("m"), Alias::new(name)), direction(term.descending));
    }
    select
        .order_by((Alias::new("m"), Alias::new("name")), Direction::Asc)
        .order_by((Alias::new("m"), Alias::new("id")), Direction::Asc)
        .limit(limit)
        .offset(offset);
    let rows = tx.query_all(&select).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(RegisteredModelId::from_uuid)).collect::<Result<_, DbErr>>()?)
}

/// How many models match.
pub async fn count<C: Connection>(tx: &C, reach: Reach, filter: &Filter) -> Result<u64, Fault> {
    let select = models_where(reach, filter, None).expr(Expr::cust("count(*)")).take();
    let count: i64 = tx.query_one(&select).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

/// Model and number of the versions that match, ordered; by default the last changed first.
pub async fn versions<C: Connection>(tx: &C, filter: &Filter, order: &[Order], limit: u64, offset: u64) -> Result<Vec<(Uuid, i32)>, Fault> {
    let mut select = Query::select()
        .column((Alias::new("v"), Alias::new("model_id")))
        .column((Alias::new("v"), Alias::new("version")))
        .from_as(Alias::new("model_versions"), Alias::new("v"))
        .join_as(sea_orm::JoinType::InnerJoin, Alias::new("registered_models"), Alias::new("m"), column("m", "id").eq(column("v", "model_id")))
        .cond_where(sql::condition(filter, &version_leaf))
        .take();
    within(&mut select, tx.reach());
    if !asks_for_prompts(filter) {
        select.cond_where(Cond::all().add(no_prompts(version_tags())));
    }
    for term in order {
        let place = match term.key.as_str() {
            "name" => ("m", "name"),
            "version_number" => ("v", "version"),
            "creation_timestamp" => ("v", "created_at"),
            _ => ("v", "updated_at"),
        };
        select.order_by((Alias::new(place.0), Alias::new(place.1)), direction(term.descending));
    }
    if order.is_empty() {
        select.order_by((Alias::new("v"), Alias::new("updated_at")), Direction::Desc);
    }
    select
        .order_by((Alias::new("m"), Alias::new("name")), Direction::Asc)
        .order_by((Alias::new("v"), Alias::new("version")), Direction::Desc)
        .limit(limit)
        .offset(offset);
    let rows = tx.query_all(&select).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}
