//! Job tokens, without their secrets.

use chrono::{DateTime, Utc};
use shared::ids::{JobTokenId, ProjectId, RunId};

use super::JobTokenError;

/// Tokens of one run that hold at the same time.
pub const TOKENS_MAX: usize = 20;
/// How long a token can be made for: a week.
pub const HOURS_MAX: i32 = 168;

/// A token that holds.
#[derive(Clone, Debug)]
pub struct JobToken {
    pub id: JobTokenId,
    pub run: RunId,
    /// The last four characters of the secret.
    pub hint: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The run that a token is for.
#[derive(Clone, Debug)]
pub struct Target {
    pub project: ProjectId,
    /// What audit entries call it.
    pub name: String,
    /// Whether it waits or goes on.
    pub open: bool,
}

/// The life of a new token in hours.
pub fn check_hours(hours: i32) -> Result<i64, JobTokenError> {
    if (1..=HOURS_MAX).contains(&hours) { Ok(hours.into()) } else { Err(JobTokenError::Hours) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t16_every_job_token_ends_within_a_week() {
        assert_eq!((check_hours(1), check_hours(168)), (Ok(1), Ok(168)));
        for hours in [0, -1, 169, i32::MAX, i32::MIN] {
            assert_eq!(check_hours(hours), Err(JobTokenError::Hours));
        }
    }
}
