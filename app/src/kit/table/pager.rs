use leptos::prelude::*;

use crate::kit::{Glyph, Icon, Keys, UnitCallback, number, use_address};

/// The foot of a table: how many rows of how many, which keys work, and the way to more.
#[component]
pub fn Pager(
    /// How many rows are shown.
    #[prop(into)]
    shown: Signal<usize>,
    /// How many there are.
    #[prop(into)]
    total: Signal<i64>,
    /// Whether there may be more than those.
    #[prop(optional, into)]
    least: Signal<bool>,
    /// The cursor of what follows; `None` at the end.
    #[prop(optional, into)]
    next: MaybeProp<String>,
    /// Adds the next rows to these; without it the link leads to the next page.
    #[prop(optional, into)]
    on_more: Option<UnitCallback>,
    /// Whether the next rows are on their way: meanwhile nothing more is asked for.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// What is listed: "run", "runs".
    #[prop(default = ("row", "rows"))]
    of: (&'static str, &'static str),
    /// Keys that work on the table, with what they do.
    #[prop(optional)]
    keys: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let address = use_address();
    let text = move || {
        let (shown, total) = (shown.get() as i64, total.get());
        let all = number::counted_at_least(total, least.get(), of.0, of.1);
        if shown >= total { all } else { format!("{} of {all}", number::count(shown)) }
    };
    let cursor = Memo::new(move |_| next.get());
    let goes_on = Memo::new(move |_| cursor.with(Option::is_some));
    let href = move || {
        cursor.get().map(|cursor| format!("{}after={}", with_mark(address.with("after", None)), leptos_router::location::Url::escape(&cursor)))
    };
    let more = move |event: leptos::ev::MouseEvent| {
        if let Some(on_more) = on_more {
            event.prevent_default();
            if !busy.get_untracked() {
                on_more.run();
            }
        }
    };
    let label = if on_more.is_some() { "Load more" } else { "Next page" };
    // One link for as long as the list goes on: whoever stands on it stays there while rows are added.
    let next = move || {
        goes_on.get().then(|| {
            view! { <a class="button small" class:busy=move || busy.get() aria-disabled=move || busy.get().then_some("true") href=href on:click=more>{label}<Glyph icon=Icon::ARROW_DOWN/></a> }
        })
    };
    let first = move || address.get("after").map(|_| view! { <a class="button small" href=address.with("after", None)>"First page"</a> });
    let hints = keys.into_iter().map(|(keys, does)| view! { <span class="hint"><Keys keys/>{does}</span> }).collect_view();
    view! { <div class="pager"><span aria-live="polite">{text}</span><span class="hints">{hints}</span><span class="push row">{first}{next}</span></div> }.into_any()
}

fn with_mark(address: String) -> String {
    if address.contains('?') { address + "&" } else { address + "?" }
}
