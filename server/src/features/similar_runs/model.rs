//! What was found, and what is told of it.

use std::collections::BTreeMap;

use shared::{comparison::Better, ids::RunId};

use crate::features::runs::is_seed;

/// Finished runs that are like a run.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Runs with the same params; 200 stands for that many or more.
    pub same_count: usize,
    /// The latest of them.
    pub same: Vec<Similar>,
    /// Those of the experiment that differ in one or two params, the nearest first.
    pub near: Vec<Similar>,
    /// The best value among those with the same params.
    pub best: Option<Best>,
}

/// A finished run that is like another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    pub run: RunId,
    /// Whether both read the same datasets; `None` where either names none.
    pub same_data: Option<bool>,
    /// Whether both ran the same commit; `None` where either names none.
    pub same_commit: Option<bool>,
    /// Empty for the same params.
    pub differences: Vec<Difference>,
}

/// A param that two runs differ in, seeds aside; `None` where one has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub key: String,
    pub here: Option<String>,
    pub there: Option<String>,
}

/// The best that came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    pub key: String,
    pub value: f64,
    pub run: RunId,
}

/// What the params of two runs differ in.
pub fn differences(here: &[(String, String)], there: &[(String, String)]) -> Vec<Difference> {
    let mut both: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for (key, value) in here.iter().filter(|(key, _)| !is_seed(key)) {
        both.entry(key).or_default().0 = Some(value);
    }
    for (key, value) in there.iter().filter(|(key, _)| !is_seed(key)) {
        both.entry(key).or_default().1 = Some(value);
    }
    let differ = both.into_iter().filter(|(_, (here, there))| here != there);
    differ.map(|(key, (here, there))| Difference { key: key.to_owned(), here: here.map(str::to_owned), there: there.map(str::to_owned) }).collect()
}

/// The best value of the metric that tells most: one that is known to be better high or low, measured on data that was not trained on, that most runs have.
pub fn best(runs: &[(RunId, Vec<(String, f64)>)]) -> Option<Best> {
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, _) in runs.iter().flat_map(|(_, metrics)| metrics).filter(|(key, value)| value.is_finite() && !key.starts_with("system/")) {
        *keys.entry(key).or_default() += 1;
    }
    let unseen = |key: &str| ["val", "test", "eval"].iter().any(|part| key.to_lowercase().contains(part));
    let trained = |key: &str| key.to_lowercase().contains("train");
    let told = keys.into_iter().filter(|(key, _)| Better::guess(key).is_some());
    let (key, _) =
        told.max_by_key(|(key, count)| (*count, unseen(key), !trained(key), Better::guess(key) == Some(Better::Higher), std::cmp::Reverse(*key)))?;
    let higher = Better::guess(key) == Some(Better::Higher);
    let of = |(run, metrics): &(RunId, Vec<(String, f64)>)| {
        let value = metrics.iter().find(|(own, value)| own == key && value.is_finite())?.1;
        Some((*run, value))
    };
    let values = runs.iter().filter_map(of);
    let (run, value) = values.max_by(|a, b| if higher { a.1.total_cmp(&b.1) } else { b.1.total_cmp(&a.1) })?;
    Some(Best { key: key.to_owned(), value, run })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> RunId {
        RunId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn seeds_are_no_difference() {
        let found = differences(&pairs(&[("depth", "3"), ("seed", "1"), ("lr", "0.1")]), &pairs(&[("depth", "4"), ("seed", "2"), ("trees", "9")]));
        let told: Vec<_> = found.iter().map(|one| (one.key.as_str(), one.here.as_deref(), one.there.as_deref())).collect();
        assert_eq!(told, [("depth", Some("3"), Some("4")), ("lr", Some("0.1"), None), ("trees", None, Some("9"))]);
    }

    #[test]
    fn the_best_is_of_a_metric_that_most_have_and_that_says_which_way() {
        let run = |n, metrics: &[(&str, f64)]| (id(n), metrics.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect());
        let runs = [
            run(1, &[("accuracy", 0.9), ("train_accuracy", 0.99), ("epoch", 7.0), ("system/cpu_score", 1.0)]),
            run(2, &[("accuracy", 0.94), ("train_accuracy", 0.98), ("epoch", 9.0)]),
            run(3, &[("accuracy", f64::NAN), ("only_loss", 0.1)]),
        ];
        assert_eq!(best(&runs), Some(Best { key: "accuracy".into(), value: 0.94, run: id(2) }));
        assert_eq!(best(&[run(1, &[("val_loss", 0.3)]), run(2, &[("val_loss", 0.2)])]).map(|best| best.run), Some(id(2)));
        assert_eq!(best(&[run(1, &[("epoch", 3.0)])]), None);
    }
}
