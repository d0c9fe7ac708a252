use std::collections::HashMap;

use leptos::prelude::*;

use crate::{
    api::Moment,
    kit::{Sort, Tone, number},
};

/// How a column is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    #[default]
    Text,
    /// In the mono face.
    Mono,
    /// Right-aligned with equal decimals; a faint bar when the rows are sorted by it.
    Number,
}

/// Which end of a column is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Accuracy.
    Higher,
    /// Loss.
    Lower,
}

impl Better {
    /// By what metrics of that name usually mean; `None` when it cannot be told.
    pub fn guess(name: &str) -> Option<Self> {
        shared::comparison::Better::guess(name).map(|better| match better {
            shared::comparison::Better::Higher => Self::Higher,
            shared::comparison::Better::Lower => Self::Lower,
        })
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What `?sort=` calls it.
    pub key: String,
    /// What the head says.
    pub title: String,
    /// How it is set.
    pub kind: Kind,
    /// Whether its head is a link that sorts.
    pub sortable: bool,
    /// Which value is marked as the best.
    pub better: Option<Better>,
}

impl Column {
    /// A column of words.
    pub fn text(key: impl Into<String>, title: impl Into<String>) -> Self {
        Self { key: key.into(), title: title.into(), kind: Kind::Text, sortable: false, better: None }
    }

    /// A column in the mono face.
    pub fn mono(key: impl Into<String>, title: impl Into<String>) -> Self {
        Self { kind: Kind::Mono, ..Self::text(key, title) }
    }

    /// A column of numbers.
    pub fn number(key: impl Into<String>, title: impl Into<String>) -> Self {
        Self { kind: Kind::Number, ..Self::text(key, title) }
    }

    /// The same with a head that sorts.
    pub fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// The same with the best value marked.
    pub fn better(mut self, better: Option<Better>) -> Self {
        self.better = better;
        self
    }
}

/// What stands in a cell.
#[derive(Clone)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Words.
    Text(String),
    /// Words of less weight.
    Muted(String),
    /// Something to copy; the button appears on hover.
    Mono(String),
    /// In the mono face without a button: a table of many rows would be twice the size.
    Code(String),
    /// A number, written with its column's decimals.
    Number(f64),
    /// A number that is written in its own way: a duration, a size.
    Measure(f64, String),
    /// A time in words.
    Time(Moment),
    /// A word with a colour.
    State(Tone, String),
    /// A link; for the first column.
    Link(String, String),
    /// Anything else.
    View(ViewFn),
}

impl Cell {
    /// The number in it.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Number(value) | Self::Measure(value, _) => Some(*value),
            _ => None,
        }
    }

    /// Any view.
    pub fn view<V: IntoView + Send + 'static>(view: impl Fn() -> V + Send + Sync + 'static) -> Self {
        Self::View(ViewFn::from(move || view().into_any()))
    }
}

/// One row.
#[derive(Clone)]
pub struct Row {
    /// Unique in the table; what selection holds.
    pub id: String,
    /// Its name, for the checkbox.
    pub label: String,
    /// One for each column.
    pub cells: Vec<Cell>,
    /// The colour of its series, 1 to 6: a dot before the name.
    pub series: Option<u8>,
}

impl Row {
    /// A row without a colour.
    pub fn new(id: impl Into<String>, label: impl Into<String>, cells: Vec<Cell>) -> Self {
        Self { id: id.into(), label: label.into(), cells, series: None }
    }
}

/// How the numbers of a column look: decimals, bars, the best one.
#[derive(Default)]
pub(super) struct Looks {
    columns: HashMap<usize, Look>,
}

struct Look {
    write: Box<dyn Fn(f64) -> String + Send + Sync>,
    low: f64,
    high: f64,
    best: Option<f64>,
    sorted: bool,
}

impl Looks {
    pub fn of(columns: &[Column], rows: &[Row], sort: Option<&Sort>) -> Self {
        let mut looks = Self::default();
        for (at, column) in columns.iter().enumerate().filter(|(_, column)| column.kind == Kind::Number) {
            let values: Vec<f64> = rows.iter().filter_map(|row| row.cells.get(at)?.value()).collect();
            let finite = || values.iter().copied().filter(|value| value.is_finite());
            let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
            let best = column.better.filter(|_| low < high).map(|better| if better == Better::Higher { high } else { low });
            let sorted = sort.is_some_and(|sort| sort.key == column.key) && low < high;
            looks.columns.insert(at, Look { write: Box::new(number::column(&values)), low, high, best, sorted });
        }
        looks
    }

    /// The number in the words of its column.
    pub fn write(&self, column: usize, value: f64) -> String {
        self.columns.get(&column).map_or_else(|| number::number(value), |look| (look.write)(value))
    }

    /// Whether it is the best of its column.
    pub fn is_best(&self, column: usize, value: f64) -> bool {
        self.columns.get(&column).is_some_and(|look| look.best == Some(value))
    }

    /// The length of its bar, 0 to 100, in a column the rows are sorted by.
    pub fn bar(&self, column: usize, value: f64) -> Option<f64> {
        let look = self.columns.get(&column).filter(|look| look.sorted && value.is_finite())?;
        Some((6.0 + 94.0 * (value - look.low) / (look.high - look.low)).round())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_end_is_told_by_the_name() {
        assert_eq!(Better::guess("val_loss"), Some(Better::Lower));
        assert_eq!(Better::guess("training_accuracy_score"), Some(Better::Higher));
        assert_eq!(Better::guess("steps"), None);
    }

    #[test]
    fn a_sorted_column_has_bars_and_a_best_value() {
        let columns = [Column::text("name", "Name"), Column::number("auc", "auc").better(Some(Better::Higher))];
        let rows = [0.9, 0.8, f64::NAN].map(|value| Row::new("", "", vec![Cell::Empty, Cell::Number(value)]));
        let looks = Looks::of(&columns, &rows, Some(&Sort::parse("-auc")));
        assert!(looks.is_best(1, 0.9) && !looks.is_best(1, 0.8));
        assert_eq!([looks.bar(1, 0.9), looks.bar(1, 0.8), looks.bar(1, f64::NAN)], [Some(100.0), Some(6.0), None]);
        assert_eq!(looks.write(1, 0.8), "0.8", "as many decimals as the column needs");
    }
}
