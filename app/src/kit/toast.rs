//! Short news at the foot of the page, with an undo where something can be undone.

use std::sync::atomic::{AtomicU32, Ordering};

use std::time::Duration;

use leptos::{callback::Callable, prelude::*};

use super::{Glyph, Icon};
use crate::api::ApiError;

/// How long a toast stays: as long as an undo is offered. The time stands still while somebody points at a toast or has the focus on one.
const STAYS: Duration = Duration::from_secs(10);
/// How often it is looked whether anybody does.
const STEP: Duration = Duration::from_millis(250);
/// Toasts at a time; those that offer an undo are never too many.
const MOST: usize = 3;

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
            make_room(all);
            all.push(Toast { id, bad, text, undo });
        });
        self.wait(id, STAYS);
    }

    fn wait(self, id: u32, left: Duration) {
        let step = move || {
            let left = if is_held() { left } else { left.saturating_sub(STEP) };
            match self.0.try_with_untracked(|all| all.iter().any(|toast| toast.id == id)) {
                Some(true) if left.is_zero() => self.remove(id),
                Some(true) => self.wait(id, left),
                _ => {}
            }
        };
        set_timeout(step, STEP);
    }

    fn remove(self, id: u32) {
        self.0.try_update(|all| all.retain(|toast| toast.id != id));
    }
}

/// The oldest one goes that takes nothing with it: what can be undone stays for its time, however much is said meanwhile.
fn make_room(all: &mut Vec<Toast>) {
    if all.len() >= MOST
        && let Some(oldest) = all.iter().position(|toast| toast.undo.is_none())
    {
        all.remove(oldest);
    }
}

/// Asked of the browser and not kept from events: of a toast that goes away under the pointer none would come.
fn is_held() -> bool {
    document().query_selector(".toasts:is(:hover, :focus-within)").is_ok_and(|held| held.is_some())
}

/// The app's toasts.
pub fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(Toasts::new)
}

/// The id of the region, which stands last on every page.
pub const LAST: &str = "toasts";

/// Where toasts appear. Stands once in the app.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div id=LAST class="toasts" role="status" aria-live="polite">
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_undone_is_not_pushed_out() {
        let owner = Owner::new();
        owner.set();
        let toast = |id: u32, undo: bool| Toast { id, bad: false, text: String::new(), undo: undo.then(|| Callback::new(|()| ())) };
        let left = |undos: [bool; 3]| {
            let mut all: Vec<Toast> = undos.into_iter().zip(0..).map(|(undo, id)| toast(id, undo)).collect();
            make_room(&mut all);
            all.iter().map(|toast| toast.id).collect::<Vec<_>>()
        };
        assert_eq!(left([false, false, false]), [1, 2]);
        assert_eq!(left([true, false, false]), [0, 2]);
        assert_eq!(left([true, true, true]), [0, 1, 2]);
    }
}
