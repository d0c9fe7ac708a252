//! What many runs have under one key, run by run: a search looks through a list, not through the keys of every run.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use super::held::Card;
use crate::features::filter::{Check, Filter, Order, values};

/// Columns that are kept with what is held, and how long the texts of one may be together, in bytes.
pub(super) const KEPT: usize = 16;
const TEXT: usize = 256 << 10;
/// A run in a column, in bytes.
pub(super) const CELL: usize = size_of::<Option<f64>>();

/// What runs have under a key, in their order; nothing where a run has none.
enum Column {
    Numbers(Vec<Option<f64>>),
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<Arc<str>>>),
    Ids(Vec<Uuid>),
}

impl Column {
    fn of(cards: &[Arc<Card>], entity: &str, key: &str) -> Self {
        match (entity, key) {
            ("metric", _) => Self::Numbers(cards.iter().map(|card| card.metric(key)).collect()),
            ("param", _) => Self::texts(cards.iter().map(|card| card.param(key))),
            ("tag", _) => Self::texts(cards.iter().map(|card| card.tag(key))),
            (_, "run_id") => Self::Ids(cards.iter().map(|card| card.run.id.uuid()).collect()),
            (_, "run_name") => Self::texts(cards.iter().map(|card| Some(card.run.name.as_str()))),
            (_, "user_id") => Self::texts(cards.iter().map(|card| Some(card.run.user.as_str()))),
            (_, "status") => Self::texts(cards.iter().map(|card| Some(card.run.status.as_str()))),
            (_, "end_time") => Self::Integers(cards.iter().map(|card| card.run.ended_ms).collect()),
            _ => Self::Integers(cards.iter().map(|card| Some(card.run.started_ms)).collect()),
        }
    }

    /// Equal texts are one.
    fn texts<'c>(values: impl Iterator<Item = Option<&'c str>>) -> Self {
        let mut known: HashSet<Arc<str>> = HashSet::new();
        let mut one = |value: &str| match known.get(value) {
            Some(text) => text.clone(),
            None => {
                let text: Arc<str> = value.into();
                known.insert(text.clone());
                text
            }
        };
        Self::Texts(values.map(|value| value.map(&mut one)).collect())
    }

    /// Whether it is small enough to be kept.
    fn is_small(&self) -> bool {
        let Self::Texts(values) = self else { return true };
        values.iter().flatten().map(|text| text.len()).sum::<usize>() <= TEXT
    }

    /// For which runs a check holds.
    fn holds(&self, check: &Check) -> Vec<bool> {
        match self {
            Self::Numbers(values) => values.iter().map(|value| value.is_some_and(|value| values::double(value, check))).collect(),
            Self::Integers(values) => values.iter().map(|value| value.is_some_and(|value| values::integer(value, check))).collect(),
            Self::Texts(values) => {
                let of_none = matches!(check, Check::Null { not: false });
                values.iter().map(|value| value.as_ref().map_or(of_none, |value| values::text(value, check))).collect()
            }
            // An id may be written in several ways: only the database can tell.
            Self::Ids(values) => vec![false; values.len()],
        }
    }

    /// How one run stands to another: what is missing comes last in both directions, NaN just before it.
    fn compare(&self, one: usize, other: usize, descending: bool) -> Ordering {
        let (missing, shown) = match self {
            Self::Numbers(values) => {
                let missing = |value: Option<f64>| value.map_or(2, |value| u8::from(value.is_nan()));
                let shown = values[one].partial_cmp(&values[other]).unwrap_or(Ordering::Equal);
                (missing(values[one]).cmp(&missing(values[other])), shown)
            }
            Self::Integers(values) => (values[one].is_none().cmp(&values[other].is_none()), values[one].cmp(&values[other])),
            Self::Texts(values) => (values[one].is_none().cmp(&values[other].is_none()), values[one].cmp(&values[other])),
            Self::Ids(values) => (Ordering::Equal, values[one].cmp(&values[other])),
        };
        missing.then(if descending { shown.reverse() } else { shown })
    }
}

/// The columns of some runs, each made when it is first asked for.
#[derive(Default)]
pub(super) struct Columns(Mutex<HashMap<(&'static str, String), Arc<Column>>>);

impl Columns {
    fn of(&self, cards: &[Arc<Card>], entity: &'static str, key: &str) -> Arc<Column> {
        let place = (entity, key.to_owned());
        if let Some(column) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return column.clone();
        }
        let column = Arc::new(Column::of(cards, entity, key));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && column.is_small() {
            kept.insert(place, column.clone());
        }
        column
    }

    /// For which of `cards`, whose columns these are, a filter holds.
    pub fn holds(&self, cards: &[Arc<Card>], filter: &Filter) -> Vec<bool> {
        let each = |parts: &[Filter], start: bool, join: fn(&mut bool, bool)| {
            let mut all = vec![start; cards.len()];
            for part in parts {
                all.iter_mut().zip(self.holds(cards, part)).for_each(|(all, one)| join(all, one));
            }
            all
        };
        match filter {
            Filter::All(parts) => each(parts, true, |all, one| *all &= one),
            Filter::Any(parts) => each(parts, false, |all, one| *all |= one),
            Filter::Not(part) => self.holds(cards, part).into_iter().map(|one| !one).collect(),
            Filter::Is(test) => self.of(cards, test.entity, &test.key).holds(&test.check),
        }
    }

    /// How `cards`, whose columns these are, stand to each other, by their places.
    pub fn comparing(&self, cards: &[Arc<Card>], order: &[Order]) -> impl Fn(usize, usize) -> Ordering {
        let columns: Vec<(Arc<Column>, bool)> = order.iter().map(|order| (self.of(cards, order.entity, &order.key), order.descending)).collect();
        move |one, other| {
            columns.iter().fold(Ordering::Equal, |told, (column, descending)| told.then_with(|| column.compare(one, other, *descending)))
        }
    }
}
