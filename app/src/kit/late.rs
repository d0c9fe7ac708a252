use leptos::prelude::*;

/// What only the app can open or use, made by the browser: a page is not longer for what nobody can press before. The first
/// rendering is empty on both sides.
pub(crate) fn late<V: IntoView + 'static>(content: impl FnOnce() -> V + Send + 'static) -> AnyView {
    let here = use_alive();
    let mut content = Some(content);
    (move || if here.get() { content.take().map(|content| content().into_any()) } else { None }).into_any()
}

/// Whether the app is here. Not at first, neither on the server nor in the browser.
pub(super) fn use_alive() -> RwSignal<bool> {
    let here = RwSignal::new(false);
    Effect::new(move || here.set(true));
    here
}
