use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{
    document::Theme,
    kit::{Glyph, Icon},
};

/// What the reader chose, one for the whole page.
#[derive(Clone, Copy)]
struct Choice(RwSignal<Theme>);

/// Reads the choice where the page begins, so that the server and the browser see the same.
pub(crate) fn provide_theme() {
    provide_context(Choice(RwSignal::new(SharedValue::new(|| use_context::<Theme>().unwrap_or_default()).into_inner())));
}

/// Turns the page to a theme; the switches follow. Call it while a component is made, run the
/// result later.
pub(super) fn turn() -> impl Fn(Theme) + Copy + Send + Sync + 'static {
    let choice = use_context::<Choice>();
    move |theme| {
        apply(theme);
        if let Some(choice) = choice {
            choice.0.set(theme);
        }
    }
}

/// Light, dark or the system's. A plain form; in the browser it changes at once.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let theme = use_context::<Choice>().map_or_else(|| RwSignal::new(Theme::System), |choice| choice.0);
    let turn = turn();
    let choices = Theme::ALL.map(|choice| {
        let (icon, label) = match choice {
            Theme::System => (Icon::MONITOR, "As the system"),
            Theme::Light => (Icon::SUN, "Light"),
            Theme::Dark => (Icon::MOON, "Dark"),
        };
        let choose = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            turn(choice);
        };
        view! {
            <button type="submit" name="theme" value=choice.name() aria-label=label title=label aria-pressed=move || (theme.get() == choice).to_string() on:click=choose>
                <Glyph icon/>
            </button>
        }
    });
    view! { <form method="post" action="/theme"><div class="segments" role="group" aria-label="Theme">{choices.into_iter().collect_view()}</div></form> }
}

/// Turns the page to a theme and remembers it for a year in the cookie the server reads.
fn apply(theme: Theme) {
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
