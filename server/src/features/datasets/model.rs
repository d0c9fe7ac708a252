//! A dataset as a run's input.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::limits::PAIRS_MAX;

use super::error::DatasetError;
use crate::fault::Fault;

/// The tag that says what a dataset was used for: training, validation.
pub const CONTEXT_TAG: &str = "mlflow.data.context";
/// Most datasets of one request.
const INPUTS_MAX: usize = 1_000;

/// A dataset that a run used. `source`, `schema` and `profile` are what the client says, usually JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    pub name: String,
    pub digest: String,
    pub source_type: String,
    pub source: String,
    /// Empty: unknown.
    pub schema: String,
    /// Empty: unknown.
    pub profile: String,
    pub tags: Vec<(String, String)>,
}

/// An input as it is read in one text, its tags an object.
#[derive(Deserialize)]
struct Stored {
    name: String,
    digest: String,
    source_type: String,
    source: String,
    schema: String,
    profile: String,
    tags: BTreeMap<String, String>,
}

/// An input that was read in one text: an object with its members by their names, the tags an object too.
///
/// # Errors
/// `Internal` for another text.
pub fn stored(text: &str) -> Result<Input, Fault> {
    let Stored { name, digest, source_type, source, schema, profile, tags } = serde_json::from_str(text).map_err(Fault::internal)?;
    Ok(Input { name, digest, source_type, source, schema, profile, tags: tags.into_iter().collect() })
}

impl Input {
    /// What the dataset was used for.
    pub fn context(&self) -> Option<&str> {
        self.tags.iter().find(|(key, _)| key == CONTEXT_TAG).map(|(_, value)| value.as_str())
    }

    fn check(&self) -> Result<(), DatasetError> {
        if self.name.is_empty() {
            return Err(DatasetError::Empty("name"));
        }
        if self.digest.is_empty() {
            return Err(DatasetError::Empty("digest"));
        }
        if self.tags.len() > PAIRS_MAX {
            return Err(DatasetError::TooManyTags(self.tags.len()));
        }
        let fields = [
            ("name", &self.name, 500),
            ("digest", &self.digest, 36),
            ("source_type", &self.source_type, 500),
            ("source", &self.source, 65_535),
            ("schema", &self.schema, 1_048_575),
            ("profile", &self.profile, 16_777_215),
        ];
        let tags = self.tags.iter().flat_map(|(key, value)| [("tag key", key, 255), ("tag value", value, 500)]);
        for (what, text, most) in fields.into_iter().chain(tags) {
            if text.chars().count() > most {
                return Err(DatasetError::TooLong(what, most));
            }
            if text.contains('\0') {
                return Err(DatasetError::Nul(what));
            }
        }
        Ok(())
    }
}

/// Checks inputs and drops those whose name and digest came before.
///
/// # Errors
/// [`DatasetError`] for what breaks a rule.
pub fn settle(inputs: &mut Vec<Input>) -> Result<(), DatasetError> {
    if inputs.len() > INPUTS_MAX {
        return Err(DatasetError::TooMany(INPUTS_MAX));
    }
    inputs.iter().try_for_each(Input::check)?;
    let mut seen = std::collections::HashSet::new();
    inputs.retain(|input| seen.insert((input.name.clone(), input.digest.clone())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_checked_and_come_once() {
        let input = |name: &str, digest: &str| Input { name: name.into(), digest: digest.into(), ..Input::default() };
        let mut inputs = vec![input("a", "1"), input("a", "2"), input("a", "1")];
        assert_eq!(settle(&mut inputs), Ok(()));
        assert_eq!(inputs.len(), 2);
        for bad in [input("", "1"), input("a", ""), input("a\0", "1"), input(&"x".repeat(501), "1"), input("a", &"x".repeat(37))] {
            assert!(settle(&mut vec![bad]).is_err());
        }
    }
}
