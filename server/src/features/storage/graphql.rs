//! Storage in the API.

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};

use super::{Freeing as DomainFreeing, Storage as Domain};
use crate::graphql::scope;

/// What the organization stores, and what it may.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Storage {
    /// Bytes of all files, each content once: earlier versions, deleted files and parts that wait for the rest of their file among them.
    used: i64,
    /// Bytes that it may store; null: without a limit.
    quota: Option<i64>,
}

#[ComplexObject]
impl Storage {
    /// How far the deletion of files for good has come; null: none goes on.
    async fn freeing(&self, ctx: &Context<'_>) -> Result<Option<Freeing>> {
        Ok(super::freeing(scope(ctx)?.grant()?).await?.map(Into::into))
    }
}

impl From<Domain> for Storage {
    fn from(storage: Domain) -> Self {
        Self { used: storage.used.cast_signed(), quota: storage.quota.map(u64::cast_signed) }
    }
}

/// Files that are being deleted for good.
#[derive(SimpleObject)]
pub struct Freeing {
    /// The part of all files that were looked at, from 0 to 1.
    progress: f64,
    /// Whether it waits for the end of an export, which reads what it would delete.
    is_waiting: bool,
}

impl From<DomainFreeing> for Freeing {
    fn from(freeing: DomainFreeing) -> Self {
        Self { progress: freeing.progress, is_waiting: freeing.is_waiting }
    }
}

#[derive(Default)]
pub struct StorageQuery;

#[Object]
impl StorageQuery {
    /// What the organization stores, and what it may.
    async fn storage(&self, ctx: &Context<'_>) -> Result<Storage> {
        Ok(super::show(scope(ctx)?.grant()?).await?.into())
    }
}

#[derive(Default)]
pub struct StorageMutation;

#[Object]
impl StorageMutation {
    /// Deletes all files for good that nobody is shown any more: earlier versions, deleted files, and those of deleted runs, models and experiments, which are
    /// restored without them. What a registered version is made of stays. It goes on by itself; what is stored now.
    async fn free_storage(&self, ctx: &Context<'_>) -> Result<Storage> {
        Ok(super::free(scope(ctx)?.grant()?).await?.into())
    }
}
