//! Why there is no comparison.

use shared::{
    ErrorCode,
    comparison::{GROUPS_MAX, RUNS_MAX, RUNS_NAMED_MAX},
};

use crate::fault::Fault;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComparisonError {
    #[error("Choose what to compare: name runs, or an experiment for each group.")]
    Nothing,
    #[error("At most {GROUPS_MAX} groups can be compared at once.")]
    TooManyGroups,
    #[error("At most {RUNS_NAMED_MAX} runs can be named one by one. Make groups of an experiment with a filter or a period instead.")]
    TooManyNamed,
    #[error("The groups hold more than {RUNS_MAX} runs. Nothing is left out of a comparison: narrow a filter or a period.")]
    TooManyRuns,
    #[error("One of the runs was not found.")]
    NoRun(String),
    #[error("One of the experiments was not found.")]
    NoExperiment(String),
    #[error("Write the day as 2026-11-30.")]
    Day(&'static str),
    #[error("The period ends before it begins.")]
    Period,
    #[error("A group's name has at most 120 characters and no control characters.")]
    GroupName,
    #[error("A smoothing is between 0 and 0.99.")]
    Smoothing,
    #[error("Ask for the curves of at most 24 runs, with 4 to 4000 points each.")]
    Curves,
    #[error("This format is not one of html, md, csv and pdf.")]
    Format,
    #[error("A comparison of this name is saved already. Choose another name.")]
    Taken,
    #[error("There are 500 saved comparisons. Remove one that nobody uses.")]
    Full,
}

impl From<ComparisonError> for Fault {
    fn from(error: ComparisonError) -> Self {
        use ComparisonError as E;
        let message = error.to_string();
        match error {
            E::Nothing => Fault::invalid("groups", message),
            E::TooManyGroups | E::TooManyNamed | E::TooManyRuns | E::Full => Fault::new(ErrorCode::LimitExceeded, message),
            E::NoRun(id) => Fault::missing("run", id, message),
            E::NoExperiment(id) => Fault::missing("experiment", id, message),
            E::Day(field) => Fault::invalid(field, message),
            E::Period => Fault::invalid("to", message),
            E::GroupName => Fault::invalid("name", message),
            E::Smoothing => Fault::invalid("smoothing", message),
            E::Curves => Fault::invalid("runs", message),
            E::Format => Fault::invalid("format", message),
            E::Taken => Fault::new(ErrorCode::AlreadyExists, message),
        }
    }
}
