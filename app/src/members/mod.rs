//! Who belongs to the organization and in which role.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// Members, invitations and roles.
#[component]
pub fn MembersPage() -> impl IntoView {
    view! {
        <Page title="Members">
            <Empty icon=Icon::USERS title="No members yet">"People you invite appear here."</Empty>
        </Page>
    }
}
