//! What every page begins with: the top line, the title, one line of facts, the actions.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{Glyph, Icon};

/// A step on the way to the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crumb {
    /// What the step is called.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

impl Crumb {
    /// A step with its link.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// A page: breadcrumbs, head, content.
#[component]
pub fn Page(
    /// The title, also of the browser's tab and the last breadcrumb.
    #[prop(into)]
    title: Signal<String>,
    /// The steps before this page.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// Stands before the title: a colour dot, an icon.
    #[prop(optional, into)]
    mark: ViewFn,
    /// One line under the title.
    #[prop(optional, into)]
    facts: Option<ViewFn>,
    /// Buttons at the right; at most one primary.
    #[prop(optional, into)]
    actions: ViewFn,
    /// The content.
    children: Children,
) -> impl IntoView {
    let steps = crumbs.into_iter().map(|Crumb { label, href }| view! { <a href=href>{label}</a><Glyph icon=Icon::CHEVRON_RIGHT/> }).collect_view();
    view! {
        <Title text=move || format!("{} \u{00B7} Assay", as_text(title.get()))/>
        <div class="topline">
            <button class="button quiet small square menu" type="button" popovertarget="rail" aria-label="Menu"><Glyph icon=Icon::MENU/></button>
            <nav class="crumbs" aria-label="Breadcrumbs">{steps}<span aria-current="page">{move || title.get()}</span></nav>
            <button class="button quiet small square" type="button" command="show-modal" commandfor="help" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">
                <Glyph icon=Icon::CIRCLE_HELP/>
            </button>
        </div>
        <header class="head">
            <div class="what">
                <h1>{mark.run()}{move || title.get()}</h1>
                {facts.map(|facts| view! { <p class="facts">{facts.run()}</p> })}
            </div>
            <div class="actions">{actions.run()}</div>
        </header>
        {children()}
    }
    .into_any()
}

/// The server writes a document's title as it is given: a name that closes the element must not. The browser sets it as text.
fn as_text(title: String) -> String {
    if is_server() { title.replace('&', "&amp;").replace('<', "&lt;") } else { title }
}
