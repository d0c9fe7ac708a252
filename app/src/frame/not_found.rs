use leptos::prelude::*;

use crate::{
    kit::{ButtonKind, ButtonLink, Empty, Icon, Page},
    respond_with,
};

/// The page for an address that leads nowhere. Answers 404.
#[component]
pub fn NotFound() -> impl IntoView {
    respond_with(404);
    let action = || view! { <p class="row"><ButtonLink href="/" kind=ButtonKind::Primary>"Go to the overview"</ButtonLink></p> };
    view! {
        <Page title="Not found">
            <section class="card">
                <Empty icon=Icon::SEARCH title="No page at this address" action=action>"It may have been removed, or belong to another organization. The address may also be mistyped."</Empty>
            </section>
        </Page>
    }
    .into_any()
}
