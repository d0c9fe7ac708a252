//! Links in the API.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::ids::{ExperimentId, LinkId};

use super::{Link as Domain, Opened as OpenedDomain, Shows};
use crate::{
    fault::Fault,
    features::{
        experiments::graphql::{Experiment, experiment_of},
        page::{Listing, Page, PageInfo, Paged},
        runs::graphql::{Run, run_of},
    },
    graphql::{scope, services},
};

/// A link that shows an experiment, or one run of it, to whoever has it. Its secret is shown only when it is made.
pub struct Link(Domain);

/// An address by which whoever has it reads an experiment or a run, without an account.
#[Object]
impl Link {
    /// `lnk_` and 32 hexadecimal characters. It opens nothing.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// For whom it was made.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// The last four characters of its address, to tell links apart.
    async fn hint(&self) -> &str {
        &self.0.hint
    }
    /// The one run that it shows; null: every run of the experiment.
    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        match self.0.run {
            Some(run) => run_of(ctx, run).await,
            None => Ok(None),
        }
    }
    /// The name of who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
    /// To within half a minute; null: never opened.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// A page of links.
pub struct LinkConnection(Paged<Domain>);

#[Object]
impl LinkConnection {
    async fn nodes(&self) -> Vec<Link> {
        self.0.rows.iter().cloned().map(Link).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// What the caller's link shows.
pub struct OpenedLink(OpenedDomain);

/// What a link shows to whoever came by it.
#[Object]
impl OpenedLink {
    /// The name of the organization that shows it.
    async fn organization(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(scope(ctx)?.tenant().name.clone())
    }
    /// The experiment that it shows, or whose run.
    async fn experiment(&self, ctx: &Context<'_>) -> Result<Experiment> {
        experiment_of(ctx, self.0.experiment).await
    }
    /// The one run that it shows; null: every run of the experiment.
    async fn run_id(&self) -> Option<ID> {
        self.0.run.map(|run| run.to_string().into())
    }
}

/// An experiment or a run.
#[derive(OneofObject)]
pub enum LinkTarget {
    /// The experiment with every run it has and will have.
    Experiment(ID),
    /// One run.
    Run(ID),
}

/// A new link.
#[derive(InputObject)]
pub struct CreateLinkInput {
    /// What it shows.
    shows: LinkTarget,
    /// For whom it is: 1 to 120 characters.
    label: String,
    /// 1 to 365.
    expires_in_days: i32,
}

/// A new link and its address.
#[derive(SimpleObject)]
pub struct CreatedLink {
    /// The link.
    link: Link,
    /// Whoever has it sees what the link shows. Shown this once.
    url: String,
}

#[derive(Default)]
pub struct LinksQuery;

#[Object]
impl LinksQuery {
    /// The links to an experiment and its runs that hold, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn links(&self, ctx: &Context<'_>, experiment: ID, #[graphql(default = 50)] first: i32, after: Option<String>) -> Result<LinkConnection> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        let experiment: ExperimentId = experiment.parse().map_err(Fault::from)?;
        let page = Page::new(Listing::of(scope, &format!("links {experiment}")), first, after)?;
        Ok(LinkConnection(super::list(grant, experiment, &page).await?))
    }

    /// What the link shows by which you came; null for a member, and when it was removed.
    async fn opened_link(&self, ctx: &Context<'_>) -> Result<Option<OpenedLink>> {
        Ok(super::opened(scope(ctx)?.grant()?).await?.map(OpenedLink))
    }
}

#[derive(Default)]
pub struct LinksMutation;

#[Object]
impl LinksMutation {
    /// Makes a link by which whoever has it reads an experiment or a run, without an account, until it expires or is revoked.
    async fn create_link(&self, ctx: &Context<'_>, input: CreateLinkInput) -> Result<CreatedLink> {
        let shows = match input.shows {
            LinkTarget::Experiment(id) => Shows::Experiment(id.parse().map_err(Fault::from)?),
            LinkTarget::Run(id) => Shows::Run(id.parse().map_err(Fault::from)?),
        };
        let (link, secret) = super::create(scope(ctx)?, shows, &input.label, input.expires_in_days).await?;
        let url = format!("{}/shared/{}", services(ctx)?.config.public_url(), secret.expose());
        Ok(CreatedLink { link: Link(link), url })
    }

    /// Revokes a link, at once and everywhere.
    async fn revoke_link(&self, ctx: &Context<'_>, id: ID) -> Result<Link> {
        let id: LinkId = id.parse().map_err(Fault::from)?;
        Ok(Link(super::revoke(scope(ctx)?, id).await?))
    }
}
