//! What turns a query per row into a query per list: each slice loads its own keys through the one loader of a request.

use async_graphql::{Context, Result, dataloader::DataLoader};

use crate::{access::Scope, fault::Fault, platform::telemetry::Here};

/// The loader of one request; slices implement [`async_graphql::dataloader::Loader`] of their keys for it.
pub struct Batch(Scope);

impl Batch {
    /// A loader that asks with the caller's own rights.
    pub fn new(scope: Scope) -> DataLoader<Self> {
        // As a part of the request, so that what goes wrong is logged with its id.
        DataLoader::new(Self(scope), |load| tokio::spawn(Here::now().around(load)))
    }

    /// The caller.
    pub fn scope(&self) -> &Scope {
        &self.0
    }
}

/// The request's loader.
///
/// # Errors
/// `Unauthenticated` when nobody is signed in.
pub fn batch<'c>(ctx: &Context<'c>) -> Result<&'c DataLoader<Batch>> {
    Ok(ctx.data_opt::<DataLoader<Batch>>().ok_or_else(Fault::unauthenticated)?)
}
