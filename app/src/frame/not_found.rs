use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    kit::{ButtonKind, ButtonLink, Glyph, Icon},
    respond_with,
};

/// The page for an address that leads nowhere. Answers 404.
#[component]
pub fn NotFound() -> impl IntoView {
    respond_with(404);
    view! {
        <Title text="Not found \u{00B7} Assay"/>
        <main class="alone">
            <section class="state">
                <span class="badge"><Glyph icon=Icon::SEARCH/></span>
                <h1>"No page at this address"</h1>
                <p>"It may have been removed, or belong to another organization. The address may also be mistyped."</p>
                <p class="row"><ButtonLink href="/" kind=ButtonKind::Primary>"Go to the overview"</ButtonLink></p>
            </section>
        </main>
    }
    .into_any()
}
