//! Links, without their secrets.

use chrono::{DateTime, Utc};
use shared::ids::{ExperimentId, LinkId, ProjectId, RunId};

use super::LinkError;

/// Links to one experiment and its runs that hold at the same time.
pub const LINKS_MAX: i64 = 50;
/// How long a link can be made for.
pub const DAYS_MAX: i32 = 365;

/// A link that holds.
#[derive(Clone, Debug)]
pub struct Link {
    pub id: LinkId,
    pub experiment: ExperimentId,
    /// `None`: it shows every run of the experiment.
    pub run: Option<RunId>,
    /// For whom it was made.
    pub label: String,
    /// The last four characters of the secret.
    pub hint: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What the link shows by which the caller came.
#[derive(Clone, Debug)]
pub struct Opened {
    pub experiment: ExperimentId,
    pub run: Option<RunId>,
}

/// What a link is to show.
#[derive(Clone, Debug)]
pub struct Target {
    pub experiment: ExperimentId,
    pub run: Option<RunId>,
    pub project: ProjectId,
    /// What audit entries call it.
    pub name: String,
    pub removed: bool,
}

/// The life of a new link in days.
pub fn check_days(days: i32) -> Result<i64, LinkError> {
    if (1..=DAYS_MAX).contains(&days) { Ok(days.into()) } else { Err(LinkError::Days) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_ends_within_a_year() {
        assert_eq!((check_days(1), check_days(365)), (Ok(1), Ok(365)));
        for days in [0, -1, 366, i32::MAX, i32::MIN] {
            assert_eq!(check_days(days), Err(LinkError::Days));
        }
    }
}
