//! Logged models and the rules that need no database.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use shared::{
    ids::{ExperimentId, LoggedModelId, RunId},
    key::check_key,
    limits::PAIRS_MAX,
    spelling::is_invisible,
};

use super::error::LoggedModelError;

/// Longest name and model type, in characters.
const NAME_MAX: usize = 256;
/// Datasets that a search names.
pub const DATASETS_MAX: usize = 100;
/// Longest value of a param, in characters; the rest is cut off, as it is for params of runs.
const PARAM_VALUE_MAX: usize = 6_000;
/// Longest value of a tag, in characters. `mlflow.modelVersions` is a growing JSON list.
const TAG_VALUE_MAX: usize = 100_000;

/// Where a model's upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Pending,
    Ready,
    UploadFailed,
}

impl Status {
    /// The word in tables and in the GraphQL API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::UploadFailed => "upload_failed",
        }
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Ready, Self::UploadFailed].into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// A dataset by name and digest; both empty means none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dataset {
    pub name: String,
    pub digest: String,
}

/// The latest value of one key that a run measured of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelMetric {
    pub model: LoggedModelId,
    pub run: RunId,
    pub key: String,
    pub value: f64,
    pub step: i64,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    pub dataset: Dataset,
}

/// A model that a run logged.
#[derive(Clone, Debug)]
pub struct LoggedModel {
    pub id: LoggedModelId,
    pub experiment_id: ExperimentId,
    /// The experiment's id as MLflow shows it.
    pub experiment_mlflow_id: String,
    pub source_run_id: Option<RunId>,
    pub name: String,
    /// Empty when the client said nothing.
    pub model_type: String,
    pub status: Status,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub metrics: Vec<ModelMetric>,
}

/// A model as a client asks for it.
#[derive(Clone, Debug, Default)]
pub struct NewModel {
    /// The experiment's id as MLflow shows it.
    pub experiment: String,
    /// Empty: the server names it.
    pub name: String,
    pub model_type: String,
    pub source_run: Option<RunId>,
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
}

impl NewModel {
    /// Checks everything that needs no database.
    pub fn check(&self) -> Result<(), LoggedModelError> {
        if !self.name.is_empty() {
            check_name(&self.name)?;
        }
        if self.model_type.chars().count() > NAME_MAX {
            return Err(LoggedModelError::ModelType);
        }
        check_params(&self.params)?;
        check_tags(&self.tags)
    }
}

/// Whether a run read a model or made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Input,
    Output,
}

impl Direction {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// A model that a run read or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLink {
    pub run: RunId,
    pub model: LoggedModelId,
    pub direction: Direction,
    /// The training step at which the run made it.
    pub step: i64,
}

fn check_name(name: &str) -> Result<(), LoggedModelError> {
    let bad = |c: char| is_invisible(c) || matches!(c, '/' | ':' | '.' | '%' | '"' | '\'');
    if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(bad) {
        return Err(LoggedModelError::Name(name.chars().take(NAME_MAX).collect()));
    }
    Ok(())
}

/// Cuts values that are too long: a model with a long list among its params is still logged.
pub fn shorten(params: &mut [(String, String)]) {
    for (_, value) in params {
        if let Some((end, _)) = value.char_indices().nth(PARAM_VALUE_MAX) {
            value.truncate(end);
        }
    }
}

/// Checks params: keys, and that none comes twice.
pub fn check_params(params: &[(String, String)]) -> Result<(), LoggedModelError> {
    check_pairs(params, usize::MAX)?;
    let mut seen = std::collections::HashSet::new();
    match params.iter().find(|(key, _)| !seen.insert(key)) {
        Some((key, _)) => Err(LoggedModelError::ParamChanged(key.clone())),
        None => Ok(()),
    }
}

/// Checks tags: keys and lengths. Of a key that comes twice, the last value counts.
pub fn check_tags(tags: &[(String, String)]) -> Result<(), LoggedModelError> {
    check_pairs(tags, TAG_VALUE_MAX)
}

fn check_pairs(pairs: &[(String, String)], value_max: usize) -> Result<(), LoggedModelError> {
    if pairs.len() > PAIRS_MAX {
        return Err(LoggedModelError::TooMany(pairs.len()));
    }
    for (key, value) in pairs {
        check_key(key).map_err(|refused| LoggedModelError::Key(refused.0))?;
        if value.chars().count() > value_max {
            return Err(LoggedModelError::Value(key.clone()));
        }
    }
    Ok(())
}

/// The metrics to store of one request: for each key, run and dataset the one with the greatest step, then time, then value. A NaN counts as less
/// than every number.
pub fn latest(metrics: &[ModelMetric]) -> Vec<&ModelMetric> {
    let mut latest: std::collections::BTreeMap<_, &ModelMetric> = std::collections::BTreeMap::new();
    for metric in metrics {
        let place = (metric.model, metric.run, &metric.key, &metric.dataset.name, &metric.dataset.digest);
        let newer = |old: &ModelMetric| {
            (metric.step, metric.at_ms) > (old.step, old.at_ms)
                || (metric.step, metric.at_ms) == (old.step, old.at_ms) && (metric.value > old.value || old.value.is_nan())
        };
        if latest.get(&place).is_none_or(|old| newer(old)) {
            latest.insert(place, metric);
        }
    }
    latest.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_be_taken_for_uris() {
        for good in ["model", "my model-v2_x", "模型"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a/b", "a:b", "a.b", "a%b", "a\"b", "a'b", "a\nb", "a\u{202e}", &"x".repeat(257)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn t37_params_are_bounded_and_written_once() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert!(check_params(&[pair("a", "1"), pair("b c/d:e-f.g_h", "")]).is_ok());
        assert!(check_params(&[pair("a", "1"), pair("a", "1")]).is_err());
        for key in ["", "a\"", "a`", "../a", "a//b", "/a", &"k".repeat(251)] {
            assert!(check_params(&[pair(key, "1")]).is_err(), "{key:?}");
        }
        let mut long = [pair("a", &"é".repeat(PARAM_VALUE_MAX + 1)), pair("b", "short")];
        shorten(&mut long);
        assert_eq!((long[0].1.chars().count(), long[1].1.as_str()), (PARAM_VALUE_MAX, "short"));
        assert!(check_tags(&vec![pair("a", "1"); PAIRS_MAX + 1]).is_err());
    }

    #[test]
    fn the_latest_metric_is_the_greatest_step_time_and_value() {
        let id = "0190aaaabbbb7ccc8dddeeeeffff0001";
        let metric = |key: &str, value, step, at_ms| ModelMetric {
            model: id.parse().unwrap(),
            run: id.parse().unwrap(),
            key: key.into(),
            value,
            step,
            at_ms,
            dataset: Dataset::default(),
        };
        let metrics = [metric("a", 1.0, 2, 5), metric("a", 9.0, 1, 9), metric("a", f64::NAN, 2, 6), metric("a", 0.5, 2, 6), metric("b", 3.0, 0, 0)];
        let kept: Vec<_> = latest(&metrics).iter().map(|m| (m.key.as_str(), m.value)).collect();
        assert_eq!(kept, [("a", 0.5), ("b", 3.0)]);
    }
}
