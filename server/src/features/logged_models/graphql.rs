//! Logged models in the API. They hang on the runs that made them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::RunId;

use super::LoggedModel as Domain;
use crate::{
    fault::Fault,
    features::artifacts::location::show_model_id,
    graphql::{Batch, batch},
};

/// A model that a run logged.
pub struct LoggedModel(Domain);

/// A model as a run logged it: its files, before anybody registers them.
#[Object]
impl LoggedModel {
    /// `mdl_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The id as MLflow shows it: `m-` and 32 hexadecimal characters.
    async fn mlflow_id(&self) -> String {
        show_model_id(self.0.id)
    }
    /// What the client called it, or a name that was made.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What kind of model the client says it is, for example `sklearn`.
    async fn model_type(&self) -> Option<&str> {
        Some(self.0.model_type.as_str()).filter(|kind| !kind.is_empty())
    }
    /// `pending`, `ready` or `upload_failed`.
    async fn status(&self) -> &str {
        self.0.status.as_str()
    }
    /// When it was logged.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// The models a run made. Several runs of one request are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn logged_models_of_run(ctx: &Context<'_>, run: RunId) -> Result<Vec<LoggedModel>> {
    Ok(batch(ctx)?.load_one(MadeBy(run)).await?.unwrap_or_default().into_iter().map(LoggedModel).collect())
}

/// The run whose models a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MadeBy(RunId);

impl Loader<MadeBy> for Batch {
    type Value = Vec<Domain>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[MadeBy]) -> Result<HashMap<MadeBy, Self::Value>, Self::Error> {
        let runs: Vec<RunId> = keys.iter().map(|MadeBy(run)| *run).collect();
        let models = super::of_runs(self.scope().grant()?, &runs).await?;
        Ok(models.into_iter().map(|(run, models)| (MadeBy(run), models)).collect())
    }
}
