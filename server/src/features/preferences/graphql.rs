//! Preferences in the API.

use async_graphql::{Context, Json, Object, Result};
use serde_json::Value;

use crate::graphql::scope;

#[derive(Default)]
pub struct PreferencesQuery;

#[Object]
impl PreferencesQuery {
    /// What you chose under a key; null when you chose nothing.
    async fn preference(&self, ctx: &Context<'_>, key: String) -> Result<Option<Json<Value>>> {
        Ok(super::get(scope(ctx)?.grant()?, &key).await?.map(Json))
    }
}

#[derive(Default)]
pub struct PreferencesMutation;

#[Object]
impl PreferencesMutation {
    /// Keeps what you chose under a key, at most 8 kB of JSON; null forgets it. Of more than 200 keys the one that was left alone for longest is forgotten.
    async fn set_preference(&self, ctx: &Context<'_>, key: String, value: Option<Json<Value>>) -> Result<Option<Json<Value>>> {
        let value = value.map(|Json(value)| value).filter(|value| !value.is_null());
        Ok(super::set(scope(ctx)?.grant()?, &key, value).await?.map(Json))
    }
}
