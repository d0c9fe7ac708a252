//! Removing runs of the table and bringing them back.

use leptos::{callback::Callable, prelude::*, task::spawn_local};

use super::sheet::Sheet;
use crate::{
    api::{Api, use_api},
    kit::{Toasts, number, use_toasts},
    runs::set_removed,
};

/// Removes runs, or restores them where the table shows removed ones. Either can be undone for ten seconds.
#[derive(Clone, Copy)]
pub(super) struct Removal {
    pub sheet: RwSignal<Sheet>,
    /// Ids of the selected runs.
    pub selected: RwSignal<Vec<String>>,
    /// Whether the table shows removed runs.
    pub removed: Signal<bool>,
    /// Set while the runs are being removed or restored.
    pub busy: RwSignal<bool>,
    /// Asks for the rows again.
    pub again: Callback<()>,
    api: StoredValue<Api>,
    toasts: Toasts,
}

impl Removal {
    pub fn of(sheet: RwSignal<Sheet>, selected: RwSignal<Vec<String>>, removed: Signal<bool>, busy: RwSignal<bool>, again: Callback<()>) -> Self {
        Self { sheet, selected, removed, busy, again, api: StoredValue::new(use_api()), toasts: use_toasts() }
    }

    /// Does it to some runs.
    pub fn of_runs(self, ids: Vec<String>) {
        if self.busy.get_untracked() {
            return;
        }
        // An undo outlives the page it was offered on.
        let (api, toasts, again, to_removed) = (self.api.get_value(), self.toasts, self.again, !self.removed.get_untracked());
        self.busy.set(true);
        spawn_local(async move {
            let done = set_removed(api.clone(), ids.clone(), to_removed).await;
            self.busy.try_set(false);
            if let Err(error) = done {
                return toasts.fail(&error);
            }
            let count = ids.len() as i64;
            self.selected.try_update(|selected| selected.retain(|id| !ids.contains(id)));
            self.sheet.try_update(|sheet| {
                sheet.rows.retain(|line| !ids.contains(&line.id));
                sheet.total.count -= count;
            });
            let words = number::counted(count, "run was", "runs were");
            toasts.undo(format!("{words} {}.", if to_removed { "removed" } else { "restored" }), move || {
                let (api, ids) = (api.clone(), ids.clone());
                spawn_local(async move {
                    match set_removed(api, ids, !to_removed).await {
                        Ok(()) => drop(again.try_run(())),
                        Err(error) => toasts.fail(&error),
                    }
                });
            });
        });
    }
}
