//! Every route outside the MLflow protocol, with what it asks of a caller. A file of this edge lists its routes in a table of [`Route`]s; what is in no table is
//! not mounted, and `tests/permissions.rs` asks every row as everybody.

use actix_web::{http::Method, web};
use shared::Permission;

use super::{assets, downloads, explorer, forms, graphql, health, projects, reports, reproduce, second_factor, sso, stream, tables};

/// Whom a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, signed in or not.
    Public,
    /// Anybody on this machine.
    Loopback,
    /// Anybody with a credential.
    SignedIn,
    /// Whose role and scopes include the permission.
    Needs(Permission),
}

impl Who {
    /// `public`, `loopback`, `session` or the permission.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::SignedIn => "session",
            Self::Needs(permission) => permission.as_str(),
        }
    }
}

/// One row of a table of routes.
pub struct Route {
    /// `None`: every method that no earlier row of the same path takes.
    pub method: Option<Method>,
    /// The pattern of the path; may hold `{parameters}`.
    pub path: &'static str,
    pub who: Who,
    handler: fn() -> actix_web::Route,
}

impl Route {
    /// `handler` is `|| web::to(download)`; the method comes from the table.
    pub const fn get(path: &'static str, who: Who, handler: fn() -> actix_web::Route) -> Self {
        Self { method: Some(Method::GET), path, who, handler }
    }

    /// The same for POST.
    pub const fn post(path: &'static str, who: Who, handler: fn() -> actix_web::Route) -> Self {
        Self { method: Some(Method::POST), path, who, handler }
    }

    /// The same for a method of the caller's choice.
    pub const fn of(method: Method, path: &'static str, who: Who, handler: fn() -> actix_web::Route) -> Self {
        Self { method: Some(method), path, who, handler }
    }

    /// The same for every other method.
    pub const fn any(path: &'static str, who: Who, handler: fn() -> actix_web::Route) -> Self {
        Self { method: None, path, who, handler }
    }
}

/// Every route that is not a page.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    const PARTS: &[&[Route]] = &[
        health::ROUTES,
        assets::ROUTES,
        graphql::ROUTES,
        stream::ROUTES,
        forms::ROUTES,
        projects::ROUTES,
        second_factor::ROUTES,
        sso::ROUTES,
        downloads::ROUTES,
        reports::ROUTES,
        tables::ROUTES,
        explorer::ROUTES,
        reproduce::ROUTES,
        crate::scim::ROUTES,
    ];
    PARTS.iter().flat_map(|part| part.iter())
}

/// Mounts them. What a path is not asked with falls through to the page of that path.
pub fn configure(app: &mut web::ServiceConfig) {
    for route in routes() {
        let handler = (route.handler)();
        app.route(route.path, route.method.iter().cloned().fold(handler, actix_web::Route::method));
    }
}

/// Whether anybody may open the page at a path; every other page asks to sign in first. A link's page asks for the link in its address.
pub fn is_public(path: &str) -> bool {
    PUBLIC_PAGES.contains(&path) || path.starts_with("/shared/")
}

/// The pages that anybody may open.
pub const PUBLIC_PAGES: &[&str] = &[
    "/sign-in",
    "/second-factor",
    "/sign-up",
    "/confirm",
    "/forgot-password",
    "/reset-password",
    "/invitation",
    "/restore",
    "/support",
    "/sso",
    "/kit",
    "/shared/{secret}",
    "/shared/{secret}/runs/{id}",
];
