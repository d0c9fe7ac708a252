//! The GraphQL edge: one schema for the web app, BI tools and scripts. It translates and never
//! decides.

mod batch;
mod limits;
mod nulls;
mod render;
mod trace;

pub use batch::{Batch, batch};
pub use limits::{BATCH_MAX, BODY_MAX, attempts, changes, page_cost};
pub use render::refused;

use async_graphql::{Context, MergedObject, MergedSubscription, Request, Response, Result};
use futures::{Stream, StreamExt, future, stream};

use crate::{access::Scope, fault::Fault, features, services::Services};

/// What can be asked.
#[derive(MergedObject, Default)]
pub struct Query(
    features::accounts::graphql::AccountsQuery,
    features::audit::graphql::AuditQuery,
    features::closing::graphql::ClosingQuery,
    features::comparison::graphql::ComparisonQuery,
    features::comments::graphql::CommentsQuery,
    features::decisions::graphql::DecisionsQuery,
    features::environment::graphql::EnvironmentQuery,
    features::experiments::graphql::ExperimentsQuery,
    features::exports::graphql::ExportsQuery,
    features::identity::graphql::IdentityQuery,
    features::imports::graphql::ImportsQuery,
    features::invitations::graphql::InvitationsQuery,
    features::job_tokens::graphql::JobTokensQuery,
    features::links::graphql::LinksQuery,
    features::members::graphql::MembersQuery,
    features::notifications::graphql::NotificationsQuery,
    features::preferences::graphql::PreferencesQuery,
    features::projects::graphql::ProjectsQuery,
    features::registry::graphql::RegistryQuery,
    features::roles::graphql::RolesQuery,
    features::run_table::graphql::RunTableQuery,
    features::runs::graphql::RunsQuery,
    features::scim::graphql::ScimQuery,
    features::search::graphql::SearchQuery,
    features::second_factor::graphql::SecondFactorQuery,
    features::service_accounts::graphql::ServiceAccountsQuery,
    features::sessions::graphql::SessionsQuery,
    features::sign_in_policy::graphql::SignInPolicyQuery,
    features::slack::graphql::SlackQuery,
    features::storage::graphql::StorageQuery,
    features::support::graphql::SupportQuery,
    features::templates::graphql::TemplatesQuery,
    features::tokens::graphql::TokensQuery,
    features::traces::graphql::TracesQuery,
);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    features::accounts::graphql::AccountsMutation,
    features::closing::graphql::ClosingMutation,
    features::comparison::graphql::ComparisonMutation,
    features::comments::graphql::CommentsMutation,
    features::experiments::graphql::ExperimentsMutation,
    features::exports::graphql::ExportsMutation,
    features::identity::graphql::IdentityMutation,
    features::imports::graphql::ImportsMutation,
    features::invitations::graphql::InvitationsMutation,
    features::job_tokens::graphql::JobTokensMutation,
    features::links::graphql::LinksMutation,
    features::members::graphql::MembersMutation,
    features::notifications::graphql::NotificationsMutation,
    features::preferences::graphql::PreferencesMutation,
    features::projects::graphql::ProjectsMutation,
    features::roles::graphql::RolesMutation,
    features::runs::graphql::RunsMutation,
    features::scim::graphql::ScimMutation,
    features::service_accounts::graphql::ServiceAccountsMutation,
    features::sessions::graphql::SessionsMutation,
    features::sharing::graphql::SharingMutation,
    features::sign_in_policy::graphql::SignInPolicyMutation,
    features::slack::graphql::SlackMutation,
    features::storage::graphql::StorageMutation,
    features::support::graphql::SupportMutation,
    features::templates::graphql::TemplatesMutation,
    features::tokens::graphql::TokensMutation,
);

/// What can be listened to.
#[derive(MergedSubscription, Default)]
pub struct Subscription(features::live::graphql::LiveSubscription);

/// The schema with its limits.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema.
pub fn schema(services: Services) -> Schema {
    limits::apply(Schema::build(Query::default(), Mutation::default(), Subscription::default())).data(services).extension(nulls::Nulls).finish()
}

/// The schema as text, for the committed file and for clients.
pub fn sdl() -> String {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default()).finish();
    schema.sdl_with_options(async_graphql::SDLExportOptions::new().sorted_fields().sorted_enum_items())
}

/// Carries out one operation for a caller; `None` is somebody who is not signed in. What was tried in vain is noted, and entered by whoever ends the scope.
pub async fn execute(schema: &Schema, scope: Option<Scope>, mut request: Request) -> Response {
    if let Err(fault) = limits::check(&mut request) {
        return render::refused(&fault);
    }
    let span = trace::begin(&mut request);
    let response = span.around(carry_out(schema, scope, request)).await;
    trace::end(&span, &response);
    response
}

async fn carry_out(schema: &Schema, scope: Option<Scope>, request: Request) -> Response {
    let request = match scope.clone() {
        Some(scope) => request.data(Batch::new(scope.clone())).data(scope),
        None => request.disable_introspection(),
    };
    let response = schema.execute(request).await;
    if let Some(scope) = scope {
        render::note(&scope, &response);
    }
    render::errors(response)
}

/// Carries out a subscription for a caller; ends after its first error.
pub fn execute_stream(schema: &Schema, scope: Scope, mut request: Request) -> impl Stream<Item = Response> + use<> {
    if let Err(fault) = limits::check(&mut request) {
        return stream::iter([render::refused(&fault)]).left_stream();
    }
    let responses = schema.execute_stream(request.data(scope.clone()));
    let responses = responses.then(move |response| {
        let scope = scope.clone();
        async move {
            render::note(&scope, &response);
            recorded(scope, render::errors(response)).await
        }
    });
    let mut ended = false;
    responses.take_while(move |response| future::ready(!std::mem::replace(&mut ended, response.is_err()))).right_stream()
}

/// The response, once what was tried in vain is in the audit log.
pub async fn recorded(scope: Scope, response: Response) -> Response {
    match scope.record_denials().await {
        Ok(()) => response,
        Err(fault) => render::refused(&fault),
    }
}

/// The caller.
///
/// # Errors
/// `Unauthenticated` when nobody is signed in.
pub fn scope<'c>(ctx: &Context<'c>) -> Result<&'c Scope> {
    Ok(ctx.data_opt::<Scope>().ok_or_else(Fault::unauthenticated)?)
}

/// The process's services.
///
/// # Errors
/// Never in a schema that [`schema`] built.
pub fn services<'c>(ctx: &Context<'c>) -> Result<&'c Services> {
    Ok(ctx.data::<Services>().map_err(|error| Fault::internal(error.message))?)
}
