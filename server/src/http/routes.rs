//! Every route outside the MLflow protocol, with what it asks of a caller. `tests/permissions.rs`
//! compares this list with its policy table, so that no route goes without one.

/// A route: method, path pattern, and `public`, `session` or a permission.
pub type RouteRow = (&'static str, &'static str, &'static str);

/// The routes that are not pages.
pub const ROUTES: &[RouteRow] = &[
    ("GET", "/healthz", "public"),
    ("GET", "/readyz", "public"),
    ("GET", "/metrics", "loopback"),
    ("GET", "/pkg/{file}", "public"),
    ("POST", "/graphql", "public"),
    ("GET", "/graphql/stream", "session"),
    ("POST", "/sign-in", "public"),
    ("POST", "/sign-up", "public"),
    ("POST", "/confirm", "public"),
    ("POST", "/forgot-password", "public"),
    ("POST", "/reset-password", "public"),
    ("POST", "/invitation", "public"),
    ("POST", "/theme", "public"),
    ("GET", "/sso/begin/{organization}", "public"),
    ("GET", "/sso/callback", "public"),
    ("POST", "/sign-out", "session"),
    ("POST", "/sign-out-everywhere", "session"),
    ("POST", "/organization", "session"),
    ("POST", "/new-organization", "session"),
    ("POST", "/project", "session"),
    ("POST", "/new-project", "session"),
    ("POST", "/end-session", "session"),
    ("POST", "/end-other-sessions", "session"),
    ("POST", "/access", "session"),
    ("POST", "/access/single-sign-on", "session"),
    ("POST", "/access/single-sign-on/remove", "session"),
    ("GET", "/artifacts/runs/{id}/{path:.*}", "artifacts:read"),
    ("GET", "/artifacts/models/{id}/{path:.*}", "artifacts:read"),
    ("GET", "/compare/report", "runs:read"),
    ("GET", "/get-artifact", "artifacts:read"),
    ("GET", "/model-versions/get-artifact", "artifacts:read"),
];

/// Pages that anybody may open; every other page asks to sign in first.
pub const PUBLIC_PAGES: &[&str] = &["/sign-in", "/sign-up", "/confirm", "/forgot-password", "/reset-password", "/invitation", "/sso", "/kit"];
