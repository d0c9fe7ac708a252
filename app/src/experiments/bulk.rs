//! What can be done with the selected runs.

use leptos::prelude::*;
use shared::{
    Permission,
    comparison::{GroupWish, RUNS_NAMED_MAX, Wish},
};

use super::{
    removal::Removal,
    steps::{STEP, StepsShown},
    tag::TagDialog,
};
use crate::{
    frame::may,
    kit::{Button, ButtonKind, ButtonLink, ConfirmDialog, Icon, number},
};

/// Compares the selected runs, tags, removes or restores them.
#[component]
pub(super) fn Bulk(removal: Removal) -> impl IntoView {
    let (selected, busy) = (removal.selected, removal.busy);
    let may_write = may(Permission::RunsWrite);
    let runs = move || selected.with(|selected| number::counted(selected.len() as i64, "run", "runs"));
    let asking = RwSignal::new(false);
    // Of rows that nobody has seen the number is said before they go.
    let act = move || {
        let count = selected.with_untracked(Vec::len);
        if !removal.removed.get_untracked() && count > removal.sheet.with_untracked(|sheet| sheet.rows.len().min(STEP)) {
            return asking.set(true);
        }
        removal.of_runs(selected.get_untracked());
    };
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
            view! { <Button icon=Icon::TAG busy on_press=move || tagging.set(true)>"Tag"</Button> }
        })
    };
    let tools = move || {
        view! {
            <span class="picked" role="status">{runs}" selected"</span>
            <Further removal/>
            <Comparing removal/>
            {tag}
            {may_write.then_some(remove)}
            <Button kind=ButtonKind::Quiet icon=Icon::X on_press=move || selected.set(Vec::new())>"Clear"</Button>
        }
    };
    let shows = Memo::new(move |_| removal.steps.shows());
    view! {
        <span class="bulk" class:busy=move || shows.get()>{tools()}</span>
        {move || shows.get().then(|| view! { <StepsShown steps=removal.steps/> })}
        {may_write.then(|| view! { <TagDialog open=tagging removal/> })}
        <ConfirmDialog
            open=asking title=Signal::derive(move || format!("Remove {}?", runs())) confirm=Signal::derive(move || format!("Remove {}", runs()))
            on_confirm=Callback::new(move |()| removal.of_runs(selected.get_untracked()))
        >
            "Some of them are not loaded here. None is lost: all are listed as removed, and can be restored there."
        </ConfirmDialog>
    }
    .into_any()
}

/// When all rows that are loaded are selected and the list goes on: selects the rest too.
#[component]
fn Further(removal: Removal) -> impl IntoView {
    let offered = Memo::new(move |_| {
        let (rows, total, goes_on) = removal.sheet.with(|sheet| (sheet.rows.len(), sheet.total, sheet.next.is_some()));
        let all = removal.selected.with(|selected| {
            selected.len() == rows
                && removal.sheet.with(|sheet| sheet.rows.iter().zip(selected).all(|(line, id)| line.id == *id || selected.contains(&line.id)))
        });
        (goes_on && all).then_some(total)
    });
    let words = move |total: super::sheet::Total| {
        let least = if total.is_least { "at least " } else { "" };
        let fitting = if removal.wish.with(|wish| wish.filter.is_some()) { " that match this filter" } else { "" };
        format!("Select all {least}{}{fitting}", number::counted(total.count, "run", "runs"))
    };
    (move || {
        offered.get().map(|total| view! { <Button icon=Icon::CHECK busy=removal.busy on_press=move || removal.select_all()>{words(total)}</Button> })
    })
    .into_any()
}

/// Leads to the comparison, and says when that is one of a part.
#[component]
fn Comparing(removal: Removal) -> impl IntoView {
    let selected = removal.selected;
    let href = Signal::derive(move || selected.with(|selected| comparison(selected)));
    let count = Memo::new(move |_| selected.with(Vec::len));
    let words = move || if count.get() > RUNS_NAMED_MAX { format!("Compare the first {RUNS_NAMED_MAX}") } else { "Compare".to_owned() };
    let group = move || {
        let group = |filter: Option<String>| GroupWish {
            experiment: removal.sheet.with(|sheet| sheet.head.experiment.id.clone()),
            filter: filter.unwrap_or_default(),
            ..Default::default()
        };
        Wish { groups: vec![group(removal.wish.with(|wish| wish.filter.clone()))], ..Default::default() }.address()
    };
    let part = move || {
        (count.get() > RUNS_NAMED_MAX).then(|| {
            let all = (!removal.removed.get()).then(|| view! { " "<a href=group>"Compare all that are listed"</a>" as a group instead." });
            view! { <span class="limited">"A comparison names at most "{RUNS_NAMED_MAX}" runs."{all}</span> }
        })
    };
    view! { <ButtonLink href icon=Icon::GIT_COMPARE>{words}</ButtonLink>{part} }.into_any()
}

/// The address of the comparison of some runs, the first of them where they are more than can be named.
pub(super) fn comparison(runs: &[String]) -> String {
    Wish { runs: runs.iter().take(RUNS_NAMED_MAX).cloned().collect(), ..Default::default() }.address()
}
