//! Every page, as every role, a stranger and nobody. A page without a row here fails.

use shared::{Permission, Role};

use super::{
    Policy,
    Policy::{Needs, Public, SignedIn},
    allowed,
    fixture::Fixture,
};
use crate::support::world;

/// Pages by their pattern, whom they are for, and an instance. What of a page needs more is left out of it.
const PAGES: &[(&str, Policy, &str)] = &[
    ("", SignedIn, "/"),
    ("/sign-in", Public, "/sign-in"),
    ("/second-factor", Public, "/second-factor"),
    ("/sign-up", Public, "/sign-up"),
    ("/confirm", Public, "/confirm"),
    ("/forgot-password", Public, "/forgot-password"),
    ("/reset-password", Public, "/reset-password"),
    ("/invitation", Public, "/invitation"),
    ("/restore", Public, "/restore"),
    ("/support", Public, "/support"),
    ("/sso", Public, "/sso"),
    ("/kit", Public, "/kit"),
    // Whoever has the link in the address sees what it shows, and nobody else anything: `sharing/links.rs`.
    ("/shared/{secret}", Public, "/shared/$absentlink"),
    ("/shared/{secret}/runs/{id}", Public, "/shared/$absentlink/runs/$run"),
    ("/experiments", Needs(Permission::ExperimentsRead), "/experiments"),
    ("/experiments/{id}", Needs(Permission::ExperimentsRead), "/experiments/$experiment"),
    ("/experiments/{id}/discussion", Needs(Permission::ExperimentsRead), "/experiments/$experiment/discussion"),
    ("/experiments/{id}/traces", Needs(Permission::ExperimentsRead), "/experiments/$experiment/traces"),
    ("/traces/{id}", Needs(Permission::RunsRead), "/traces/$trace"),
    ("/compare", Needs(Permission::RunsRead), "/compare?run=$run"),
    // The models that a run made are shown to those who may see models.
    ("/runs/{id}", Needs(Permission::RunsRead), "/runs/$run"),
    ("/runs/{id}/metrics", Needs(Permission::RunsRead), "/runs/$run/metrics"),
    ("/runs/{id}/artifacts", Needs(Permission::ArtifactsRead), "/runs/$run/artifacts"),
    ("/runs/{id}/reproduce", Needs(Permission::RunsRead), "/runs/$run/reproduce"),
    ("/templates", Needs(Permission::RunsRead), "/templates"),
    ("/templates/{id}", Needs(Permission::RunsRead), "/templates/$template"),
    ("/models", Needs(Permission::ModelsRead), "/models"),
    ("/models/{name}", Needs(Permission::ModelsRead), "/models/$model"),
    ("/members", Needs(Permission::MembersRead), "/members"),
    ("/members/invitations", Needs(Permission::MembersWrite), "/members/invitations"),
    ("/members/service-accounts", Needs(Permission::ServiceAccountsRead), "/members/service-accounts"),
    ("/members/roles", Needs(Permission::RolesRead), "/members/roles"),
    ("/members/check", Needs(Permission::RolesRead), "/members/check?member=$member&permission=runs:read"),
    ("/projects", Needs(Permission::ProjectsRead), "/projects"),
    ("/projects/{id}", Needs(Permission::ProjectsRead), "/projects/$project"),
    ("/tokens", Needs(Permission::TokensOwn), "/tokens"),
    ("/api-access", Needs(Permission::RunsRead), "/api-access"),
    ("/audit", Needs(Permission::AuditRead), "/audit"),
    ("/audit/access", Needs(Permission::AuditRead), "/audit/access"),
    ("/import", Needs(Permission::OrganizationWrite), "/import"),
    ("/import/{id}", Needs(Permission::OrganizationWrite), "/import/imp_$absentimport"),
    ("/access", Needs(Permission::OrganizationWrite), "/access"),
    ("/access/single-sign-on", Needs(Permission::OrganizationWrite), "/access/single-sign-on"),
    ("/slack", Needs(Permission::OrganizationWrite), "/slack"),
    ("/organization", Needs(Permission::OrganizationExport), "/organization"),
    ("/notifications", Needs(Permission::CommentsRead), "/notifications"),
    ("/account", SignedIn, "/account"),
    ("/account/second-factor", SignedIn, "/account/second-factor"),
    ("/new-organization", SignedIn, "/new-organization"),
    ("/new-project", Needs(Permission::ProjectsWrite), "/new-project"),
    ("/{address}", SignedIn, "/no/such/page"),
];

#[test]
fn r16_every_page_has_a_policy() {
    let mut declared: Vec<&str> = PAGES.iter().map(|(page, ..)| *page).collect();
    let mut routes: Vec<&str> = server::http::pages::routes().iter().map(String::as_str).collect();
    declared.sort_unstable();
    routes.sort_unstable();
    routes.dedup();
    assert_eq!(routes, declared);
    for (page, policy, _) in PAGES {
        assert_eq!(*policy == Public, server::http::routes::PUBLIC_PAGES.contains(page), "{page}");
    }
}

#[tokio::test]
async fn c7_1a_c7_1b_each_page_is_for_the_roles_that_its_row_says() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let actor = if *role == Role::Owner { organization.owner.clone() } else { organization.member(role.as_str()).await };
        for (page, policy, path) in PAGES {
            let answer = actor.get(&fixture.fill(path)).await;
            let absent = path.contains("$absent") || *page == "/{address}";
            let expected = if !allowed(*policy, *role) {
                403
            } else if absent {
                404
            } else {
                200
            };
            // The name of a run is for everybody who may read runs, also on a page that shows no more.
            let shown = expected == 403 && !page.starts_with("/runs/") && answer.text().contains("CANARY");
            if answer.status != expected || shown {
                wrong.push(format!("{role:?} {page}: {} and not {expected}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn c7_1b_pages_ask_nobody_in_and_show_a_stranger_nothing() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let (nobody, stranger) = (world().anonymous(), world().organization().await.owner);
    for (page, policy, path) in PAGES {
        let path = fixture.fill(path);
        let answer = nobody.get(&path).await;
        match policy {
            Public => assert_eq!(answer.status, if page.starts_with("/shared/") { 404 } else { 200 }, "{page}"),
            _ => assert_eq!((answer.status, answer.header("location").starts_with("/sign-in?next=")), (303, true), "{page}"),
        }
        let answer = stranger.get(&path).await;
        // The name of a model stands in the address that was asked.
        assert!(!answer.text().replace(&fixture.0["model"], "").contains("CANARY"), "{page}: {}", answer.text());
        if fixture.0.values().any(|id| path.contains(id.as_str())) {
            assert_eq!(answer.status, 404, "{page}");
        }
    }
}
