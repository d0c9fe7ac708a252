//! The SCIM edge: the protocol in which an organization's directory provisions members and groups (RFC 7643, RFC 7644), at `/scim/v2/`, translated to the use
//! cases of `features::scim` and back.
//!
//! Handlers translate only. A caller is known by a bearer token, and by nothing else: a directory has no cookie and no password.

mod call;
mod discovery;
mod error;
mod filter;
mod groups;
mod patch;
mod users;

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use shared::Permission;

use crate::http::{
    Edge,
    routes::{Route, Who},
};
use call::{Answer, Call};
use error::Error;

const DIRECTORY: Who = Who::Needs(Permission::ScimWrite);

/// Every route of the edge. What is in none of them is answered by the last ones, in the protocol's words.
pub const ROUTES: &[Route] = &[
    Route::get("/scim/v2/ServiceProviderConfig", DIRECTORY, || web::to(discovery::config)),
    Route::get("/scim/v2/ResourceTypes", DIRECTORY, || web::to(discovery::resource_types)),
    Route::get("/scim/v2/ResourceTypes/{id}", DIRECTORY, || web::to(discovery::resource_type)),
    Route::get("/scim/v2/Schemas", DIRECTORY, || web::to(discovery::schemas)),
    Route::get("/scim/v2/Schemas/{id}", DIRECTORY, || web::to(discovery::schema)),
    Route::get("/scim/v2/Users", DIRECTORY, || web::to(users::list)),
    Route::post("/scim/v2/Users", DIRECTORY, || web::to(users::create)),
    Route::get("/scim/v2/Users/{id}", DIRECTORY, || web::to(users::get)),
    Route::of(Method::PUT, "/scim/v2/Users/{id}", DIRECTORY, || web::to(users::replace)),
    Route::of(Method::PATCH, "/scim/v2/Users/{id}", DIRECTORY, || web::to(users::patch)),
    Route::of(Method::DELETE, "/scim/v2/Users/{id}", DIRECTORY, || web::to(users::remove)),
    Route::get("/scim/v2/Groups", DIRECTORY, || web::to(groups::list)),
    Route::post("/scim/v2/Groups", DIRECTORY, || web::to(groups::create)),
    Route::get("/scim/v2/Groups/{id}", DIRECTORY, || web::to(groups::get)),
    Route::of(Method::PUT, "/scim/v2/Groups/{id}", DIRECTORY, || web::to(groups::replace)),
    Route::of(Method::PATCH, "/scim/v2/Groups/{id}", DIRECTORY, || web::to(groups::patch)),
    Route::of(Method::DELETE, "/scim/v2/Groups/{id}", DIRECTORY, || web::to(groups::remove)),
    Route::any("/scim/v2", DIRECTORY, || web::to(unknown)),
    Route::any("/scim/v2/{rest:.*}", DIRECTORY, || web::to(unknown)),
];

/// What has no route: a path that is none, or a method that its path does not take.
async fn unknown(request: HttpRequest, edge: web::Data<Edge>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    call.scope.require(Permission::ScimWrite)?;
    let path = request.path().trim_start_matches("/scim/v2").trim_matches('/');
    Err(match path.split('/').collect::<Vec<_>>()[..] {
        ["Bulk" | "Me"] => Error::not_here("This server does not offer that; ServiceProviderConfig says what it does."),
        ["Users" | "Groups" | "Schemas" | "ResourceTypes"] | ["Users" | "Groups" | "Schemas" | "ResourceTypes", _] | ["ServiceProviderConfig"] => {
            Error::method()
        }
        _ => Error::not_here("There is nothing at this address."),
    })
}

/// An answer without a body.
fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
