//! The table by groups: runs that have the same under some columns, with what their numbers are.

use std::collections::HashMap;

use super::{Asked, Cell, Kind, TableError, Type, service};
use crate::{access::Scope, fault::Fault};

/// Runs that are looked at, the newest first, and how many of them at a time.
const LOOKED_AT: usize = 20_000;
const AT_A_TIME: u64 = 5_000;
/// Most columns that runs are grouped by.
pub const BY_MAX: usize = 4;
/// Most columns of numbers.
pub const NUMBERS_MAX: usize = 20;
/// Groups that are shown, the largest first.
pub const SHOWN: usize = 500;

/// What the numbers of a group are. NaN and the infinities are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Runs that have a number.
    pub count: i64,
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl Summary {
    fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        let first = self.count == 0;
        self.count += 1;
        self.mean += (value - self.mean) / self.count as f64;
        self.low = if first { value } else { self.low.min(value) };
        self.high = if first { value } else { self.high.max(value) };
    }
}

/// Runs that have the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// In the order of the columns they are grouped by; `None` where runs have nothing.
    pub values: Vec<Option<String>>,
    pub runs: i64,
    /// In the order of the columns of numbers.
    pub numbers: Vec<Summary>,
}

/// The groups of a table.
#[derive(Clone, Debug)]
pub struct Groups {
    pub by: Vec<String>,
    pub numbers: Vec<String>,
    /// The largest first; at most [`SHOWN`].
    pub groups: Vec<Group>,
    /// How many groups there are.
    pub count: usize,
    /// Runs that were looked at.
    pub runs: i64,
    /// Whether those are all.
    pub is_whole: bool,
}

/// What the runs of a group have, in the order of the columns they are grouped by.
type Key = Vec<Option<String>>;

/// Groups the newest 20,000 runs of a table.
///
/// # Errors
/// As [`service::open`]; `Invalid` naming `by` or `numbers`.
pub async fn groups(scope: &Scope, asked: Asked, by: &[String], numbers: &[String]) -> Result<Groups, Fault> {
    if by.is_empty() || by.len() > BY_MAX {
        return Err(TableError::By.into());
    }
    if numbers.len() > NUMBERS_MAX {
        return Err(TableError::Numbers.into());
    }
    let table = service::open(scope, Asked { columns: [by, numbers].concat(), ..asked }).await?;
    let (by_columns, number_columns) = table.columns.split_at(by.len());
    if number_columns.iter().any(|column| column.ty != Type::Number) || by_columns.iter().any(|column| column.kind == Kind::Metric) {
        return Err(TableError::Numbers.into());
    }
    let (mut found, mut runs, mut next): (HashMap<Key, (i64, Vec<Summary>)>, usize, _) = (HashMap::new(), 0, None);
    loop {
        let page = service::page(scope, &table, AT_A_TIME, next).await?;
        runs += page.rows.len();
        for row in &page.rows {
            let (values, cells) = row.cells.split_at(by.len());
            let (count, summaries) =
                found.entry(values.iter().map(words).collect()).or_insert_with(|| (0, vec![Summary::default(); number_columns.len()]));
            *count += 1;
            for (summary, cell) in summaries.iter_mut().zip(cells) {
                if let Cell::Number(value) = cell {
                    summary.add(*value);
                }
            }
        }
        next = page.next;
        if next.is_none() || runs >= LOOKED_AT || page.rows.is_empty() {
            break;
        }
    }
    let keys = |columns: &[super::Column]| columns.iter().map(super::Column::key).collect();
    let count = found.len();
    let mut groups: Vec<Group> = found.into_iter().map(|(values, (runs, numbers))| Group { values, runs, numbers }).collect();
    groups.sort_unstable_by(|a, b| b.runs.cmp(&a.runs).then_with(|| a.values.cmp(&b.values)));
    groups.truncate(SHOWN);
    Ok(Groups { by: keys(by_columns), numbers: keys(number_columns), groups, count, runs: runs as i64, is_whole: next.is_none() })
}

fn words(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Absent => None,
        Cell::Text(text) => Some(text.clone()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Time(ms) => Some(ms.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_leaves_out_what_is_no_number() {
        let mut summary = Summary::default();
        for value in [3.0, f64::NAN, -1.0, f64::INFINITY, 4.0] {
            summary.add(value);
        }
        assert_eq!(summary, Summary { count: 3, mean: 2.0, low: -1.0, high: 4.0 });
    }
}
