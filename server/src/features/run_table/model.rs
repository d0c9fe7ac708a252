//! Columns, their types, and what stands in a row.

use std::collections::HashMap;

use shared::ids::{ExperimentId, RunId};

use super::error::TableError;
use crate::features::{
    experiments::{ExperimentRef, Lifecycle},
    runs::{Run, Values},
};

/// Most columns of a table.
pub const COLUMNS_MAX: usize = 500;
/// Most experiments of a table.
pub const EXPERIMENTS_MAX: usize = 100;

/// Which part of a run a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Attribute,
    Metric,
    Param,
    Tag,
}

/// What a column holds where it holds anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    /// A double.
    Number,
    /// Milliseconds since the epoch, UTC.
    Time,
}

/// The attributes, in the order of the table.
const ATTRIBUTES: [(&str, Type); 11] = [
    ("run_id", Type::Text),
    ("run_name", Type::Text),
    ("experiment_id", Type::Text),
    ("experiment_name", Type::Text),
    ("status", Type::Text),
    ("start_time", Type::Time),
    ("end_time", Type::Time),
    ("duration", Type::Number),
    ("user_id", Type::Text),
    ("created_by", Type::Text),
    ("artifact_uri", Type::Text),
];
/// Those that a table has when nobody says which. `experiment_name` is among them for who may see it.
const USUAL: [&str; 9] = ["run_id", "run_name", "experiment_id", "experiment_name", "status", "start_time", "end_time", "duration", "user_id"];
/// The attribute that shows what only `experiments:read` opens.
pub const EXPERIMENT_NAME: &str = "experiment_name";

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub kind: Kind,
    /// The key without its kind: `auc`, `learning_rate`, `status`.
    pub name: String,
    pub ty: Type,
}

impl Column {
    /// The name that the column has in the table, as `mlflow.search_runs` names it: `metrics.auc`, `status`.
    pub fn key(&self) -> String {
        // In quotes where the end of a name would be read as something else.
        let number = self.name.len().checked_sub(AS_NUMBER.len()).and_then(|at| self.name.get(at..));
        let name = if number.is_some_and(|end| end.eq_ignore_ascii_case(AS_NUMBER)) { format!("`{}`", self.name) } else { self.name.clone() };
        match self.kind {
            Kind::Attribute => name,
            Kind::Metric => format!("metrics.{name}"),
            Kind::Param => format!("params.{name}"),
            Kind::Tag => format!("tags.{name}"),
        }
    }

    /// Reads what [`Column::key`] writes, a name in backticks or quotes too; ` AS NUMBER` after a param or tag reads its text as a number.
    ///
    /// # Errors
    /// [`TableError`] for what is no column.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let text = text.trim();
        let unknown = || TableError::Column(text.chars().take(200).collect(), ATTRIBUTES.map(|(name, _)| name).join(", "));
        let (path, number) = match text.len().checked_sub(AS_NUMBER.len()).and_then(|at| text.split_at_checked(at)) {
            Some((path, end)) if end.eq_ignore_ascii_case(AS_NUMBER) => (path.trim_end(), true),
            _ => (text, false),
        };
        let column = match path.split_once('.') {
            Some((entity, name)) => {
                let kind = match entity.trim_end_matches('s') {
                    "metric" => Kind::Metric,
                    "param" | "parameter" => Kind::Param,
                    "tag" => Kind::Tag,
                    "attribute" => Kind::Attribute,
                    _ => return Err(unknown()),
                };
                Self::of(kind, unquoted(name)).ok_or_else(unknown)?
            }
            None => Self::of(Kind::Attribute, unquoted(path)).ok_or_else(unknown)?,
        };
        match (number, column.kind) {
            (false, _) | (true, Kind::Metric) => Ok(column),
            (true, Kind::Param | Kind::Tag) => Ok(Self { ty: Type::Number, ..column }),
            (true, Kind::Attribute) => Err(TableError::NotText(column.name)),
        }
    }

    /// The column of a key, as it is without further words; `None` for an attribute there is not.
    pub fn of(kind: Kind, name: &str) -> Option<Self> {
        let ty = match kind {
            _ if name.is_empty() || name.contains('\0') => return None,
            Kind::Attribute => ATTRIBUTES.iter().find(|(own, _)| *own == name)?.1,
            Kind::Metric => Type::Number,
            Kind::Param | Kind::Tag => Type::Text,
        };
        Some(Self { kind, name: name.to_owned(), ty })
    }

    /// The attributes that a table has when nobody says which.
    pub fn usual(with_names: bool) -> impl Iterator<Item = Self> {
        USUAL.into_iter().filter(move |name| with_names || *name != EXPERIMENT_NAME).filter_map(|name| Self::of(Kind::Attribute, name))
    }
}

const AS_NUMBER: &str = " as number";

fn unquoted(name: &str) -> &str {
    let inner = |quote: char| name.strip_prefix(quote)?.strip_suffix(quote);
    inner('`').or_else(|| inner('"')).unwrap_or(name)
}

/// Reads the columns that somebody names.
///
/// # Errors
/// [`TableError`].
pub fn columns(named: &[String]) -> Result<Vec<Column>, TableError> {
    if named.len() > COLUMNS_MAX {
        return Err(TableError::TooManyColumns);
    }
    let mut columns: Vec<Column> = Vec::with_capacity(named.len());
    for text in named {
        let column = Column::parse(text)?;
        if columns.iter().any(|known| known.kind == column.kind && known.name == column.name) {
            return Err(TableError::Twice(column.key()));
        }
        columns.push(column);
    }
    Ok(columns)
}

/// A table to open.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub experiments: Vec<ExperimentRef>,
    /// Empty: the usual attributes, and every metric, param and tag (those of MLflow left out) of each experiment's latest 500 runs.
    pub columns: Vec<String>,
    /// In the language of run filters.
    pub filter: String,
    pub order: Vec<String>,
    pub lifecycle: Lifecycle,
}

/// An experiment of a table.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: ExperimentId,
    pub name: String,
}

/// What stands in a row under a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Absent,
    Text(String),
    /// NaN and the infinities are values too.
    Number(f64),
    /// Milliseconds since the epoch.
    Time(i64),
}

/// A run as the table shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub run: RunId,
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

impl Row {
    /// A run and what it logged under some columns. A text that is to be a number and is none is absent.
    pub fn of(run: &Run, values: Option<&Values>, places: &[Place], columns: &[Column]) -> Self {
        let pair = |list: &HashMap<String, String>, column: &Column| {
            let value = list.get(&column.name);
            match column.ty {
                Type::Number => value.and_then(|value| value.trim().parse().ok()).map_or(Cell::Absent, Cell::Number),
                _ => value.map_or(Cell::Absent, |value| Cell::Text(value.clone())),
            }
        };
        let cell = |column: &Column| match (column.kind, values) {
            (Kind::Attribute, _) => attribute(run, &column.name, places),
            (Kind::Metric, Some(values)) => values.metrics.get(&column.name).map_or(Cell::Absent, |value| Cell::Number(*value)),
            (Kind::Param, Some(values)) => pair(&values.params, column),
            (Kind::Tag, Some(values)) => pair(&values.tags, column),
            (_, None) => Cell::Absent,
        };
        Self { run: run.id, cells: columns.iter().map(cell).collect() }
    }
}

fn attribute(run: &Run, name: &str, places: &[Place]) -> Cell {
    let text = |text: String| if text.is_empty() { Cell::Absent } else { Cell::Text(text) };
    match name {
        "run_id" => text(run.id.hex()),
        "run_name" => text(run.name.clone()),
        "experiment_id" => text(run.experiment_mlflow_id()),
        EXPERIMENT_NAME => places.iter().find(|place| place.id == run.experiment_id).map_or(Cell::Absent, |place| text(place.name.clone())),
        "status" => text(run.status.as_str().to_owned()),
        "start_time" => Cell::Time(run.started_ms),
        "end_time" => run.ended_ms.map_or(Cell::Absent, Cell::Time),
        // Seconds. A client's clock may have been set back meanwhile: what ended before it began says so.
        "duration" => run.ended_ms.map_or(Cell::Absent, |ended| Cell::Number((ended as f64 - run.started_ms as f64) / 1000.0)),
        "user_id" => text(run.user.clone()),
        "created_by" => text(run.created_by.clone()),
        "artifact_uri" => text(format!("mlflow-artifacts:/{}/{}/artifacts", run.experiment_mlflow_id(), run.id.hex())),
        _ => Cell::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_as_the_table_names_it() {
        for (text, key, ty) in [
            ("status", "status", Type::Text),
            ("attributes.start_time", "start_time", Type::Time),
            ("metrics.val/loss", "metrics.val/loss", Type::Number),
            ("metric.`a b`", "metrics.a b", Type::Number),
            ("params.f1 score", "params.f1 score", Type::Text),
            ("params.a.b AS NUMBER", "params.a.b", Type::Number),
            ("tags.\"x\" as number", "tags.x", Type::Number),
            ("params.`x as number`", "params.`x as number`", Type::Text),
        ] {
            let column = Column::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((column.key().as_str(), column.ty), (key, ty), "{text}");
            assert_eq!(Column::parse(&column.key()).map(|again| again.key()), Ok(column.key()));
        }
        for text in ["", "metrics.", "nothing", "datasets.name", "attributes.nothing", "start_time as number", "metrics.a\0", "é as number"] {
            assert!(Column::parse(text).is_err(), "{text}");
        }
        assert!(columns(&["status".into(), "run.status".into()]).is_err());
        assert_eq!(columns(&["params.a".into(), "params.`a` as number".into()]), Err(TableError::Twice("params.a".into())));
        assert_eq!(columns(&vec!["status".to_owned(); COLUMNS_MAX + 1]), Err(TableError::TooManyColumns));
    }
}
