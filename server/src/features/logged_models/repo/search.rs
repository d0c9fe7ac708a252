//! Searches for logged models, built from a parsed filter: every value is a bound parameter.

use sea_orm::{
    DbErr,
    sea_query::{Alias, Cond, Expr, ExprTrait, NullOrdering, Order as Direction, Query, SelectStatement},
};
use shared::ids::LoggedModelId;
use uuid::Uuid;

use crate::{
    access::Connection,
    fault::Fault,
    features::{
        filter::{Check, Filter, Test, sql},
        logged_models::model::Dataset,
    },
};

/// One term of an order, its field resolved.
pub struct Term {
    pub entity: &'static str,
    pub key: String,
    pub descending: bool,
    pub dataset: Dataset,
}

fn column(table: &'static str, name: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(name)))
}

fn pairs(table: &'static str, key: &str) -> SelectStatement {
    Query::select()
        .from_as(Alias::new(table), Alias::new("t"))
        .and_where(column("t", "model_id").eq(column("m", "id")))
        .and_where(column("t", "key").eq(key))
        .take()
}

fn on_datasets(select: &mut SelectStatement, datasets: &[Dataset]) {
    if datasets.is_empty() {
        return;
    }
    let any = datasets.iter().fold(Cond::any(), |any, dataset| {
        let mut one = Cond::all().add(column("t", "dataset_name").eq(dataset.name.clone()));
        if !dataset.digest.is_empty() {
            one = one.add(column("t", "dataset_digest").eq(dataset.digest.clone()));
        }
        any.add(one)
    });
    select.cond_where(any);
}

fn attribute(key: &str) -> Expr {
    match key {
        "name" => column("m", "name"),
        "model_type" => column("m", "model_type"),
        "model_id" => Expr::cust("'m-' || replace(m.id::text, '-', '')"),
        "source_run_id" => Expr::cust("replace(m.source_run_id::text, '-', '')"),
        "experiment_id" => Expr::cust("case when e.is_default then '0' else replace(e.id::text, '-', '') end"),
        "status" => Expr::cust("upper(m.status)"),
        "creation_timestamp" => Expr::cust("floor(extract(epoch from m.created_at) * 1000)::bigint"),
        _ => Expr::cust("floor(extract(epoch from m.updated_at) * 1000)::bigint"),
    }
}

fn leaf(test: &Test, datasets: &[Dataset]) -> Expr {
    let table = match test.entity {
        "metric" => {
            let mut metrics = pairs("logged_model_metrics", &test.key);
            on_datasets(&mut metrics, datasets);
            return Expr::exists(metrics.expr(Expr::val(1)).and_where(sql::double(column("t", "value"), &test.check)).take());
        }
        "param" => "logged_model_params",
        "tag" => "logged_model_tags",
        _ => {
            return match test.key.as_str() {
                "creation_timestamp" | "last_updated_timestamp" => sql::integer(attribute(&test.key), &test.check),
                key => sql::text(attribute(key), &test.check),
            };
        }
    };
    let mut rows = pairs(table, &test.key);
    rows.expr(Expr::val(1));
    match &test.check {
        Check::Null { not: false } => Expr::exists(rows).not(),
        Check::Null { not: true } => Expr::exists(rows),
        check => Expr::exists(rows.and_where(sql::text(column("t", "value"), check)).take()),
    }
}

/// The latest value of a metric, which is what an order by it means. NaN sorts as absent.
fn metric_value(term: &Term) -> Expr {
    let mut value = pairs("logged_model_metrics", &term.key);
    if !term.dataset.name.is_empty() {
        on_datasets(&mut value, std::slice::from_ref(&term.dataset));
    }
    value
        .expr(Expr::cust("nullif(t.value, 'NaN')"))
        .order_by((Alias::new("t"), Alias::new("at_ms")), Direction::Desc)
        .order_by((Alias::new("t"), Alias::new("step")), Direction::Desc)
        .limit(1);
    Expr::SubQuery(None, Box::new(value.into()))
}

/// Ids of the models in some experiments that match, ordered; the newest first at last.
pub async fn ids<C: Connection>(
    tx: &C,
    experiments: Vec<Uuid>,
    filter: &Filter,
    datasets: &[Dataset],
    order: &[Term],
    limit: u64,
    offset: u64,
) -> Result<Vec<LoggedModelId>, Fault> {
    let mut select = Query::select()
        .column((Alias::new("m"), Alias::new("id")))
        .from_as(Alias::new("logged_models"), Alias::new("m"))
        .join_as(sea_orm::JoinType::InnerJoin, Alias::new("experiments"), Alias::new("e"), column("e", "id").eq(column("m", "experiment_id")))
        .and_where(column("m", "experiment_id").is_in(experiments))
        .and_where(column("m", "removed_at").is_null())
        .cond_where(sql::condition(filter, &|test| leaf(test, datasets)))
        .take();
    for term in order {
        let by = if term.entity == "metric" { metric_value(term) } else { attribute(&term.key) };
        let direction = if term.descending { Direction::Desc } else { Direction::Asc };
        select.order_by_expr_with_nulls(by, direction, NullOrdering::Last);
    }
    select
        .order_by((Alias::new("m"), Alias::new("created_at")), Direction::Desc)
        .order_by((Alias::new("m"), Alias::new("id")), Direction::Asc)
        .limit(limit)
        .offset(offset);
    let rows = tx.query_all(&select).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(LoggedModelId::from_uuid)).collect::<Result<_, DbErr>>()?)
}
