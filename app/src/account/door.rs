use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::FormState;
use crate::{
    frame::Hallmark,
    kit::{Button, ButtonKind, Callout, Glyph, Icon, Tone, use_window_title},
};

/// A page for somebody who is not inside yet: the mark, a title, one form.
#[component]
pub(super) fn Door(
    /// What the page does: "Sign in to Assay".
    #[prop(into)]
    title: String,
    /// One sentence under it.
    #[prop(optional, into)]
    lead: Option<String>,
    /// Where else to go.
    #[prop(optional, into)]
    foot: ViewFn,
    /// The form.
    children: Children,
) -> impl IntoView {
    use_window_title(title.clone());
    view! {
        <main class="door">
            <div class="inside">
                <span class="mark large" aria-hidden="true"><Hallmark/></span>
                <h1>{title}</h1>
                {lead.map(|lead| view! { <p class="lead">{lead}</p> })}
                {children()}
                <div class="foot">{foot.run()}</div>
            </div>
        </main>
    }
    .into_any()
}

/// A form that is posted to the page it stands on, with the error that belongs to no field.
#[component]
pub(crate) fn PostForm(
    /// Where it is posted to.
    action: &'static str,
    /// What became of the last attempt.
    state: FormState,
    /// The fields it shows.
    fields: &'static [&'static str],
    /// Values carried along unseen: `token`, `next`.
    #[prop(optional)]
    carries: Vec<&'static str>,
    /// What the button says.
    #[prop(into)]
    submit: String,
    /// The fields, if it asks for anything.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let hidden = carries.into_iter().map(|name| view! { <input type="hidden" name=name value=state.carried(name)/> }).collect_view();
    view! {
        <form method="post" action=action>
            {state.error_beside(fields).map(|error| view! { <Callout tone=Tone::Bad>{error}</Callout> })}
            {hidden}
            {children.map(|children| children())}
            <Button kind=ButtonKind::Primary>{submit}</Button>
        </form>
    }
    .into_any()
}

/// Whether the address says that something was just done: `?sent=1`.
pub(crate) fn just(name: &str) -> bool {
    use_query_map().with_untracked(|query| query.get(name).is_some())
}

/// A mail is on its way.
#[component]
pub(super) fn MailSent(
    /// What it holds and what to do with it.
    children: Children,
) -> impl IntoView {
    view! { <div class="sent" role="status"><Glyph icon=Icon::MAIL/><p>{children()}</p></div> }.into_any()
}
