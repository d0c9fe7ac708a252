//! Datasets in the API. They hang on runs.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Object, Result, dataloader::Loader};
use shared::ids::RunId;

use super::Input;
use crate::{
    fault::Fault,
    graphql::{Batch, batch},
};

/// A dataset that a run used.
pub struct DatasetInput(Input);

/// A dataset that a run used.
#[Object]
impl DatasetInput {
    /// What the client calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What tells versions of it apart, as the client computed it.
    async fn digest(&self) -> &str {
        &self.0.digest
    }
    /// What kind of source it came from: `local`, `s3`, `code`.
    async fn source_type(&self) -> &str {
        &self.0.source_type
    }
    /// What it was used for, for example `training`.
    async fn context(&self) -> Option<&str> {
        self.0.context()
    }
    /// What the client says of its columns, usually JSON.
    async fn schema(&self) -> Option<&str> {
        Some(self.0.schema.as_str()).filter(|schema| !schema.is_empty())
    }
}

/// The datasets of a run. Several runs of one request are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn datasets_of_run(ctx: &Context<'_>, run: RunId) -> Result<Vec<DatasetInput>> {
    Ok(batch(ctx)?.load_one(InputsOf(run)).await?.unwrap_or_default().into_iter().map(DatasetInput).collect())
}

/// The run whose datasets a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InputsOf(RunId);

impl Loader<InputsOf> for Batch {
    type Value = Vec<Input>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[InputsOf]) -> Result<HashMap<InputsOf, Self::Value>, Self::Error> {
        let runs: Vec<RunId> = keys.iter().map(|InputsOf(run)| *run).collect();
        let lists = super::of_runs(self.scope().grant()?, &runs).await?;
        Ok(lists.into_iter().map(|(run, list)| (InputsOf(run), list)).collect())
    }
}
