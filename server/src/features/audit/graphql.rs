//! The audit log in the API.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::{Filter, LogEntry};
use crate::{
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// Whether an act was carried out.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum AuditOutcome {
    /// It was carried out.
    Done,
    /// It was attempted and refused.
    Denied,
}

/// Which entries; an unset part matches all.
#[derive(InputObject, Default)]
pub struct AuditFilter {
    /// The actor's e-mail address, exactly.
    actor: Option<String>,
    /// `run.create`, or `run` for every act on runs.
    action: Option<String>,
    /// The subject's id or name, exactly.
    subject: Option<String>,
    /// Only what was carried out, or only what was refused.
    outcome: Option<AuditOutcome>,
    /// From this time on.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
}

impl From<AuditFilter> for Filter {
    fn from(input: AuditFilter) -> Self {
        let text = |value: Option<String>| value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let outcome = input.outcome.map(|outcome| match outcome {
            AuditOutcome::Done => "done",
            AuditOutcome::Denied => "denied",
        });
        Self { actor: text(input.actor), action: text(input.action), subject: text(input.subject), outcome, from: input.from, to: input.to }
    }
}

/// One act.
pub struct AuditEntry(LogEntry);

/// One act, as it was entered in the transaction that carried it out.
#[Object]
impl AuditEntry {
    /// Without gaps, from 1.
    async fn sequence(&self) -> i64 {
        self.0.sequence
    }
    /// When, to the microsecond.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// The actor's e-mail address at that time, or the job's kind; of an operator `operator`, of their support who it is and by whose leave.
    async fn actor(&self) -> &str {
        &self.0.actor
    }
    /// `member` (a browser), `token` (a script), `service` (a service account), `job_token`, `job`, `operator` (a command on the server), `support` (somebody of the operator,
    /// by leave of a member) or `anonymous`.
    async fn actor_kind(&self) -> &str {
        &self.0.actor_kind
    }
    /// Noun and verb: `run.create`.
    async fn action(&self) -> &str {
        &self.0.action
    }
    /// What kind of thing it was done to: `run`, `member`, `permission`.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }
    /// The id of what it was done to: `run_…`.
    async fn subject_id(&self) -> &str {
        &self.0.subject_id
    }
    /// What people called it at that time.
    async fn subject_name(&self) -> Option<&str> {
        Some(self.0.subject_name.as_str()).filter(|name| !name.is_empty())
    }
    /// Whether it was carried out or refused.
    async fn outcome(&self) -> AuditOutcome {
        if self.0.outcome == "denied" { AuditOutcome::Denied } else { AuditOutcome::Done }
    }
    /// What else was recorded, as JSON; may be empty.
    async fn detail(&self) -> &str {
        &self.0.detail
    }
    /// The id of the request, as its answer carried it in `x-request-id`; of a job, that of the request that asked for it.
    async fn request_id(&self) -> &str {
        &self.0.request_id
    }
    /// The network address the request came from; null for a job.
    async fn address(&self) -> Option<&str> {
        Some(self.0.address.as_str()).filter(|address| !address.is_empty())
    }
    /// SHA-256 over this entry and the hash of the one before it, in hexadecimal.
    async fn hash(&self) -> String {
        self.0.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A page of the log.
pub struct AuditEntryConnection(Paged<LogEntry>);

#[Object]
impl AuditEntryConnection {
    async fn nodes(&self) -> Vec<AuditEntry> {
        self.0.rows.iter().cloned().map(AuditEntry).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// What verifying the log found.
#[derive(SimpleObject)]
pub struct AuditVerification {
    /// Entries checked, from the first.
    entries: i64,
    /// The first thing found wrong; null: nothing.
    finding: Option<String>,
}

#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// The audit log, the newest entries first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        filter: Option<AuditFilter>,
    ) -> Result<AuditEntryConnection> {
        let (scope, filter) = (scope(ctx)?, filter.unwrap_or_default().into());
        let page = Page::new(Listing::of(scope, "audit entries"), first, after)?;
        Ok(AuditEntryConnection(super::list(scope.grant()?, &filter, page).await?))
    }

    /// The entry of a sequence number; null when the log does not reach so far.
    async fn audit_entry(&self, ctx: &Context<'_>, sequence: i64) -> Result<Option<AuditEntry>> {
        Ok(super::find(scope(ctx)?.grant()?, sequence).await?.map(AuditEntry))
    }

    /// Recomputes the hash chain from the first entry to the head.
    #[graphql(complexity = 200)]
    async fn audit_verification(&self, ctx: &Context<'_>) -> Result<AuditVerification> {
        let super::Verified { head, finding } = super::verify(scope(ctx)?.grant()?, None).await?;
        Ok(AuditVerification { entries: head.sequence, finding: finding.map(|finding| finding.to_string()) })
    }
}
