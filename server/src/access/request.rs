//! What an edge knows of a request before anybody is authenticated.

/// Goes into audit entries and log lines.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// The id of the request, ours or the one a trusted proxy sent.
    pub id: String,
    /// The address the request came from.
    pub address: String,
    /// The client's name for itself, cut to 200 characters.
    pub user_agent: String,
}
