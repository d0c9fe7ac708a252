//! Short news at the foot of the page, with an undo where something can be undone.

use std::sync::atomic::{AtomicU32, Ordering};

use std::time::Duration;

use leptos::{callback::Callable, prelude::*};

use super::{Glyph, Icon};
use crate::api::ApiError;

/// How long a toast stays: as long as an undo is offered.
const STAYS: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Toast {
    id: u32,
    bad: bool,
    text: String,
    undo: Option<Callback<()>>,
}

/// Says what just happened.
#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<Vec<Toast>>);

impl Toasts {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Something was done.
    pub fn say(self, text: impl Into<String>) {
        self.push(text.into(), false, None);
    }

    /// Something was done that can be undone for ten seconds.
    pub fn undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.push(text.into(), false, Some(Callback::new(move |()| undo())));
    }

    /// Something was not done, and why.
    pub fn fail(self, error: &ApiError) {
        let reference = error.reference.as_ref().map(|id| format!(" Reference {id}.")).unwrap_or_default();
        self.push(format!("{}{reference}", error.message), true, None);
    }

    fn push(self, text: String, bad: bool, undo: Option<Callback<()>>) {
        // Never used twice: a list that sees the key of a toast just removed would go on showing that one.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        self.0.update(|all| {
            if all.len() > 2 {
                all.remove(0);
            }
            all.push(Toast { id, bad, text, undo });
        });
        set_timeout(move || self.remove(id), STAYS);
    }

    fn remove(self, id: u32) {
        self.0.try_update(|all| all.retain(|toast| toast.id != id));
    }
}

/// The app's toasts.
pub fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(Toasts::new)
}

/// Where toasts appear. Stands once in the app.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.0.get() key=|toast| toast.id let:toast>
                {one(toasts, toast)}
            </For>
        </div>
    }
}

fn one(toasts: Toasts, toast: Toast) -> AnyView {
    let id = toast.id;
    let icon = if toast.bad { Icon::CIRCLE_ALERT } else { Icon::CIRCLE_CHECK };
    let undo = toast.undo.map(|undo| {
        let take_back = move |_| {
            toasts.remove(id);
            undo.run(());
        };
        view! { <button class="button small" type="button" on:click=take_back><Glyph icon=Icon::UNDO_2/>"Undo"</button> }
    });
    view! {
        <div class="toast" class:bad=toast.bad>
            <Glyph icon/>
            <span class="text">{toast.text}</span>
            {undo}
            <button class="button quiet small square" type="button" aria-label="Dismiss" on:click=move |_| toasts.remove(id)><Glyph icon=Icon::X/></button>
        </div>
    }
    .into_any()
}
