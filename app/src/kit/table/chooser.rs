use leptos::{callback::Callable, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::moved;
use crate::kit::{Address, Glyph, Icon, escape::escaped, late::use_alive, use_address};

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

/// The columns that an address asks for, in their order: those it names, with the one change that the form without scripts adds.
pub fn chosen_columns(address: Address) -> Vec<String> {
    let change = CHANGES.iter().find_map(|change| Some((*change, address.get(change)?)));
    changed(address.all("columns"), change.as_ref().map(|(change, key)| (*change, key.as_str())))
}

/// The address that asks for columns; none stand for what is shown at first.
pub fn with_columns(address: Address, keys: Vec<String>) -> String {
    address.with_all("columns", keys, &CHANGES)
}

/// What the form's buttons are called, each with a column's key as its value.
const CHANGES: [&str; 4] = ["show", "hide", "left", "right"];

fn changed(mut keys: Vec<String>, change: Option<(&str, &str)>) -> Vec<String> {
    match change {
        Some(("hide", key)) => keys.retain(|own| own != key),
        Some(("show", key)) => keys.push(key.to_owned()),
        Some((side, key)) => return moved(&keys, key, side == "right").unwrap_or(keys),
        None => {}
    }
    keys
}

/// Which columns are shown, in which order. A form, so that it works without the app; with the app every choice becomes an address that names all columns
/// and can be shared. As links each choice would carry that address: of a dozen columns more bytes than the whole table.
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
    let navigate = use_navigate();
    let text = RwSignal::new(String::new());
    let choose = Callback::new(move |keys: Vec<String>| {
        if let Some(on_choose) = on_choose {
            on_choose.run(keys.clone());
        }
        navigate(&untrack(|| with_columns(address, keys)), NavigateOptions { scroll: false, ..Default::default() });
    });
    let press = move |keys: Vec<String>| {
        move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            choose.run(keys.clone());
        }
    };
    let arrows = StoredValue::new(None::<String>);
    let alive = use_alive();
    let here = move || {
        let (choices, shown, wanted) = (choices.get(), shown.get(), text.get().to_lowercase());
        let title = |key: &String| choices.iter().find(|choice| choice.key == *key).map_or_else(|| key.clone(), |choice| choice.title.clone());
        let rows = shown.iter().map(|key| (key.clone(), title(key))).filter(|(_, title)| title.to_lowercase().contains(&wanted));
        let rows = rows.map(|(key, title)| {
            let hide = press(shown.iter().filter(|own| **own != key).cloned().collect());
            let arrow = |right: bool| {
                let (side, sign) = if right { ("right", "\u{203A}") } else { ("left", "\u{2039}") };
                let mark = format!("Move {title} {side}");
                let own = mark.clone();
                moved(&shown, &key, right).map(|keys| {
                    let press = press(keys);
                    let press = move |event| {
                        arrows.set_value(Some(own.clone()));
                        press(event);
                    };
                    view! { <button class="square" class:right=right name=side value=key.clone() on:click=press aria-label=mark>{sign}</button> }
                })
            };
            // Without the app the way to the left is enough: every order is reached by it.
            let (left, right) = (arrow(false), alive.get().then(|| arrow(true)).flatten());
            let inside = named(&title, "check on");
            view! { <div class="placed"><button name="hide" value=key on:click=hide aria-pressed="true" inner_html=inside></button>{left}{right}</div> }
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
                view! { {heading}<button name="show" value=key.clone() on:click=press(after) aria-pressed="false" inner_html=named(title, "check")></button> }
            })
            .collect_view()
    };
    // What the form carries besides the button that was pressed.
    let carried = move || {
        let hidden = |(name, value): (String, String)| view! { <input type="hidden" name=name value=value/> };
        let rest = address.rest(&["columns", "after"]).into_iter().filter(|(name, _)| !CHANGES.contains(&name.as_str()));
        rest.chain(shown.get().into_iter().map(|key| ("columns".to_owned(), key))).map(hidden).collect_view()
    };
    follow_arrows(shown, arrows);
    let at_first = move |event: leptos::ev::MouseEvent| {
        // In another tab it is only looked at.
        if let Some(on_choose) = on_choose.filter(|_| !event.ctrl_key() && !event.meta_key() && !event.shift_key()) {
            on_choose.run(Vec::new());
        }
    };
    let first = move || with_columns(address, Vec::new());
    let count = move || choices.with(Vec::len) > 12;
    view! {
        <button class="button" type="button" popovertarget="columns"><Glyph icon=Icon::COLUMNS_3/>"Columns"</button>
        <div class="menu end" id="columns" popover="auto">
            <input class="input" class:hidden=move || !count() type="search" placeholder="Find a column" aria-label="Find a column" on:input=move |event| text.set(event_target_value(&event))/>
            <div class="group">"Shown, in this order"</div>
            <form method="get">{carried}{here}{others}</form>
            <hr/>
            <a href=first on:click=at_first data-noscroll=""><Glyph icon=Icon::ROTATE_CCW/>"As at first"</a>
        </div>
    }
    .into_any()
}

/// A name behind its tick. Nothing in it is a view: of dozens the marks of each would come with the page.
fn named(title: &str, tick: &str) -> String {
    format!("<i class=\"{tick}\"></i><span class=\"text\">{}</span>", escaped(title))
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

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn one_button_changes_one_column() {
        let keys = || ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(changed(keys(), None), ["a", "b"]);
        assert_eq!(changed(keys(), Some(("left", "b"))), ["b", "a"]);
        assert_eq!(changed(keys(), Some(("right", "b"))), ["a", "b"], "it stands at that end already");
        assert_eq!(changed(keys(), Some(("hide", "a"))), ["b"]);
        assert_eq!(changed(keys(), Some(("show", "c"))), ["a", "b", "c"]);
    }
}
