//! A template and its rules.

use chrono::{DateTime, Utc};
use shared::{
    field::DisplayName,
    ids::{ExperimentId, RunId, TemplateId},
};
use uuid::Uuid;

use super::TemplateError;

/// The tag by which a run or an experiment says what it was started from: a template's id.
pub const TAG: &str = "assay.template";
/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 2_000;
/// Runs and experiments started from a template that are named, the latest of each first.
pub const STARTED_MAX: i64 = 20;

/// What a template is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Run(RunId),
    Experiment(ExperimentId),
}

impl Origin {
    /// The run, when it is one.
    pub fn run(self) -> Option<RunId> {
        match self {
            Self::Run(id) => Some(id),
            Self::Experiment(_) => None,
        }
    }

    /// The experiment, when it is one.
    pub fn experiment(self) -> Option<ExperimentId> {
        match self {
            Self::Experiment(id) => Some(id),
            Self::Run(_) => None,
        }
    }

    pub fn uuid(self) -> Uuid {
        match self {
            Self::Run(id) => id.uuid(),
            Self::Experiment(id) => id.uuid(),
        }
    }
}

/// A run or an experiment to start from.
#[derive(Clone, Debug)]
pub struct Template {
    pub id: TemplateId,
    pub origin: Origin,
    pub name: String,
    /// What it is good for; may be empty.
    pub description: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub removed: bool,
}

/// What a template is called and said to be good for, checked.
///
/// # Errors
/// `Invalid` naming `name` or `description`.
pub fn check(name: &str, description: &str) -> Result<(String, String), TemplateError> {
    let name = DisplayName::parse(name).map_err(|refused| TemplateError::Name(refused.0))?;
    let description = description.trim();
    if description.chars().count() > DESCRIPTION_MAX {
        return Err(TemplateError::Description(format!("A description has at most {DESCRIPTION_MAX} characters.")));
    }
    if description.contains('\0') {
        return Err(TemplateError::Description("A description cannot hold the character U+0000.".into()));
    }
    Ok((name.as_str().to_owned(), description.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_descriptions_have_their_bounds() {
        assert_eq!(check(" Baseline ", " good \n"), Ok(("Baseline".into(), "good".into())));
        assert!(matches!(check("", ""), Err(TemplateError::Name(_))));
        assert!(check("a", &"é".repeat(DESCRIPTION_MAX)).is_ok());
        for bad in ["x".repeat(DESCRIPTION_MAX + 1), "a\0b".into()] {
            assert!(matches!(check("a", &bad), Err(TemplateError::Description(_))));
        }
    }
}
