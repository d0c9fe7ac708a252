use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Glyph, Icon};

/// A button with things to do under it. Opens and closes without the app, by the browser alone.
/// Inside stand `<a>`, `<button type="button">`, [`MenuItem`], `<hr>` and `<div class="group">`.
#[component]
pub fn Menu(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// The name of the button.
    #[prop(into)]
    label: String,
    /// The icon of the button.
    #[prop(default = Icon::ELLIPSIS)]
    icon: Icon,
    /// Whether the label is shown beside the icon.
    #[prop(optional)]
    labelled: bool,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let class = if labelled { "button" } else { "button quiet small square" };
    let name = (!labelled).then(|| label.clone());
    view! {
        <button class=class type="button" popovertarget=id.clone() aria-label=name.clone() title=name>
            <Glyph icon/>{labelled.then_some(label)}
        </button>
        <div class="menu end" id=id popover="auto">{children()}</div>
    }
    .into_any()
}

/// Something to do in a menu; the menu closes.
#[component]
pub fn MenuItem(
    /// Before the label.
    icon: Icon,
    /// Whether it destroys something.
    #[prop(optional)]
    danger: bool,
    /// Does it.
    #[prop(into)]
    on_press: super::UnitCallback,
    /// The label.
    children: Children,
) -> impl IntoView {
    let press = move |event: leptos::ev::MouseEvent| {
        close_around(&event);
        on_press.run();
    };
    view! { <button type="button" class:bad=danger on:click=press><Glyph icon/>{children()}</button> }.into_any()
}

/// Closes the menu an event comes from.
fn close_around(event: &leptos::ev::MouseEvent) {
    let item = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let menu = item.and_then(|item| item.closest("[popover]").ok().flatten()).and_then(|menu| menu.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(menu) = menu {
        let _ = menu.hide_popover();
    }
}
