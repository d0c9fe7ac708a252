//! What can be done with the selected runs.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use shared::comparison::{RUNS_NAMED_MAX, Wish};

use super::sheet::Sheet;
use crate::{
    api::use_api,
    kit::{Button, ButtonKind, ButtonLink, Command, Icon, number, use_command, use_toasts},
    runs::set_removed,
};

/// Compares the selected runs, removes or restores them; either can be undone for ten seconds.
#[component]
pub(super) fn Bulk(
    sheet: RwSignal<Sheet>,
    /// Ids of the selected runs.
    selected: RwSignal<Vec<String>>,
    /// Whether the table shows removed runs.
    #[prop(into)]
    removed: Signal<bool>,
    /// Asks for the rows again.
    again: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let act = move || {
        let (api, ids, to_removed) = (api.clone(), selected.get_untracked(), !removed.get_untracked());
        spawn_local(async move {
            if let Err(error) = set_removed(api.clone(), ids.clone(), to_removed).await {
                return toasts.fail(&error);
            }
            let count = ids.len() as i64;
            selected.set(Vec::new());
            sheet.try_update(|sheet| {
                sheet.rows.retain(|line| !ids.contains(&line.id));
                sheet.total -= count;
            });
            let words = number::counted(count, "run was", "runs were");
            toasts.undo(format!("{words} {}.", if to_removed { "removed" } else { "restored" }), move || {
                let (api, ids) = (api.clone(), ids.clone());
                spawn_local(async move {
                    match set_removed(api, ids, !to_removed).await {
                        Ok(()) => drop(leptos::callback::Callable::try_run(&again, ())),
                        Err(error) => toasts.fail(&error),
                    }
                });
            });
        });
    };
    let count = move || selected.with(|selected| number::counted(selected.len() as i64, "run", "runs"));
    let restore = move || removed.get();
    let remove = {
        let act = act.clone();
        move || {
            if restore() {
                view! { <Button icon=Icon::UNDO_2 on_press=act.clone()>"Restore"</Button> }
            } else {
                view! { <Button icon=Icon::TRASH_2 on_press=act.clone()>"Remove"</Button> }
            }
        }
    };
    let compare = Signal::derive(move || {
        let runs = selected.with(|selected| selected.iter().take(RUNS_NAMED_MAX).cloned().collect());
        Wish { runs, ..Default::default() }.address()
    });
    let navigate = use_navigate();
    use_command(Command::key("c", "Table", "Compare the selected runs", move || navigate(&compare.get_untracked(), Default::default())));
    view! {
        <span class="picked" role="status">{count}" selected"</span>
        <ButtonLink href=compare icon=Icon::GIT_COMPARE>"Compare"</ButtonLink>
        {remove}
        <Button kind=ButtonKind::Quiet icon=Icon::X on_press=move || selected.set(Vec::new())>"Clear"</Button>
    }
    .into_any()
}
