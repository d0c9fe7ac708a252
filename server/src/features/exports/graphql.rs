//! Exports in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::ExportId;

use super::{Count, Export as Domain, Phase, State};
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::{Batch, batch, scope},
};

/// Whether an export goes on.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum ExportState {
    /// It goes on in the background.
    Running,
    /// The archive can be downloaded.
    Done,
    /// See `reason`.
    Failed,
    /// Somebody ended it before its end.
    Cancelled,
    /// The archive was there and was removed.
    Removed,
}

/// What an export is busy with.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Phase")]
pub enum ExportPhase {
    /// Everything but points and files.
    Tables,
    /// The points of all metrics.
    Histories,
    /// Listing the files of runs and models.
    Files,
    /// Reading those that were never exported.
    Checking,
    /// Writing down what the archive holds, with the checksums.
    Manifest,
    /// Writing the archive.
    Packing,
    /// Removing what it was made of.
    Clearing,
}

/// The whole organization as one archive, or on its way there.
pub struct OrganizationExport(Domain);

/// The whole organization as one archive, or on its way there.
#[Object]
impl OrganizationExport {
    /// `xpt_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Who asked for it.
    async fn requested_by(&self) -> &str {
        &self.0.requested_by
    }
    /// Whether it goes on, and how it ended.
    async fn state(&self) -> ExportState {
        self.0.state.into()
    }
    /// What it is busy with, or was at its end.
    async fn phase(&self) -> ExportPhase {
        self.0.phase.into()
    }
    /// Why it failed.
    async fn reason(&self) -> Option<&str> {
        Some(self.0.reason.as_str()).filter(|reason| !reason.is_empty())
    }
    /// Bytes of files of runs and models that are taken, as far as they are listed.
    async fn file_bytes(&self) -> i64 {
        self.0.artifact_bytes
    }
    /// Bytes of files that were read for their checksums.
    async fn checked_bytes(&self) -> i64 {
        self.0.checked_bytes
    }
    /// Bytes of the archive so far.
    async fn packed_bytes(&self) -> i64 {
        self.0.packed_bytes
    }
    /// Files that are damaged in the store and left out; the manifest lists them.
    async fn damaged_files(&self) -> i64 {
        self.0.damaged
    }
    /// Bytes of the archive, once it is there.
    async fn size(&self) -> Option<i64> {
        self.0.size
    }
    /// How often the archive was downloaded.
    async fn downloads(&self) -> i64 {
        self.0.downloads
    }
    /// When it was asked for.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it ended; null: it goes on.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }
    /// Until when the archive can be downloaded.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
    /// Where the archive is downloaded, with a session or a token; null when there is none.
    async fn path(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let now = scope(ctx)?.now();
        let there = self.0.state == State::Done && self.0.expires_at.is_some_and(|until| until > now);
        Ok(there.then(|| format!("/exports/{}", self.0.id)))
    }
    /// How much of each kind was taken so far.
    async fn counts(&self, ctx: &Context<'_>) -> Result<Vec<OrganizationExportCount>> {
        let counts = batch(ctx)?.load_one(ExportCountsOf(self.0.id)).await?.unwrap_or_default();
        Ok(counts.into_iter().map(OrganizationExportCount).collect())
    }
}

/// How much of a kind was taken.
pub struct OrganizationExportCount(Count);

/// What an export took of one kind.
#[Object]
impl OrganizationExportCount {
    /// The folder in the archive: `runs`, `metric_points`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }
    /// Files of it in the archive.
    async fn files(&self) -> i64 {
        self.0.files
    }
    /// Rows of it in the archive.
    async fn rows(&self) -> i64 {
        self.0.rows
    }
    /// Bytes of those files.
    async fn bytes(&self) -> i64 {
        self.0.bytes
    }
}

/// A page of exports.
pub struct OrganizationExportConnection(Paged<Domain>);

#[Object]
impl OrganizationExportConnection {
    async fn nodes(&self) -> Vec<OrganizationExport> {
        self.0.rows.iter().cloned().map(OrganizationExport).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// The export whose counts a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExportCountsOf(ExportId);

impl Loader<ExportCountsOf> for Batch {
    type Value = Vec<Count>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[ExportCountsOf]) -> Result<HashMap<ExportCountsOf, Self::Value>, Self::Error> {
        let exports: Vec<ExportId> = keys.iter().map(|ExportCountsOf(export)| *export).collect();
        let counts = super::counts(self.scope().grant()?, &exports).await?;
        Ok(counts.into_iter().map(|(export, counts)| (ExportCountsOf(export), counts)).collect())
    }
}

#[derive(Default)]
pub struct ExportsQuery;

#[Object]
impl ExportsQuery {
    /// Exports of the organization, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn organization_exports(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20)] first: i32,
        after: Option<String>,
    ) -> Result<OrganizationExportConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "exports"), first, after)?;
        Ok(OrganizationExportConnection(super::list(scope.grant()?, page).await?))
    }

    /// One export.
    async fn organization_export(&self, ctx: &Context<'_>, id: ID) -> Result<OrganizationExport> {
        let grant = scope(ctx)?.grant()?;
        Ok(OrganizationExport(super::get(grant, id.parse().map_err(Fault::from)?).await?))
    }
}

#[derive(Default)]
pub struct ExportsMutation;

#[Object]
impl ExportsMutation {
    /// Asks for an archive of the whole organization. It is made in the background; whoever asked is told when it can be downloaded, for 7 days.
    async fn start_organization_export(&self, ctx: &Context<'_>) -> Result<OrganizationExport> {
        Ok(OrganizationExport(super::start(scope(ctx)?.grant()?).await?))
    }

    /// Ends an export where it stands. Nothing of it is kept.
    async fn cancel_organization_export(&self, ctx: &Context<'_>, id: ID) -> Result<OrganizationExport> {
        let grant = scope(ctx)?.grant()?;
        Ok(OrganizationExport(super::cancel(grant, id.parse().map_err(Fault::from)?).await?))
    }
}
