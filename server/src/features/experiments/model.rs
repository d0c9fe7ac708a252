//! Experiments and their rules.

use chrono::{DateTime, Utc};
use shared::{
    field::ExperimentName,
    ids::{ExperimentId, ProjectId},
    key::check_key,
    limits::PAIRS_MAX,
};

use super::error::ExperimentError;
use crate::{
    access::Reach,
    features::filter::{Attribute, Entity, Fields, Grammar, Ops, Value},
};

/// Longest value of a tag, in characters.
const TAG_VALUE_MAX: usize = 20_000;

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub id: ExperimentId,
    pub project_id: ProjectId,
    pub name: String,
    pub is_default: bool,
    /// The e-mail address of the member who made it; empty for the default experiment.
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// Changes on rename, removal and restoring.
    pub updated_at: DateTime<Utc>,
    pub removed_at: Option<DateTime<Utc>>,
    /// Since when, and by whose doing, everybody may read it whose roles let them read experiments.
    pub shared: Option<(DateTime<Utc>, String)>,
}

impl Experiment {
    /// The id as the MLflow protocol shows it.
    pub fn mlflow_id(&self) -> String {
        mlflow_id(self.id, self.is_default)
    }
}

/// The id as the MLflow protocol shows it: `0` for the default experiment, else 32 hexadecimal characters.
pub fn mlflow_id(id: ExperimentId, is_default: bool) -> String {
    if is_default { "0".to_owned() } else { id.hex() }
}

/// How callers name an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExperimentRef {
    Default,
    Id(ExperimentId),
}

impl ExperimentRef {
    /// Reads `0`, 32 hexadecimal characters, or the prefixed form.
    ///
    /// # Errors
    /// [`ExperimentError::Missing`]: whatever else it is, it names no experiment.
    pub fn parse(text: &str) -> Result<Self, ExperimentError> {
        if text == "0" {
            return Ok(Self::Default);
        }
        text.parse().map(Self::Id).map_err(|_| ExperimentError::Missing(text.chars().take(64).flat_map(char::escape_debug).collect()))
    }

    pub fn id(self) -> Option<ExperimentId> {
        match self {
            Self::Default => None,
            Self::Id(id) => Some(id),
        }
    }
}

impl std::fmt::Display for ExperimentRef {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => out.write_str("0"),
            Self::Id(id) => out.write_str(&id.hex()),
        }
    }
}

/// Which rows a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifecycle {
    #[default]
    Active,
    Deleted,
    All,
}

/// Runs of an experiment that are counted.
pub const RUNS_COUNTED: i64 = 100_000;

/// What the runs of an experiment say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Runs that are not removed.
    pub runs: i64,
    /// Whether there are more than those, which nobody counted.
    pub runs_is_least: bool,
    /// When the latest of them started, milliseconds since the epoch.
    pub last_started_ms: Option<i64>,
}

/// The keys that recent runs of an experiment carry, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    pub metrics: Vec<String>,
    pub params: Vec<String>,
    pub tags: Vec<String>,
}

/// A search for experiments.
#[derive(Clone, Debug, Default)]
pub struct ExperimentQuery {
    /// Whose experiments.
    pub reach: Reach,
    pub filter: String,
    pub order: Vec<String>,
    pub lifecycle: Lifecycle,
    pub limit: u64,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// What can be searched of experiments.
pub const GRAMMAR: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attribute", "attributes", "attr"],
            fields: Fields::Known(&[
                Attribute::text("name", Ops::EQUAL.and(Ops::LIKE)),
                Attribute::text("experiment_id", Ops::EQUAL.and(Ops::IN)),
                Attribute::number("creation_time"),
                Attribute::number("last_update_time"),
                // Not MLflow's: when its latest run started, 0 without one.
                Attribute::number("last_run_time"),
            ]),
        },
        Entity {
            name: "tag",
            spellings: &["tag", "tags"],
            fields: Fields::Any { value: Value::Text, ops: Ops::EQUAL.and(Ops::LIKE).and(Ops::NULL), sortable: false },
        },
    ],
};

/// The name as it is kept: in Unicode's composed form (NFC), so that two spellings of one name are one name. What hides a character, or looks like another
/// name, is none.
///
/// # Errors
/// [`ExperimentError::Name`].
pub fn check_name(name: &str) -> Result<String, ExperimentError> {
    ExperimentName::parse(name).map(ExperimentName::into_string).map_err(|refused| ExperimentError::Name(refused.0))
}

/// Checks the tags of one request.
///
/// # Errors
/// [`ExperimentError::TooManyTags`], and as [`check_tag`].
pub fn check_tags(tags: &[(String, String)]) -> Result<(), ExperimentError> {
    if tags.len() > PAIRS_MAX {
        return Err(ExperimentError::TooManyTags(tags.len()));
    }
    tags.iter().try_for_each(|(key, value)| check_tag(key, value))
}

/// Checks a tag.
///
/// # Errors
/// [`ExperimentError::Tag`].
pub fn check_tag(key: &str, value: &str) -> Result<(), ExperimentError> {
    check_key(key).map_err(|refused| ExperimentError::Tag(refused.0))?;
    if value.chars().count() > TAG_VALUE_MAX {
        return Err(ExperimentError::Tag(format!("The value of tag '{key}' exceeds the maximum length of {TAG_VALUE_MAX} characters.")));
    }
    if value.contains('\0') {
        return Err(ExperimentError::Tag(format!("The value of tag '{key}' contains the character U+0000.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t46_names_are_composed_and_hold_nothing_invisible() {
        assert_eq!(check_name("fraude\u{301}"), Ok("fraud\u{e9}".into()));
        assert!(check_name(&"x".repeat(500)).is_ok());
        for name in [
            "",
            "  ",
            "a\0b",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "a\u{2028}b",
            "a\u{AD}b",
            "a\u{61C}b",
            "a\u{180E}b",
            "fr\u{430}ud",
            "x\u{1b}]0;y",
            &"x".repeat(501),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn references_are_read() {
        assert_eq!(ExperimentRef::parse("0"), Ok(ExperimentRef::Default));
        assert!(ExperimentRef::parse("exp_0190aaaabbbb7ccc8dddeeeeffff0001").is_ok());
        for text in ["", "1", "00", "-1", "../0", "run_0190aaaabbbb7ccc8dddeeeeffff0001", "0190aaaabbbb7ccc8dddeeeeffff000\u{0}"] {
            assert!(ExperimentRef::parse(text).is_err(), "{text:?}");
        }
    }
}
