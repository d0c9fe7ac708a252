use leptos::prelude::*;
use shared::comparison::RUNS_NAMED_MAX;

use super::{bulk::comparison, removal::Removal};
use crate::{
    api::use_api,
    frame::may,
    kit::{Glyph, Icon, MenuItem, NameDialog, Saving, copy, use_toasts},
    runs::rename,
};

/// The id of the popover.
pub(super) const ID: &str = "run-menu";

/// What can be done with one run of the table; one popover for all rows.
#[component]
pub(super) fn RunMenu(
    /// The id of the run it stands open for.
    opened: RwSignal<Option<String>>,
    removal: Removal,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let may_write = may(shared::Permission::RunsWrite);
    let renaming = RwSignal::new(false);
    let name = Signal::derive(move || {
        let id = opened.get();
        removal.sheet.with(|sheet| sheet.rows.iter().find(|line| Some(&line.id) == id.as_ref()).map(|line| line.name.clone()).unwrap_or_default())
    });
    let save = Callback::new(move |name: String| -> Saving {
        let (api, id, again) = (api.clone(), opened.get_untracked().unwrap_or_default(), removal.again);
        Box::pin(async move {
            rename(api, id, name).await?;
            leptos::callback::Callable::run(&again, ());
            Ok(())
        })
    });
    let entries = move || {
        let Some(id) = opened.get() else { return view! { <p class="why">"Ready in a moment."</p> }.into_any() };
        let others = removal.selected.with(|selected| selected.iter().filter(|own| **own != id).cloned().collect::<Vec<_>>());
        let compare = (!others.is_empty()).then(|| {
            // Of many, this one is among those that are compared.
            let others: Vec<String> = others.into_iter().take(RUNS_NAMED_MAX - 1).collect();
            let href = comparison(&[others, vec![id.clone()]].concat());
            view! { <a href=href><Glyph icon=Icon::GIT_COMPARE/>"Compare with selected"</a> }
        });
        let (for_copy, for_removal) = (id.clone(), id.clone());
        let copy = move || {
            copy(&for_copy);
            toasts.say("The id is on the clipboard.");
        };
        let act = move || removal.of_runs(vec![for_removal.clone()]);
        let (icon, words, danger) = if removal.removed.get() { (Icon::UNDO_2, "Restore", false) } else { (Icon::TRASH_2, "Remove", true) };
        view! {
            <a href=format!("/runs/{id}")><Glyph icon=Icon::ARROW_RIGHT/>"Open"</a>
            {may_write.then(|| view! { <MenuItem icon=Icon::PENCIL on_press=move || renaming.set(true)>"Rename"</MenuItem> })}
            {compare}
            <MenuItem icon=Icon::COPY on_press=copy>"Copy id"</MenuItem>
            {may_write.then(|| view! { <hr/><MenuItem icon danger on_press=act>{words}</MenuItem> })}
        }
        .into_any()
    };
    view! {
        <div class="menu end" id=ID popover="auto">{entries}</div>
        <NameDialog open=renaming title="Rename run" label="Name" save="Rename run" value=name on_save=save/>
    }
    .into_any()
}
