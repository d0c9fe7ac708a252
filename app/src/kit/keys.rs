use leptos::prelude::*;

/// Keys as they stand on the keyboard: `g e`, `mod+k`, `shift+j`.
#[component]
pub fn Keys(
    /// In the spelling of [`super::Command`].
    keys: &'static str,
) -> impl IntoView {
    keys.split_whitespace().map(one).collect_view()
}

fn one(key: &'static str) -> AnyView {
    if let Some(rest) = key.strip_prefix("shift+") {
        return view! { <kbd>"Shift"</kbd>" "<kbd>{rest.to_uppercase()}</kbd> }.into_any();
    }
    match key.strip_prefix("mod+") {
        Some(rest) => view! { <kbd class="mod">{rest.to_uppercase()}</kbd> }.into_any(),
        None if key.chars().count() == 1 => view! { <kbd>{key.to_uppercase()}</kbd> }.into_any(),
        None => view! { <kbd>{match key { "Enter" => "\u{21B5}", "Escape" => "Esc", other => other }}</kbd> }.into_any(),
    }
}
