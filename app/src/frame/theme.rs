use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{
    document::Theme,
    kit::{Glyph, Icon},
};

/// Light, dark or the system's. A plain form; in the browser it changes at once.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(SharedValue::new(|| use_context::<Theme>().unwrap_or_default()).into_inner());
    let choices = Theme::ALL.map(|choice| {
        let (icon, label) = match choice {
            Theme::System => (Icon::MONITOR, "As the system"),
            Theme::Light => (Icon::SUN, "Light"),
            Theme::Dark => (Icon::MOON, "Dark"),
        };
        let choose = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            theme.set(choice);
            apply(choice);
        };
        view! {
            <button type="submit" name="theme" value=choice.name() aria-label=label title=label aria-pressed=move || (theme.get() == choice).to_string() on:click=choose>
                <Glyph icon/>
            </button>
        }
    });
    view! { <form class="segments" method="post" action="/theme" role="group" aria-label="Theme">{choices.into_iter().collect_view()}</form> }
}

/// Turns the page to a theme and remembers it for a year in the cookie the server reads.
pub(super) fn apply(theme: Theme) {
    let Some(root) = document().document_element() else { return };
    let _ = match theme.attribute() {
        Some(name) => root.set_attribute("data-theme", name),
        None => root.remove_attribute("data-theme"),
    };
    let cookie = format!("theme={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.name());
    if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&cookie);
    }
}
