//! Open pages and scripts that want to hear of changes, as a GraphQL subscription.
//!
//! What must stay true: nothing is told of what the listener may not see at that moment; an idle stream of a revoked session ends within
//! [`graphql::PROVEN_EVERY`]; a stream holds no connection to the database while it waits.

pub mod graphql;
