//! Grants of support access, and what came of them.

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    Permission::{self, ArtifactsRead, CommentsRead, ExperimentsRead, MembersRead, ModelsRead, ProjectsRead, RolesRead, RunsRead},
    field::{DisplayName, Email},
    ids::SupportGrantId,
    limits::SUPPORT_HOURS,
};

use super::SupportError;

/// How often support enters by one grant.
pub const VISITS_MAX: usize = 50;
/// What a grant lets be looked at: what a viewer reads, and nothing that is a member's own.
pub const LOOKS: [Permission; 8] = [ExperimentsRead, RunsRead, ArtifactsRead, ModelsRead, CommentsRead, ProjectsRead, MembersRead, RolesRead];

/// Leave to look into the organization for a while.
#[derive(Clone, Debug)]
pub struct SupportGrant {
    pub id: SupportGrantId,
    pub reason: String,
    /// The address of who gave it.
    pub granted_by: String,
    pub granted_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<String>,
    /// Whether it is worth something: it is neither ended nor over, and who gave it belongs to the organization still.
    pub is_open: bool,
    /// Each time that support entered by it, the oldest first.
    pub visits: Vec<Visit>,
}

/// One time that support entered.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Name and address, as the operator gave them.
    pub operator: String,
    pub entered_at: DateTime<Utc>,
    /// When its address was opened in a browser; `None`: it was not.
    pub opened_at: Option<DateTime<Utc>>,
    /// To within half a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub left_at: Option<DateTime<Utc>>,
}

/// By whose leave the caller looks, and until when.
#[derive(Clone, Debug)]
pub struct SupportSession {
    pub operator: String,
    pub granted_by: String,
    pub expires_at: DateTime<Utc>,
}

/// What the operator is given: an address that begins a session, once.
pub struct Entered {
    pub url: String,
    pub granted_by: String,
    pub expires_at: DateTime<Utc>,
}

/// How long a new grant lasts.
pub fn check_hours(hours: i32) -> Result<TimeDelta, SupportError> {
    if SUPPORT_HOURS.contains(&hours) { Ok(TimeDelta::hours(hours.into())) } else { Err(SupportError::Hours) }
}

/// Who of the operator enters: `Name <mail address>`.
pub fn check_operator(text: &str) -> Result<String, SupportError> {
    let (name, rest) = text.split_once('<').ok_or(SupportError::Operator)?;
    let address = rest.trim().strip_suffix('>').and_then(|address| Email::parse(address).ok()).ok_or(SupportError::Operator)?;
    let name = DisplayName::parse(name).map_err(|_| SupportError::Operator)?;
    Ok(format!("{} <{}>", name.as_str(), address.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_lasts_hours_that_one_can_choose() {
        assert_eq!(check_hours(72), Ok(TimeDelta::hours(72)));
        for hours in [0, -1, 2, 73, i32::MAX] {
            assert_eq!(check_hours(hours), Err(SupportError::Hours));
        }
    }

    #[test]
    fn t19_an_operator_is_somebody_with_an_address() {
        assert_eq!(check_operator(" Sam Support <Sam@Example.com> ").as_deref(), Ok("Sam Support <sam@example.com>"));
        for nobody in
            ["", "Sam", "<sam@example.com>", "sam@example.com", "Sam <sam>", "Sam <sam@example.com", "S\nam <sam@example.com>", "Sam <a@b.c> x"]
        {
            assert_eq!(check_operator(nobody), Err(SupportError::Operator), "{nobody:?}");
        }
    }

    #[test]
    fn t19_whoever_looks_reads_what_a_viewer_reads() {
        let viewer = shared::Role::Viewer.permissions();
        assert!(LOOKS.iter().all(|permission| permission.action() == "read" && viewer.contains(permission)));
    }
}
