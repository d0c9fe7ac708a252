//! What can be wrong with a template.

use shared::{
    ErrorCode,
    ids::{RunId, TemplateId},
};

use crate::fault::Fault;

/// One case a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    Missing(TemplateId),
    NoRun(RunId),
    RunRemoved,
    ExperimentRemoved,
    /// It runs on, failed or was ended.
    NotFinished,
    /// The run is one already.
    Twice,
    /// So is the experiment.
    ExperimentTwice,
    /// No experiment is started from it.
    IsRun,
    /// The project has one of this name.
    Taken,
    Name(String),
    Description(String),
    Removed,
}

impl From<TemplateError> for Fault {
    fn from(error: TemplateError) -> Self {
        use TemplateError as E;
        match error {
            E::Missing(id) => Self::not_found("template", id),
            E::NoRun(id) => Self::not_found("run", id),
            E::RunRemoved => Self::conflict("This run was removed. Restore it to make it a template."),
            E::ExperimentRemoved => Self::conflict("This experiment was removed. Restore it to make it a template."),
            E::NotFinished => Self::conflict("Only a run that has finished is a template: this one has not, or it failed."),
            E::Twice => Self::new(ErrorCode::AlreadyExists, "This run is a template already."),
            E::ExperimentTwice => Self::new(ErrorCode::AlreadyExists, "This experiment is a template already."),
            E::IsRun => Self::conflict("This template is a run: runs are started from it, and no experiment."),
            E::Taken => Self::new(ErrorCode::AlreadyExists, "The project has a template of this name."),
            E::Name(why) => Self::invalid("name", why),
            E::Description(why) => Self::invalid("description", why),
            E::Removed => Self::conflict("This template was removed. Restore it to change it."),
        }
    }
}
