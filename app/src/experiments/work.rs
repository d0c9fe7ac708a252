//! What is under way on the page of an experiment.

use leptos::{prelude::*, task::spawn_local};

use super::sheet::{self, FIRST, Sheet, Wish};
use crate::{
    api::{Api, ApiError, use_api},
    kit::{UnitCallback, use_toasts},
};

/// What is under way on the page.
#[derive(Clone, Copy)]
pub(super) struct Work {
    /// The table is asked for anew: another order, another filter.
    asking: RwSignal<bool>,
    /// Runs are being removed or restored.
    pub acting: RwSignal<bool>,
    /// What the table is behind with when its rows cannot be put right where they stand: how many runs are new, 0 when that cannot be told.
    pub behind: RwSignal<Option<i64>>,
    /// How often the table was asked for: the latest answer ends the waiting.
    asked: StoredValue<u32>,
}

impl Work {
    pub fn new() -> Self {
        Self { asking: RwSignal::new(false), acting: RwSignal::new(false), behind: RwSignal::new(None), asked: StoredValue::new(0) }
    }

    /// Whether other rows are on their way; tracks.
    pub fn shows(self) -> bool {
        self.asking.get() || self.acting.get()
    }

    /// Whether other rows are on their way, or the page is gone; does not track.
    pub fn is_busy(self) -> bool {
        self.asking.try_get_untracked() != Some(false) || self.acting.try_get_untracked() != Some(false)
    }

    /// How often the table was asked for by now.
    pub fn asked(self) -> Option<u32> {
        self.asked.try_get_value()
    }

    /// Asks for the table.
    pub async fn fetch(self, api: Api, wish: Wish) -> Result<Sheet, ApiError> {
        let number = self.asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        });
        self.asking.try_set(true);
        let sheet = sheet::fetch(api, wish, FIRST).await;
        if self.asked() == number {
            self.asking.try_set(false);
            // What comes now is behind with nothing.
            self.behind.try_set(None);
        }
        sheet
    }
}

/// Adds the rows that follow. What arrives is dropped when the table is another one by then.
pub(super) fn more(sheet: RwSignal<Sheet>, wish: Memo<Wish>, work: Work) -> (Signal<bool>, UnitCallback) {
    let (api, toasts) = (use_api(), use_toasts());
    let next = move || sheet.with(|sheet| sheet.next.clone());
    // The cursor that is being asked for.
    let asked = RwSignal::new(None::<String>);
    let loading = Signal::derive(move || asked.with(|asked| asked.is_some() && *asked == next()));
    let more = move || {
        let Some(cursor) = untrack(next).filter(|_| !loading.get_untracked() && !work.is_busy()) else { return };
        let (api, now) = (api.clone(), wish.get_untracked());
        let columns = sheet.with_untracked(|sheet| sheet.columns.clone());
        asked.set(Some(cursor.clone()));
        spawn_local(async move {
            let answer = sheet::page(api, &Wish { after: Some(cursor.clone()), ..now.clone() }, &columns).await;
            asked.try_update(|asked| asked.take_if(|asked| *asked == cursor));
            let same = wish.try_with_untracked(|wish| *wish == now) == Some(true)
                && sheet.try_with_untracked(|sheet| sheet.next.as_ref() == Some(&cursor) && sheet.columns == columns) == Some(true);
            match answer {
                Ok((rows, total, next)) if same => sheet.update(|sheet| {
                    sheet.rows.extend(rows);
                    (sheet.total, sheet.next) = (total, next);
                }),
                Err(error) if same => toasts.fail(&error),
                _ => {}
            }
        });
    };
    (loading, more.into())
}
