//! The organization itself: what it is called, how full it is, taking all of it along, letting the operator's support look, and leaving.

mod danger;
mod exports;
mod model;
mod storage;
mod support;

use leptos::prelude::*;
use shared::Permission;

use crate::{
    frame::use_viewer,
    kit::{Card, Copyable, Empty, Fact, Facts, Icon, Page},
};

/// The page at `/organization`.
#[component]
pub fn OrganizationPage() -> impl IntoView {
    let viewer = use_viewer();
    let may = |permission| viewer.with_untracked(|viewer| viewer.may(permission));
    let (exports, closes, changes) = (may(Permission::OrganizationExport), may(Permission::OrganizationClose), may(Permission::OrganizationWrite));
    if !exports && !closes && !changes {
        crate::respond_with(403);
        let action = || view! { <p class="row"><a class="button" href="/members/roles">"See what roles may do"</a></p> };
        return view! { <Page title="Organization"><Empty icon=Icon::BAN title="Not for your role" action=action>"Owners and admins take the organization along, and owners delete it. Ask one of them."</Empty></Page> }.into_any();
    }
    let organization = viewer.with_untracked(|viewer| viewer.organization.clone());
    let facts = || view! { <span>"What it is called, how full it is, an archive of all of it, who may help, and its end"</span> };
    let name = organization.name.clone();
    let storage = changes.then(|| view! { <storage::Storage/> });
    let exports = exports.then(|| view! { <exports::Exports/> });
    let support = changes.then(|| view! { <support::Support gives=may(Permission::IdentityWrite)/> });
    let danger = closes.then(|| view! { <danger::Danger name/> });
    view! {
        <Page title="Organization" facts=facts>
            <div class="account organization">
                <Card title="About">
                    <Facts>
                        <Fact label="Name">{organization.name.clone()}</Fact>
                        <Fact label="Short name"><Copyable text=organization.slug.clone() what="the short name"/></Fact>
                        <Fact label="Id"><Copyable text=organization.id.clone() what="the id"/></Fact>
                    </Facts>
                </Card>
                {storage}
                {exports}
                {support}
                {danger}
            </div>
        </Page>
    }
    .into_any()
}
