//! The table in the API.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, ID, Json, Object, Result, SimpleObject};
use chrono::{DateTime, SecondsFormat};
use serde::{Serialize, Serializer, ser::SerializeMap};
use tokio::sync::OnceCell;

use super::{Asked, Cell, Column, Group, Groups, Kind, RunTable as Domain, Summary, Type};
use crate::{
    fault::Fault,
    features::{
        experiments::{ExperimentRef, graphql::Lifecycle},
        page::{Listing, Page, PageInfo},
        runs::Total,
    },
    graphql::scope,
};

/// Which part of a run a column shows.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum RunTableKind {
    /// What every run has: its name, its status, its times.
    Attribute,
    /// The latest value of a metric.
    Metric,
    /// A param.
    Param,
    /// A tag.
    Tag,
}

/// What a column holds where it is not null.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Type")]
pub enum RunTableType {
    /// A text.
    Text,
    /// A double.
    Number,
    /// UTC, ISO 8601 with milliseconds: `2026-01-31T12:00:00.000Z`.
    Time,
}

/// A column of the table.
#[derive(SimpleObject)]
pub struct RunTableColumn {
    /// The name under which a row holds its value, as `mlflow.search_runs` names it: `status`, `metrics.auc`, `params.model`.
    key: String,
    /// Which part of a run it shows.
    kind: RunTableKind,
    /// What it holds where it is not null.
    r#type: RunTableType,
}

impl From<&Column> for RunTableColumn {
    fn from(column: &Column) -> Self {
        Self { key: column.key(), kind: column.kind.into(), r#type: column.ty.into() }
    }
}

/// A row, in the order of the columns.
pub struct Record {
    keys: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut record = out.serialize_map(Some(self.cells.len()))?;
        for (key, cell) in self.keys.iter().zip(&self.cells) {
            match cell {
                Cell::Text(text) => record.serialize_entry(key, text)?,
                Cell::Number(number) if number.is_finite() => record.serialize_entry(key, number)?,
                Cell::Time(ms) => record.serialize_entry(key, &written(*ms))?,
                Cell::Number(_) | Cell::Absent => record.serialize_entry(key, &None::<()>)?,
            }
        }
        record.end()
    }
}

/// A time as ISO 8601; `None` for what no calendar holds.
fn written(ms: i64) -> Option<String> {
    DateTime::from_timestamp_millis(ms).map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A flat table of runs.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RunTable {
    #[graphql(skip)]
    table: Domain,
    #[graphql(skip)]
    total: OnceCell<Total>,
    /// The columns in their order, the same on every page of a table whose columns were named.
    columns: Vec<RunTableColumn>,
    /// The rows as flat records, one value under the key of each column. That is what tables are made of without a further step in Power BI
    /// (`Table.FromRecords`), Grafana's Infinity source (rows at `data.runTable.rows`) and pandas (`DataFrame(rows)`); arrays would need the columns joined
    /// to them first. Every record has every key: what a run does not have is null, and so are NaN and the infinities, which JSON cannot say; the files have
    /// them. Numbers are numbers; times are UTC, ISO 8601.
    rows: Vec<Json<Record>>,
    /// Where the page ends and whether another follows.
    page_info: PageInfo,
}

#[ComplexObject]
impl RunTable {
    /// How many rows there are in all; counted only when it is asked for. No more than 20,000 runs are looked at.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.total(ctx).await?.count)
    }

    /// Whether there may be more than `totalCount`.
    async fn total_is_least(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.total(ctx).await?.is_least)
    }
}

impl RunTable {
    async fn total(&self, ctx: &Context<'_>) -> Result<Total> {
        let count = async || super::count(scope(ctx)?.grant()?, &self.table).await.map_err(async_graphql::Error::from);
        Ok(*self.total.get_or_try_init(count).await?)
    }
}

/// What the numbers of a group's runs are. NaN and the infinities are left out.
#[derive(SimpleObject)]
pub struct RunGroupNumbers {
    /// Runs that have a number.
    count: i64,
    /// Null where no run has one, as are `low` and `high`.
    mean: Option<f64>,
    /// The least.
    low: Option<f64>,
    /// The greatest.
    high: Option<f64>,
}

/// Runs that have the same under some columns.
#[derive(SimpleObject)]
pub struct RunGroup {
    /// In the order of `by`; null where the runs have nothing.
    values: Vec<Option<String>>,
    /// How many runs it has.
    run_count: i64,
    /// In the order of `numbers`.
    numbers: Vec<RunGroupNumbers>,
}

/// Runs by groups.
#[derive(SimpleObject)]
pub struct RunGroups {
    /// The columns, as they were asked for.
    by: Vec<String>,
    /// The columns of numbers, as they were asked for.
    numbers: Vec<String>,
    /// The largest first; at most 500.
    groups: Vec<RunGroup>,
    /// How many groups there are in all.
    group_count: usize,
    /// Runs that were looked at.
    run_count: i64,
    /// Whether those are all: of more than 20,000 only the newest are looked at.
    is_whole: bool,
}

impl From<Groups> for RunGroups {
    fn from(found: Groups) -> Self {
        let numbers = |one: Summary| {
            let some = |value| Some(value).filter(|_| one.count > 0);
            RunGroupNumbers { count: one.count, mean: some(one.mean), low: some(one.low), high: some(one.high) }
        };
        let group =
            |group: Group| RunGroup { values: group.values, run_count: group.runs, numbers: group.numbers.into_iter().map(numbers).collect() };
        Self {
            groups: found.groups.into_iter().map(group).collect(),
            by: found.by,
            numbers: found.numbers,
            group_count: found.count,
            run_count: found.runs,
            is_whole: found.is_whole,
        }
    }
}

#[derive(Default)]
pub struct RunTableQuery;

#[Object]
impl RunTableQuery {
    /// The runs of experiments as one flat table, for BI tools and data frames. `columns` names attributes (`run_id`, `status`, `start_time`, `duration` in
    /// seconds, ...), `metrics.<key>`, `params.<key>` and `tags.<key>`; `params.<key> AS NUMBER` reads a param as a number, or as null where it is none.
    /// Without them the table has the usual attributes and every metric, param and tag of each experiment's latest 500 runs, at most 500 columns: name the
    /// columns where they must stay the same. `filter` and `orderBy` are those of runs, the newest first without. A page has at most 200 rows; all rows at once
    /// are read from `/experiments/{id}/table.csv`, `.parquet` or `.arrow`, with the same columns.
    #[graphql(complexity = "crate::graphql::page_cost(first, 20 + child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the API")]
    async fn run_table(
        &self,
        ctx: &Context<'_>,
        experiments: Vec<ID>,
        columns: Option<Vec<String>>,
        filter: Option<String>,
        order_by: Option<Vec<String>>,
        #[graphql(default)] lifecycle: Lifecycle,
        #[graphql(default = 100)] first: i32,
        after: Option<String>,
    ) -> Result<RunTable> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "runTable"), first, after)?;
        let asked = Asked {
            experiments: experiments.iter().map(|id| ExperimentRef::parse(id).map_err(Fault::from)).collect::<Result<_, _>>()?,
            columns: columns.unwrap_or_default(),
            filter: filter.unwrap_or_default(),
            order: order_by.unwrap_or_default(),
            lifecycle: lifecycle.into(),
        };
        let table = super::open(scope, asked).await?;
        let found = super::page(scope, &table, page.limit() as u64, page.after().map(str::to_owned)).await?;
        let keys: Arc<[String]> = table.columns.iter().map(Column::key).collect();
        Ok(RunTable {
            columns: table.columns.iter().map(RunTableColumn::from).collect(),
            rows: found.rows.into_iter().map(|row| Json(Record { keys: keys.clone(), cells: row.cells })).collect(),
            page_info: page.info(found.next.as_deref()),
            total: OnceCell::new(),
            table,
        })
    }

    /// The runs of experiments by groups: those that have the same under the columns of `by` (1 to 4 attributes, params or tags), with count, mean, least and
    /// greatest of each of `numbers` (at most 20 metrics, or `params.<key> AS NUMBER`).
    #[graphql(complexity = "200 + child_complexity")]
    async fn run_groups(
        &self,
        ctx: &Context<'_>,
        experiments: Vec<ID>,
        by: Vec<String>,
        #[graphql(default)] numbers: Vec<String>,
        filter: Option<String>,
        #[graphql(default)] lifecycle: Lifecycle,
    ) -> Result<RunGroups> {
        let asked = Asked {
            experiments: experiments.iter().map(|id| ExperimentRef::parse(id).map_err(Fault::from)).collect::<Result<_, _>>()?,
            filter: filter.unwrap_or_default(),
            lifecycle: lifecycle.into(),
            ..Asked::default()
        };
        Ok(super::groups(scope(ctx)?, asked, &by, &numbers).await?.into())
    }
}
