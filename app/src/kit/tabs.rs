use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::number;

/// A tab: a link with its own address.
#[derive(Clone, Debug)]
pub struct Tab {
    /// The word on it.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// How many things are behind it.
    pub count: Option<i64>,
}

impl Tab {
    /// A tab without a count.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), count: None }
    }

    /// The same with a count.
    pub fn count(mut self, count: i64) -> Self {
        self.count = Some(count);
        self
    }
}

/// The parts of a page, each with its own address. The current one is the one whose path is open.
#[component]
pub fn Tabs(
    /// In their order.
    #[prop(into)]
    tabs: Signal<Vec<Tab>>,
    /// Names the row for a screen reader.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let path = use_location().pathname;
    let links = move || {
        tabs.get().into_iter().map(|Tab { label, href, count }| {
            let own = href.split('?').next().unwrap_or_default().to_owned();
            let current = move || path.with(|path| path.trim_end_matches('/') == own.trim_end_matches('/')).then_some("page");
            view! { <a href=href aria-current=current>{label}{count.map(|count| view! { <span class="count">{number::count(count)}</span> })}</a> }
        })
        .collect_view()
    };
    view! { <nav class="tabs" aria-label=label>{links}</nav> }.into_any()
}
