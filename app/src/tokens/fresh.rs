use leptos::prelude::*;

use super::{model::Created, snippet};
use crate::kit::{Button, CodeBlock, CopyButton, Glyph, Icon};

/// A new token with its secret, until the reader says that it is kept.
#[component]
pub(super) fn Fresh(
    /// The token.
    token: Created,
    /// The address clients connect to.
    origin: String,
    /// Holds the token; emptied when the reader is done.
    created: RwSignal<Option<Created>>,
) -> impl IntoView {
    let Created { name, secret } = token;
    view! {
        <section class="fresh" aria-label="The new token">
            <header>
                <Glyph icon=Icon::KEY_ROUND/>
                <div><h2>{format!("{name} is ready")}</h2><p>"Copy the secret now: it is stored only as a hash and never shown again."</p></div>
                <Button on_press=move || created.set(None)>"I have kept it"</Button>
            </header>
            <p class="secret"><code>{secret.clone()}</code><CopyButton text=Signal::stored(secret.clone()) what="the secret"/></p>
            <div class="columns">
                <CodeBlock code=Signal::stored(snippet::shell(&origin, &secret)) label="Shell"/>
                <CodeBlock code=Signal::stored(snippet::python()) label="Python"/>
            </div>
        </section>
    }
    .into_any()
}
