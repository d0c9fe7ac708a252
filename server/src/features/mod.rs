//! The product, one folder a noun. The file name says what a file may import (the table in the README);
//! `tests/architecture.rs` keeps it.

pub mod accounts;
pub mod artifacts;
pub mod audit;
pub mod closing;
pub mod comments;
pub mod comparison;
pub mod datasets;
pub mod decisions;
pub mod environment;
pub mod experiments;
pub mod exports;
pub mod filter;
pub mod identity;
pub mod imports;
pub mod invitations;
pub mod job_tokens;
pub mod links;
pub mod live;
pub mod logged_models;
pub mod mail;
pub mod members;
pub mod metrics;
pub mod notifications;
pub mod page;
pub mod preferences;
pub mod projects;
pub mod registry;
pub mod roles;
pub mod run_table;
pub mod runs;
pub mod scim;
pub mod search;
pub mod second_factor;
pub mod second_step;
pub mod service_accounts;
pub mod sessions;
pub mod sharing;
pub mod sign_in_policy;
pub mod similar_runs;
pub mod slack;
pub mod storage;
pub mod support;
pub mod templates;
pub mod tokens;
pub mod traces;

/// Teaches a worker every kind of job there is.
pub fn register_jobs(worker: &mut crate::jobs::Worker) {
    worker.learn::<accounts::jobs::MailReset>();
    worker.learn::<artifacts::jobs::SweepUpload>();
    worker.learn::<closing::jobs::EraseOrganization>();
    worker.learn::<closing::jobs::RemindOwners>();
    worker.learn::<exports::jobs::ExportStep>();
    worker.learn::<exports::jobs::ClearExport>();
    worker.learn::<imports::jobs::ImportStep>();
    worker.learn::<mail::SendMail>();
    worker.learn::<metrics::jobs::CompactMetrics>();
    worker.learn::<notifications::MailNews>();
    worker.learn::<notifications::PostSlack>();
    worker.learn::<storage::jobs::EraseFiles>();
}
