//! What every page begins with: the top line, the title, one line of facts, the actions.

use leptos::prelude::*;

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

/// What the frame puts into the top line of every page.
#[derive(Clone)]
pub(crate) struct TopLine(pub ViewFn);

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
    use_window_title(title);
    let steps = crumbs.into_iter().map(|Crumb { label, href }| view! { <a href=href>{label}</a><Glyph icon=Icon::CHEVRON_RIGHT/> }).collect_view();
    view! {
        <div class="topline">
            <button class="button quiet small square menu" type="button" popovertarget="rail" aria-label="Menu"><Glyph icon=Icon::MENU/></button>
            <nav class="crumbs" aria-label="Breadcrumbs">{steps}<span aria-current="page">{move || title.get()}</span></nav>
            {use_context::<TopLine>().map(|top| top.0.run())}
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

/// Gives the browser's window the name of the page that is shown. What the server renders goes into the document as it is, so there it is escaped: a name that
/// somebody typed must not end the title and begin an element.
#[cfg(feature = "ssr")]
pub(crate) fn use_window_title(page: impl Into<Signal<String>>) {
    let page = page.into();
    let text = move || window_title(&page.get().replace('&', "&amp;").replace('<', "&lt;"));
    drop(view! { <leptos_meta::Title text/> });
}

/// Gives the browser's window the name of the page that is shown. Not by `leptos_meta`: in the browser it keeps titles of pages that were left, and reads them
/// when their signals are gone.
#[cfg(not(feature = "ssr"))]
pub(crate) fn use_window_title(page: impl Into<Signal<String>>) {
    let page = page.into();
    Effect::new(move || document().set_title(&window_title(&page.get())));
}

fn window_title(page: &str) -> String {
    format!("{page} \u{00B7} Assay")
}
