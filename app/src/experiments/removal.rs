//! Removing runs of the table and bringing them back.

use std::collections::HashSet;

use leptos::{callback::Callable, prelude::*, task::spawn_local};

use super::{
    sheet::{Sheet, Wish},
    steps::Steps,
};
use crate::{
    api::{Api, use_api},
    kit::{Toasts, number, use_toasts},
    runs::set_removed,
};

/// Removes runs, or restores them where the table shows removed ones. Either can be undone for ten seconds.
#[derive(Clone, Copy)]
pub(super) struct Removal {
    pub sheet: RwSignal<Sheet>,
    pub wish: Memo<Wish>,
    /// Ids of the selected runs; of all that the filter finds, those that are not loaded follow on those that are.
    pub selected: RwSignal<Vec<String>>,
    /// Whether the table shows removed runs.
    pub removed: Signal<bool>,
    /// Set while the runs are being found, tagged, removed or restored.
    pub busy: RwSignal<bool>,
    pub steps: Steps,
    /// Asks for the rows again.
    pub again: Callback<()>,
    api: StoredValue<Api>,
    toasts: Toasts,
}

impl Removal {
    pub fn of(sheet: RwSignal<Sheet>, wish: Memo<Wish>, selected: RwSignal<Vec<String>>, busy: RwSignal<bool>, again: Callback<()>) -> Self {
        let removed = Signal::derive(move || wish.with(|wish| wish.removed));
        Self { sheet, wish, selected, removed, busy, steps: Steps::new(), again, api: StoredValue::new(use_api()), toasts: use_toasts() }
    }

    /// Selects all runs that the filter finds, loaded or not.
    pub fn select_all(self) {
        if self.busy.get_untracked() {
            return;
        }
        let (api, wish, toasts) = (self.api.get_value(), self.wish.get_untracked(), self.toasts);
        let count = self.sheet.with_untracked(|sheet| sheet.total.count);
        let before = self.selected.get_untracked();
        self.busy.set(true);
        spawn_local(async move {
            let found = self.steps.find(api, wish.clone(), count).await;
            self.busy.try_set(false);
            // Somebody chose otherwise meanwhile, or looks at other runs.
            let wanted = self.wish.try_with_untracked(|now| *now == wish) == Some(true)
                && self.selected.try_with_untracked(|selected| *selected == before) == Some(true);
            match found {
                Ok(Some(found)) if wanted => self.selected.set(self.sheet.with_untracked(|sheet| loaded_first(sheet, found))),
                Ok(_) => {}
                Err(error) => toasts.fail(&error),
            }
        });
    }

    /// It was done to some runs: those are selected no more, so that the same goes on with what is left.
    pub fn let_go(self, done: &[String]) {
        let done: HashSet<&String> = done.iter().collect();
        self.selected.try_update(|selected| selected.retain(|id| !done.contains(id)));
    }

    /// Does it to some runs.
    pub fn of_runs(self, ids: Vec<String>) {
        if self.busy.get_untracked() {
            return;
        }
        // An undo outlives the page it was offered on.
        let (api, toasts, again, to_removed, steps) = (self.api.get_value(), self.toasts, self.again, !self.removed.get_untracked(), self.steps);
        self.busy.set(true);
        spawn_local(async move {
            let (count, answer) = steps.walk(doing(to_removed), &ids, |step| set_removed(api.clone(), step, to_removed)).await;
            self.busy.try_set(false);
            if let Err(error) = answer {
                toasts.fail(&error);
            }
            let (done, left) = (ids[..count].to_vec(), ids.len() - count);
            if done.is_empty() {
                return;
            }
            self.let_go(&done);
            if self.take_away(&done) == Some(true) {
                again.try_run(());
            }
            let words = number::counted(count as i64, "run was", "runs were");
            let rest = if left > 0 { format!(" {} left.", number::counted(left as i64, "run is", "runs are")) } else { String::new() };
            toasts.undo(format!("{words} {}.{rest}", if to_removed { "removed" } else { "restored" }), move || {
                let (api, ids, busy) = (api.clone(), done.clone(), self.busy);
                // One thing at a time; the page may be left by now, and then nothing else is done on it.
                if busy.try_get_untracked() == Some(true) {
                    toasts.say("Wait for what is done to runs right now, then undo it in the list of removed runs.");
                    return;
                }
                busy.try_set(true);
                spawn_local(async move {
                    let (count, answer) = steps.walk(doing(!to_removed), &ids, |step| set_removed(api.clone(), step, !to_removed)).await;
                    busy.try_set(false);
                    if let Err(error) = answer {
                        toasts.fail(&error);
                    }
                    if count < ids.len() {
                        toasts.say(format!("{} left as they were.", number::counted((ids.len() - count) as i64, "run was", "runs were")));
                    }
                    let _ = again.try_run(());
                });
            });
        });
    }

    /// Takes rows out of the table. Whether it must be asked for again: more was done than stood there, or nothing stands there now and the list goes on.
    fn take_away(self, done: &[String]) -> Option<bool> {
        let gone: HashSet<&String> = done.iter().collect();
        self.sheet.try_update(|sheet| {
            let before = sheet.rows.len();
            sheet.rows.retain(|line| !gone.contains(&line.id));
            sheet.total.count = (sheet.total.count - done.len() as i64).max(0);
            before - sheet.rows.len() < done.len() || (sheet.rows.is_empty() && sheet.next.is_some())
        })
    }
}

fn doing(removed: bool) -> &'static str {
    if removed { "Removing" } else { "Restoring" }
}

/// All that were found, those that are loaded first and in their order: what is compared is the top of the table.
fn loaded_first(sheet: &Sheet, found: Vec<String>) -> Vec<String> {
    let loaded: HashSet<&String> = sheet.rows.iter().map(|line| &line.id).collect();
    let (still, rest): (Vec<String>, Vec<String>) = found.into_iter().partition(|id| loaded.contains(id));
    let still: HashSet<String> = still.into_iter().collect();
    let shown = sheet.rows.iter().map(|line| &line.id).filter(|id| still.contains(*id)).cloned();
    shown.chain(rest).collect()
}
