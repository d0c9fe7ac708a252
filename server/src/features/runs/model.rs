//! Runs and their rules.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};
use shared::{
    field::RunName,
    ids::{ExperimentId, RunId},
    key::check_key,
    limits::PAIRS_MAX,
};

use super::error::RunError;
use crate::{
    access::Reach,
    fault::Fault,
    features::{
        datasets::Input,
        experiments::{ExperimentRef, mlflow_id},
        logged_models::ModelLink,
        metrics::Latest,
    },
};

/// The tag that is the run's name.
pub const NAME_TAG: &str = "mlflow.runName";
/// The tag that is the run's note.
pub const NOTE_TAG: &str = "mlflow.note.content";
/// The tag in which clients of MLflow 2 find what they said of a run's models: a list in JSON.
pub const MODELS_TAG: &str = "mlflow.log-model.history";
/// Longest value of a param, in characters. Longer ones are cut, as MLflow does.
const PARAM_VALUE_MAX: usize = 6_000;
/// Longest value of a tag, in characters. Longer ones are cut, as MLflow does.
pub const TAG_VALUE_MAX: usize = 8_000;

/// Where a run stands. The names are those of the MLflow protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Running,
    Scheduled,
    Finished,
    Failed,
    Killed,
}

impl Status {
    pub const ALL: [Status; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the run has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Killed)
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub experiment_id: ExperimentId,
    /// Whether the experiment is the default one, which the MLflow protocol shows as `0`.
    pub in_default: bool,
    pub name: String,
    /// Who the client says ran it.
    pub user: String,
    /// The name of the member whose credential created it.
    pub created_by: String,
    pub status: Status,
    /// The client's times, milliseconds since the epoch.
    pub started_ms: i64,
    pub ended_ms: Option<i64>,
    pub removed: bool,
    /// Grows with every write to anything of the run.
    pub revision: i64,
}

impl Run {
    /// The experiment's id as the MLflow protocol shows it.
    pub fn experiment_mlflow_id(&self) -> String {
        mlflow_id(self.experiment_id, self.in_default)
    }
}

/// What a run logged, each list by key.
#[derive(Clone, Debug, Default)]
pub struct RunData {
    pub metrics: Vec<Latest>,
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
}

/// What several runs logged, and what hangs on them.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    pub data: HashMap<RunId, RunData>,
    /// Datasets, in the order they were logged.
    pub inputs: HashMap<RunId, Vec<Input>>,
    /// Models that they read or made.
    pub links: Vec<ModelLink>,
}

/// A run to create.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub experiment: ExperimentRef,
    /// Where the experiment has to be.
    pub reach: Reach,
    /// Empty: the name tag's value, or a random one.
    pub name: String,
    pub user: String,
    /// Milliseconds since the epoch; `None`: now.
    pub started_ms: Option<i64>,
    pub tags: Vec<(String, String)>,
}

impl NewRun {
    /// Checks what needs no database; settles the name, and the tag that carries it.
    ///
    /// # Errors
    /// [`RunError`] for what breaks a rule.
    pub fn settle(&mut self, random: impl FnOnce() -> String) -> Result<(), RunError> {
        if self.tags.len() > PAIRS_MAX {
            return Err(RunError::TooMany { what: "tags", most: PAIRS_MAX, got: self.tags.len() });
        }
        check_tags(&mut self.tags)?;
        check_value("user_id", &self.user)?;
        if self.started_ms.is_some_and(|ms| ms < 0) {
            return Err(RunError::Time("start_time"));
        }
        let tag = self.tags.iter().rev().find(|(key, _)| key == NAME_TAG).map(|(_, value)| value.clone()).filter(|value| !value.is_empty());
        match tag {
            Some(tag) if !self.name.is_empty() && tag != self.name => return Err(RunError::TwoNames { name: self.name.clone(), tag }),
            Some(tag) => self.name = tag,
            None if self.name.is_empty() => self.name = random(),
            None => {}
        }
        check_name(&self.name)?;
        self.tags.retain(|(key, _)| key != NAME_TAG);
        self.tags.push((NAME_TAG.to_owned(), self.name.clone()));
        Ok(())
    }
}

/// A change of a run; `None` leaves a field.
#[derive(Clone, Debug, Default)]
pub struct RunChange {
    pub status: Option<Status>,
    pub ended_ms: Option<i64>,
    pub name: Option<String>,
}

impl RunChange {
    /// Checks what needs no database.
    ///
    /// # Errors
    /// [`RunError`] for what breaks a rule.
    pub fn check(&self) -> Result<(), RunError> {
        if self.ended_ms.is_some_and(|ms| ms < 0) {
            return Err(RunError::Time("end_time"));
        }
        self.name.as_deref().map_or(Ok(()), check_name)
    }
}

/// Checks a run's name.
pub fn check_name(name: &str) -> Result<(), RunError> {
    RunName::parse(name).map(drop).map_err(|refused| RunError::Name(refused.0))
}

fn check_value(key: &str, value: &str) -> Result<(), RunError> {
    if value.contains('\0') { Err(RunError::Nul(key.to_owned())) } else { Ok(()) }
}

fn cut(value: &mut String, most: usize) {
    if let Some((end, _)) = value.char_indices().nth(most) {
        value.truncate(end);
    }
}

/// Checks params, that no key comes twice, and cuts long values.
pub fn check_params(params: &mut [(String, String)]) -> Result<(), RunError> {
    let mut seen = std::collections::HashSet::new();
    for (key, value) in params.iter_mut() {
        check_key(key).map_err(|refused| RunError::Key(refused.0))?;
        check_value(key, value)?;
        cut(value, PARAM_VALUE_MAX);
    }
    match params.iter().find(|(key, _)| !seen.insert(key)) {
        Some((key, _)) => Err(RunError::DuplicateParam(key.clone())),
        None => Ok(()),
    }
}

/// Checks tags and cuts long values. A name in them must be one.
pub fn check_tags(tags: &mut [(String, String)]) -> Result<(), RunError> {
    for (key, value) in tags {
        check_key(key).map_err(|refused| RunError::Key(refused.0))?;
        check_value(key, value)?;
        cut(value, TAG_VALUE_MAX);
        if key == NAME_TAG && !value.is_empty() {
            check_name(value)?;
        }
    }
    Ok(())
}

/// Params as the text of an object, as they are stored.
///
/// # Errors
/// `Internal`, which texts never are.
pub fn param_set(params: &[(String, String)]) -> Result<String, Fault> {
    let set: BTreeMap<&str, &str> = params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    serde_json::to_string(&set).map_err(Fault::internal)
}

/// Whether a param is taken for a seed: runs that differ in nothing else repeat one another. The database has the same rule.
pub fn is_seed(key: &str) -> bool {
    let lower = key.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    lower.ends_with("random_state") || words.any(|word| matches!(word, "seed" | "seeds" | "randomseed" | "fold" | "replicate" | "repetition"))
}

/// What runs with the same params have in common, seeds aside: the exclusive or of the first eight bytes of each param's SHA-256; zero without any. The
/// database makes the same one (`fingerprint_of`).
pub fn fingerprint(params: &[(String, String)]) -> i64 {
    let set: BTreeMap<&str, &str> = params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let counted = set.into_iter().filter(|(key, _)| !is_seed(key));
    counted.fold(0, |mark, (key, value)| {
        let digest: [u8; 32] = Sha256::new().chain_update(key).chain_update("=").chain_update(value).finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        mark ^ i64::from_be_bytes([a, b, c, d, e, f, g, h])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, tags: &[(&str, &str)]) -> NewRun {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        NewRun { experiment: ExperimentRef::Default, reach: Reach::Organization, name: name.to_owned(), user: String::new(), started_ms: None, tags }
    }

    #[test]
    fn c5_3a_seeds_are_known_by_their_names() {
        assert!(["seed", "random_state", "model__random_state", "train.seed", "np_random_seed", "cv_fold", "SEED"].into_iter().all(is_seed));
        assert!(["seedling", "learning_rate", "folder", "proceed", "state"].into_iter().all(|key| !is_seed(key)));
    }

    #[test]
    fn name_and_tag_are_one_value() {
        for (name, tags, settled) in
            [("a", &[][..], "a"), ("", &[(NAME_TAG, "b")], "b"), ("c", &[(NAME_TAG, "c")], "c"), ("", &[], "random"), ("d", &[(NAME_TAG, "")], "d")]
        {
            let mut run = new(name, tags);
            assert_eq!(run.settle(|| "random".into()), Ok(()));
            assert_eq!(run.name, settled);
            assert_eq!(run.tags, [(NAME_TAG.to_owned(), settled.to_owned())]);
        }
        assert!(matches!(new("a", &[(NAME_TAG, "b")]).settle(String::new), Err(RunError::TwoNames { .. })));
    }

    #[test]
    fn t37_long_values_are_cut_and_keys_are_checked() {
        let mut params = vec![("k".to_owned(), "é".repeat(7_000))];
        assert_eq!(check_params(&mut params), Ok(()));
        assert_eq!(params[0].1.chars().count(), 6_000);
        let twice = |key: &str| (key.to_owned(), "1".to_owned());
        assert!(matches!(check_params(&mut [twice("a"), twice("b"), twice("a")]), Err(RunError::DuplicateParam(_))));
        assert!(check_tags(&mut [("k".to_owned(), "a\0b".to_owned())]).is_err());
        assert!(check_tags(&mut [("it's".to_owned(), String::new())]).is_err());
    }
}
