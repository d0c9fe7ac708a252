//! What can be done with the selected runs.

use leptos::prelude::*;
use shared::{
    Permission,
    comparison::{RUNS_NAMED_MAX, Wish},
};

use super::{removal::Removal, tag::TagDialog};
use crate::{
    frame::may,
    kit::{Button, ButtonKind, ButtonLink, Icon, number},
};

/// Compares the selected runs, tags, removes or restores them.
#[component]
pub(super) fn Bulk(removal: Removal) -> impl IntoView {
    let selected = removal.selected;
    let act = move || removal.of_runs(selected.get_untracked());
    let busy = removal.busy;
    let may_write = may(Permission::RunsWrite);
    let count = move || selected.with(|selected| number::counted(selected.len() as i64, "run", "runs"));
    let remove = move || {
        if removal.removed.get() {
            view! { <Button icon=Icon::UNDO_2 busy on_press=act>"Restore"</Button> }
        } else {
            view! { <Button icon=Icon::TRASH_2 busy on_press=act>"Remove"</Button> }
        }
    };
    let tagging = RwSignal::new(false);
    // What is removed takes no tags.
    let tag = move || {
        (may_write && !removal.removed.get()).then(|| {
            view! { <Button icon=Icon::TAG on_press=move || tagging.set(true)>"Tag"</Button><TagDialog open=tagging removal/> }
        })
    };
    let compare = Signal::derive(move || selected.with(|selected| comparison(selected)));
    view! {
        <span class="picked" role="status">{count}" selected"</span>
        <ButtonLink href=compare icon=Icon::GIT_COMPARE>"Compare"</ButtonLink>
        {tag}
        {may_write.then_some(remove)}
        <Button kind=ButtonKind::Quiet icon=Icon::X on_press=move || selected.set(Vec::new())>"Clear"</Button>
    }
    .into_any()
}

/// The address of the comparison of some runs.
pub(super) fn comparison(runs: &[String]) -> String {
    Wish { runs: runs.iter().take(RUNS_NAMED_MAX).cloned().collect(), ..Default::default() }.address()
}
