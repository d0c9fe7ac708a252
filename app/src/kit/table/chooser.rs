use leptos::{callback::Callable, prelude::*};
use wasm_bindgen::JsCast;

use super::moved;
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

/// Which columns are shown, in which order. Every choice is an address, so that it can be shared and works without the app.
#[component]
pub fn ColumnChooser(
    /// All there are, by group.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// The keys of those shown, in their order.
    #[prop(into)]
    shown: Signal<Vec<String>>,
    /// Told what the reader chose; nothing stands for what is shown at first.
    #[prop(optional)]
    on_choose: Option<Callback<Vec<String>>>,
) -> impl IntoView {
    let address = use_address();
    let text = RwSignal::new(String::new());
    let link = move |keys: Vec<String>| {
        let choose = on_choose.map(|on_choose| {
            let keys = keys.clone();
            Callback::new(move |()| on_choose.run(keys.clone()))
        });
        let press = move |event: leptos::ev::MouseEvent| {
            // In another tab it is only looked at.
            if let Some(choose) = choose.filter(|_| !event.ctrl_key() && !event.meta_key() && !event.shift_key()) {
                choose.run(());
            }
        };
        (address.with_all("columns", keys), press)
    };
    let arrows = StoredValue::new(None::<String>);
    let here = move || {
        let (choices, shown, wanted) = (choices.get(), shown.get(), text.get().to_lowercase());
        let title = |key: &String| choices.iter().find(|choice| choice.key == *key).map_or_else(|| key.clone(), |choice| choice.title.clone());
        let rows = shown.iter().map(|key| (key.clone(), title(key))).filter(|(_, title)| title.to_lowercase().contains(&wanted));
        let rows = rows.map(|(key, title)| {
            let (away, press) = link(shown.iter().filter(|own| **own != key).cloned().collect());
            let arrow = |right: bool| {
                let (side, sign) = if right { ("right", "\u{203A}") } else { ("left", "\u{2039}") };
                let mark = format!("Move {title} {side}");
                let own = mark.clone();
                moved(&shown, &key, right).map(|keys| {
                    let (href, press) = link(keys);
                    let press = move |event| {
                        arrows.set_value(Some(own.clone()));
                        press(event);
                    };
                    view! { <a class="square" class:right=right href=href on:click=press data-noscroll="" aria-label=mark>{sign}</a> }
                })
            };
            view! {
                <div class="placed">
                    <a href=away on:click=press aria-current="true" data-noscroll=""><i class="check on"></i><span class="text">{title.clone()}</span></a>
                    {arrow(false)}{arrow(true)}
                </div>
            }
        });
        rows.collect_view()
    };
    let others = move || {
        let (shown, wanted) = (shown.get(), text.get().to_lowercase());
        let all = choices.get();
        let mut group = "";
        all.iter()
            .filter(|choice| !shown.contains(&choice.key) && choice.title.to_lowercase().contains(&wanted))
            .map(|Choice { key, title, group: own }| {
                // Behind the last of its group.
                let kin = |other: &String| all.iter().any(|choice| choice.key == *other && choice.group == *own);
                let mut after = shown.clone();
                after.insert(shown.iter().rposition(kin).map_or(shown.len(), |at| at + 1), key.clone());
                let heading = (*own != group).then(|| view! { <div class="group">{*own}</div> });
                group = own;
                let (href, press) = link(after);
                view! { {heading}<a href=href on:click=press data-noscroll=""><i class="check"></i><span class="text">{title.clone()}</span></a> }
            })
            .collect_view()
    };
    follow_arrows(shown, arrows);
    let at_first = link(Vec::new()).1;
    let first = move || address.with("columns", None);
    let count = move || choices.with(Vec::len) > 12;
    view! {
        <button class="button" type="button" popovertarget="columns"><Glyph icon=Icon::COLUMNS_3/>"Columns"</button>
        <div class="menu end" id="columns" popover="auto">
            <input class="input" class:hidden=move || !count() type="search" placeholder="Find a column" aria-label="Find a column" on:input=move |event| text.set(event_target_value(&event))/>
            <div class="group">"Shown, in this order"</div>
            {here}
            {others}
            <hr/>
            <a href=first on:click=at_first data-noscroll=""><Glyph icon=Icon::ROTATE_CCW/>"As at first"</a>
        </div>
    }
    .into_any()
}

/// Who moves a column by its arrow goes along with it.
fn follow_arrows(shown: Signal<Vec<String>>, arrows: StoredValue<Option<String>>) {
    Effect::new(move || {
        shown.track();
        let Some(mark) = arrows.try_update_value(Option::take).flatten() else { return };
        request_animation_frame(move || {
            let links = document().query_selector_all("#columns .square").ok();
            let links = links.iter().flat_map(|links| (0..links.length()).filter_map(|at| links.item(at)?.dyn_into::<web_sys::HtmlElement>().ok()));
            if let Some(link) = links.into_iter().find(|link| link.get_attribute("aria-label").as_ref() == Some(&mark)) {
                let _ = link.focus();
            }
        });
    });
}
