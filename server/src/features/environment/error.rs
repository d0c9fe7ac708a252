//! Why environments are not compared.

use shared::{ErrorCode, ids::RunId};

use super::RUNS_MAX;
use crate::fault::Fault;

/// One case a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentError {
    NoRun(RunId),
    TooMany,
}

impl From<EnvironmentError> for Fault {
    fn from(error: EnvironmentError) -> Self {
        match error {
            EnvironmentError::NoRun(id) => Self::not_found("run", id),
            EnvironmentError::TooMany => Self::new(ErrorCode::LimitExceeded, format!("Environments of at most {RUNS_MAX} runs are compared.")),
        }
    }
}
