//! The search in the API.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::{Hit, Kind};
use crate::{features::projects::graphql::within, graphql::scope};

/// What kind of thing was found.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum SearchKind {
    /// An experiment.
    Experiment,
    /// A run.
    Run,
    /// A registered model.
    Model,
    /// A member.
    Member,
}

/// Something whose name contains the text.
#[derive(SimpleObject)]
pub struct SearchHit {
    /// What kind of thing it is.
    kind: SearchKind,
    /// The id of what was found, with its prefix.
    id: ID,
    /// Its name.
    title: String,
    /// Of a run its experiment, of a member the address, of a model its project unless it is the default one; else empty.
    subtitle: String,
    /// The page that shows it, on this site.
    path: String,
}

impl From<Hit> for SearchHit {
    fn from(hit: Hit) -> Self {
        Self { kind: hit.kind.into(), id: hit.id.into(), title: hit.title, subtitle: hit.subtitle, path: hit.path }
    }
}

#[derive(Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Things that you may see whose name contains the text, up to `first` of each kind; members, and what belongs to the project, if one is named.
    #[graphql(complexity = "20 + child_complexity")]
    async fn search(&self, ctx: &Context<'_>, text: String, #[graphql(default = 10)] first: i32, project: Option<ID>) -> Result<Vec<SearchHit>> {
        Ok(super::search(scope(ctx)?, within(ctx, project).await?, &text, first).await?.into_iter().map(SearchHit::from).collect())
    }
}
