//! The runs with all they logged, as columns.

use std::collections::{BTreeMap, HashMap};

use shared::comparison::Unit;

use super::repo::{MetricColumn, ParamValue};
use crate::features::runs::{Run, is_seed};

/// Larger values cannot be squared.
const LARGEST: f64 = 1e150;

pub struct Table {
    pub runs: Vec<Run>,
    pub metrics: Vec<Metric>,
    pub params: Vec<Param>,
    /// Of each run the number of its setup: runs of one setup have the same params, seeds aside.
    pub setups: Vec<usize>,
}

pub struct Metric {
    pub key: String,
    /// By run; `None` where it has none that can be used.
    pub values: Vec<Option<f64>>,
    /// Runs that have it.
    pub runs: usize,
    pub odd: usize,
    /// Whether a run has it at more than one point.
    pub curved: bool,
}

pub struct Param {
    pub key: String,
    pub seed: bool,
    /// The different values.
    pub values: Vec<String>,
    /// By run: the place of its value.
    pub of: Vec<Option<usize>>,
}

impl Table {
    /// Places in the columns count from 1, as the database counts.
    pub fn of(runs: Vec<Run>, metrics: Vec<MetricColumn>, params: Vec<ParamValue>) -> Self {
        let place = |at: i64| usize::try_from(at - 1).ok().filter(|at| *at < runs.len());
        let metrics = metrics.into_iter().map(|column| {
            let mut metric = Metric { key: column.key, values: vec![None; runs.len()], runs: column.runs.len(), odd: 0, curved: column.curved };
            for (at, value) in column.runs.into_iter().zip(column.values) {
                let usable = value.is_finite() && value.abs() < LARGEST;
                metric.odd += usize::from(!usable);
                if let Some(at) = place(at).filter(|_| usable) {
                    metric.values[at] = Some(value);
                }
            }
            metric
        });
        let metrics = metrics.collect();
        let mut columns: Vec<Param> = Vec::new();
        for ParamValue { key, value, runs: places } in params {
            if columns.last().is_none_or(|last| last.key != key) {
                columns.push(Param { seed: is_seed(&key), key, values: Vec::new(), of: vec![None; runs.len()] });
            }
            let Some(column) = columns.last_mut() else { continue };
            places.into_iter().filter_map(place).for_each(|at| column.of[at] = Some(column.values.len()));
            column.values.push(value);
        }
        let mut known: HashMap<Vec<Option<usize>>, usize> = HashMap::new();
        let setups = (0..runs.len()).map(|run| {
            let signature = columns.iter().filter(|param| !param.seed).map(|param| param.of[run]).collect();
            let next = known.len();
            *known.entry(signature).or_insert(next)
        });
        let setups = setups.collect();
        Self { runs, metrics, params: columns, setups }
    }

    /// The observations of a metric among some runs.
    pub fn observations(&self, metric: &Metric, members: &[usize], unit: Unit) -> Vec<f64> {
        let each = members.iter().filter_map(|run| metric.values[*run].map(|value| (self.setups[*run], value)));
        match unit {
            Unit::Run => each.map(|(_, value)| value).collect(),
            Unit::Setup => {
                let mut setups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
                each.for_each(|(setup, value)| setups.entry(setup).or_default().push(value));
                setups.values().map(|values| crate::stats::summary::mean(values)).collect()
            }
        }
    }
}

impl Param {
    /// Whether the runs have more than one value, or some have none.
    pub fn differs(&self) -> bool {
        self.values.len() > 1 || self.of.iter().any(Option::is_none)
    }

    /// The value of a run.
    pub fn value(&self, run: usize) -> Option<&str> {
        self.of[run].map(|at| self.values[at].as_str())
    }

    /// The values as numbers, if all of them are.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        self.values.iter().map(|value| value.parse::<f64>().ok().filter(|number| number.is_finite())).collect()
    }
}
