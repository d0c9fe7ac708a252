//! The app's only data source: the GraphQL API. In the browser a request is posted to `/graphql`;
//! while a page is rendered on the server, a transport given by context runs the same schema in
//! process.

mod answer;
#[cfg(feature = "hydrate")]
mod browser;
mod connection;
mod error;
mod live;
mod read;
mod value;

use std::{future::Future, pin::Pin, sync::Arc};

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use answer::{Answer, Kept, Untyped, ask};
#[cfg(feature = "hydrate")]
pub use browser::Browser;
pub use connection::{Connection, PageEnd};
pub use error::ApiError;
pub use live::{Live, provide_live, use_live};
pub use read::{read, read_value};
pub use value::{MetricValue, Moment};

/// The answer to an operation: the text of a whole GraphQL response (`data`, `errors`), or why there is none.
pub type Reply = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send>>;

/// Carries an operation to the API and brings back its response.
pub trait Transport: Send + Sync {
    /// Runs one operation. GraphQL errors are part of the response; `Err` is for a request that
    /// got no response.
    fn execute(&self, operation: Operation, variables: Value) -> Reply;
}

/// The text of one GraphQL document: `const RUN: Operation = Operation(include_str!("run.graphql"));`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation(pub &'static str);

/// The API as a page sees it. Clones share one transport.
#[derive(Clone)]
pub struct Api(Arc<dyn Transport>);

impl Api {
    /// Wraps a transport. Provide the result by context before `App` is rendered.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self(Arc::new(transport))
    }

    /// Runs an operation and reads its `data` as `T`. `variables` is any value that serialises to
    /// an object; `()` stands for none.
    ///
    /// # Errors
    /// The first error of the response, or what kept the response from coming.
    pub async fn query<T: DeserializeOwned>(&self, operation: Operation, variables: impl Serialize) -> Result<T, ApiError> {
        let data = self.data(operation, serde_json::to_value(variables).unwrap_or(Value::Null)).await?;
        read_value(&data).map_err(|_| ApiError::unreadable())
    }

    /// The part of [`Api::query`] that is the same whatever is asked for.
    fn data(&self, operation: Operation, variables: Value) -> Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send>> {
        let reply = self.execute(operation, variables);
        Box::pin(async move {
            let mut response: Value = read(&reply.await?).map_err(|_| ApiError::unreadable())?;
            match response["errors"].get(0) {
                Some(error) => Err(ApiError::from_response(error)),
                None => Ok(response["data"].take()),
            }
        })
    }

    fn execute(&self, operation: Operation, variables: Value) -> Reply {
        let variables = if variables.is_null() { Value::Object(Default::default()) } else { variables };
        self.0.execute(operation, variables)
    }
}

/// Posts an operation while its page is being left: the browser sees to it that it arrives, and nobody hears the answer. For a few words only: what
/// outlives a page has 64 kB in all.
pub fn send_at_last(operation: Operation, variables: Value) {
    #[cfg(feature = "hydrate")]
    browser::send_at_last(operation, variables);
    #[cfg(not(feature = "hydrate"))]
    drop((operation, variables));
}

/// The API of the present page. A missing transport answers every request with an error.
pub fn use_api() -> Api {
    use_context().unwrap_or_else(|| Api::new(Absent))
}

/// A query that follows its variables: it runs on the server, arrives with the page, and runs
/// again in the browser whenever `variables` change.
pub fn use_query<V, T>(operation: Operation, variables: impl Fn() -> V + Send + Sync + 'static) -> Answer<T>
where
    V: Serialize + PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let api = use_api();
    ask(variables, move |variables| {
        let api = api.clone();
        async move { api.query(operation, variables).await }
    })
}

struct Absent;

impl Transport for Absent {
    fn execute(&self, _: Operation, _: Value) -> Reply {
        Box::pin(async { Err(ApiError::unreachable()) })
    }
}
