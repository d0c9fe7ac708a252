use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Glyph, Icon, late::late};

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
    /// Whether its items do nothing without the app: it comes with it. For a menu in each row of a table.
    #[prop(optional)]
    late: bool,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let content = move || menu(id, label, icon, labelled, children);
    // The place of the button is kept, so that nothing moves when it comes.
    if late { view! { <span class="menu-place">{self::late(content)}</span> }.into_any() } else { content() }
}

fn menu(id: String, label: String, icon: Icon, labelled: bool, children: Children) -> AnyView {
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
