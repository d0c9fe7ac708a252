//! Registered models and their versions in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Object, Result, SimpleObject, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::RegisteredModelId;

use super::{ModelVersion as Version, RegisteredModel as Model};
use crate::{
    fault::Fault,
    features::{
        experiments::graphql::Tag,
        page::{Listing, Page, PageInfo, Paged},
        projects::graphql::{Project, project_of, within},
        runs::graphql::{Run, run_of},
    },
    graphql::{Batch, batch, scope},
};

/// A movable name for one version.
#[derive(SimpleObject)]
pub struct Alias {
    /// The name: `champion`.
    alias: String,
    /// The number of the version that it names now.
    version: i32,
}

/// A model under a name, with its versions.
pub struct RegisteredModel(Model);

/// A model under a name, with versions of its files.
#[Object]
impl RegisteredModel {
    /// `reg_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Unique in its project.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What people say of it, in Markdown; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// The project that it lies in.
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Project>> {
        project_of(ctx, self.0.project_id).await.map(Some)
    }
    /// When the model, or a version, tag or alias of it, changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
    /// The newest first.
    async fn versions(&self, ctx: &Context<'_>) -> Result<Vec<ModelVersion>> {
        let versions = batch(ctx)?.load_one(VersionsOf(self.0.id)).await?;
        Ok(versions.unwrap_or_default().into_iter().map(ModelVersion).collect())
    }
    /// Its tags, by key.
    async fn tags(&self) -> Vec<Tag> {
        tags(&self.0.tags)
    }
    /// Movable names of its versions, by name.
    async fn aliases(&self) -> Vec<Alias> {
        self.0.aliases.iter().map(|(alias, version)| Alias { alias: alias.clone(), version: *version }).collect()
    }
}

fn tags(pairs: &[(String, String)]) -> Vec<Tag> {
    pairs.iter().cloned().map(Tag::from).collect()
}

/// One version of a registered model.
pub struct ModelVersion(Version);

/// A version of a registered model.
#[Object]
impl ModelVersion {
    /// From 1, one more for each version of the model.
    async fn version(&self) -> i32 {
        self.0.version
    }
    /// `development`, `staging`, `production` or `archived`.
    async fn stage(&self) -> &str {
        self.0.stage.as_str()
    }
    /// What people say of it, in Markdown; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// The name of who made it.
    async fn created_by(&self) -> Option<&str> {
        Some(self.0.created_by.as_str()).filter(|name| !name.is_empty())
    }
    /// The files it was made from, as the client named them.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// The run that made the files, if it is known.
    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        match self.0.run_id {
            Some(id) => run_of(ctx, id).await,
            None => Ok(None),
        }
    }
    /// Its tags, by key.
    async fn tags(&self) -> Vec<Tag> {
        tags(&self.0.tags)
    }
    /// The names that point to it now.
    async fn aliases(&self) -> &[String] {
        &self.0.aliases
    }
}

/// A page of registered models.
pub struct RegisteredModelConnection(Paged<Model>);

#[Object]
impl RegisteredModelConnection {
    async fn nodes(&self) -> Vec<RegisteredModel> {
        self.0.rows.iter().cloned().map(RegisteredModel).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// The model whose versions a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionsOf(RegisteredModelId);

impl Loader<VersionsOf> for Batch {
    type Value = Vec<Version>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[VersionsOf]) -> Result<HashMap<VersionsOf, Self::Value>, Self::Error> {
        let ids: Vec<RegisteredModelId> = keys.iter().map(|VersionsOf(id)| *id).collect();
        let versions = super::of_models(self.scope().grant()?, &ids).await?;
        Ok(versions.into_iter().map(|(id, versions)| (VersionsOf(id), versions)).collect())
    }
}

#[derive(Default)]
pub struct RegistryQuery;

#[Object]
impl RegistryQuery {
    /// Registered models, of one project or of all, by name. `filter` is the search grammar: `name ILIKE '%fraud%' AND tags.team = 'risk'`.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn registered_models(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        filter: Option<String>,
        project: Option<ID>,
    ) -> Result<RegisteredModelConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "registered models"), first, after)?;
        Ok(RegisteredModelConnection(super::list(scope.grant()?, within(ctx, project).await?, &filter.unwrap_or_default(), &page).await?))
    }

    /// One registered model; null when there is none of that name in the project (by its slug; without one, in the default project).
    async fn registered_model(&self, ctx: &Context<'_>, name: String, project: Option<String>) -> Result<Option<RegisteredModel>> {
        Ok(super::find_by_name(scope(ctx)?.grant()?, project.as_deref(), &name).await?.map(RegisteredModel))
    }
}
