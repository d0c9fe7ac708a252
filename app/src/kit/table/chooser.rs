use leptos::prelude::*;

use crate::kit::{Glyph, Icon, use_address};

/// A column that can be shown or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What `?columns=` calls it.
    pub key: String,
    /// What it is called.
    pub title: String,
    /// Its heading in the menu: "Metrics", "Params", "Tags".
    pub group: &'static str,
}

/// Which columns are shown. Every choice is an address, so that it can be shared and kept.
#[component]
pub fn ColumnChooser(
    /// All there are, by group.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// The keys of those shown, in their order.
    #[prop(into)]
    shown: Signal<Vec<String>>,
) -> impl IntoView {
    let address = use_address();
    let text = RwSignal::new(String::new());
    let entries = move || {
        let (shown, wanted) = (shown.get(), text.get().to_lowercase());
        let mut group = "";
        choices.get().into_iter().filter(|choice| choice.title.to_lowercase().contains(&wanted)).map(|Choice { key, title, group: own }| {
            let on = shown.contains(&key);
            let mut after = shown.clone();
            if on { after.retain(|other| *other != key) } else { after.push(key) }
            let heading = (own != group).then(|| view! { <div class="group">{own}</div> });
            group = own;
            view! { {heading}<a href=address.with_all("columns", after) aria-current=on.then_some("true") data-noscroll=""><i class="check" class:on=on></i><span class="text">{title}</span></a> }
        })
        .collect_view()
    };
    let count = move || choices.with(Vec::len) > 12;
    view! {
        <button class="button" type="button" popovertarget="columns"><Glyph icon=Icon::COLUMNS_3/>"Columns"</button>
        <div class="menu end" id="columns" popover="auto">
            <input class="input" class:hidden=move || !count() type="search" placeholder="Find a column" aria-label="Find a column" on:input=move |event| text.set(event_target_value(&event))/>
            {entries}
            <hr/>
            <a href=move || address.with("columns", None) data-noscroll=""><Glyph icon=Icon::ROTATE_CCW/>"As at first"</a>
        </div>
    }
    .into_any()
}
