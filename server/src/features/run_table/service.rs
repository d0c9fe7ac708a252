//! Opening a table and reading it page by page.

use shared::ids::{ExperimentId, RunId};

use super::{
    Asked, Column, Kind, NameExperiments, ReadTable, Row, TableError,
    model::{COLUMNS_MAX, EXPERIMENT_NAME, EXPERIMENTS_MAX, Place, columns},
    repo,
};
use crate::{
    access::{Grant, Scope},
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        runs::{self, Keys, RunQuery},
    },
};

/// A table: its columns are settled, its rows are read page by page.
#[derive(Clone, Debug)]
pub struct RunTable {
    pub columns: Vec<Column>,
    places: Vec<Place>,
    keys: Keys,
    query: RunQuery,
}

/// A page of a table.
#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Continues the table, if it goes on.
    pub next: Option<String>,
}

/// Opens a table. A token for `runs:read` is enough; `experiments:read` adds the experiments' names.
///
/// # Errors
/// `Invalid` naming `columns`, `experiments`, `filter` or `orderBy`; `NotFound` when one of the experiments is not there; `LimitExceeded`; `Forbidden`.
pub async fn open(scope: &Scope, asked: Asked) -> Result<RunTable, Fault> {
    let mut columns = columns(&asked.columns)?;
    if asked.experiments.is_empty() || asked.experiments.len() > EXPERIMENTS_MAX {
        return Err(TableError::Experiments.into());
    }
    runs::check_filter(&asked.filter)?;
    if columns.iter().any(|column| column.kind == Kind::Attribute && column.name == EXPERIMENT_NAME) {
        scope.grant::<NameExperiments>()?;
    }
    let tx = scope.grant::<ReadTable>()?.read().await?;
    let found = repo::places(tx, &asked.experiments).await?;
    let is_there = |wanted: &ExperimentRef| found.iter().any(|(place, is_default)| wanted.id().map_or(*is_default, |id| id == place.id));
    if let Some(missing) = asked.experiments.iter().find(|wanted| !is_there(wanted)) {
        return Err(TableError::NoExperiment(missing.to_string()).into());
    }
    let places: Vec<Place> = found.into_iter().map(|(place, _)| place).collect();
    if columns.is_empty() {
        let ids: Vec<_> = places.iter().map(|place| place.id.uuid()).collect();
        columns = Column::usual(scope.may(shared::Permission::ExperimentsRead)).collect();
        columns.extend(repo::keys(tx, &ids).await?.into_iter().filter_map(|(kind, name)| Column::of(kind, &name)));
        columns.truncate(COLUMNS_MAX);
    }
    // Once each and by their real ids, so that one table has one name for its cursors.
    let mut ids: Vec<ExperimentId> = places.iter().map(|place| place.id).collect();
    ids.sort_unstable();
    let query = RunQuery {
        experiments: ids.into_iter().map(ExperimentRef::Id).collect(),
        filter: asked.filter,
        order: asked.order,
        lifecycle: asked.lifecycle,
        limit: 0,
        after: None,
    };
    let of = |kind| columns.iter().filter(|column| column.kind == kind).map(|column| column.name.clone()).collect();
    let keys = Keys { metrics: of(Kind::Metric), params: of(Kind::Param), tags: of(Kind::Tag) };
    Ok(RunTable { columns, places, keys, query })
}

/// A page of at most `limit` rows after a cursor. Takes four statements at most, or one where only attributes are shown.
///
/// # Errors
/// `Invalid` naming `filter`, `orderBy` or `after`; `Forbidden`.
pub async fn page(scope: &Scope, table: &RunTable, limit: u64, after: Option<String>) -> Result<Page, Fault> {
    let query = RunQuery { limit, after, ..table.query.clone() };
    let found = runs::search(scope.grant()?, &query, false).await?;
    let ids: Vec<RunId> = found.runs.iter().map(|run| run.id).collect();
    let values = runs::values(scope.grant()?, &ids, &table.keys).await?;
    let rows = found.runs.iter().map(|run| Row::of(run, values.get(&run.id), &table.places, &table.columns)).collect();
    Ok(Page { rows, next: found.next })
}

/// How many rows the table has.
///
/// # Errors
/// `Forbidden`; `Unavailable`.
pub async fn count(grant: Grant<'_, runs::ReadRuns>, table: &RunTable) -> Result<runs::Total, Fault> {
    runs::count(grant, &table.query).await
}
