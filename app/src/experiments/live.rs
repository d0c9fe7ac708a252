//! An open table moves by itself: a run that begins or goes on is in it within two seconds.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{
    news::merged,
    sheet::{self, FIRST, FURTHER, Sheet, Wish},
    work::Work,
};
use crate::api::{Api, use_api, use_live};

/// The table is asked for at most so often.
const EVERY: Duration = Duration::from_secs(2);
/// What is heard at one time is one change.
const TOGETHER: Duration = Duration::from_millis(100);
/// Runs under way that are listened to.
const RUNS: usize = 8;

#[derive(Clone, Copy)]
struct Watch {
    sheet: RwSignal<Sheet>,
    wish: Memo<Wish>,
    work: Work,
    api: StoredValue<Api>,
    /// Whether the table was asked for just now, and whether something was heard since.
    waits: StoredValue<bool>,
    missed: StoredValue<bool>,
}

/// Listens to the experiment and to its runs under way.
pub(super) fn watch(sheet: RwSignal<Sheet>, wish: Memo<Wish>, work: Work) {
    let (waits, missed) = (StoredValue::new(false), StoredValue::new(false));
    let watch = Watch { sheet, wish, work, api: StoredValue::new(use_api()), waits, missed };
    // A table that is short again is not behind, nor is another one.
    let is_long = Memo::new(move |_| sheet.with(|sheet| sheet.rows.len() > FURTHER));
    Effect::new(move || {
        wish.track();
        is_long.track();
        work.behind.set(None);
    });
    let experiment = Memo::new(move |_| sheet.with(|sheet| sheet.head.experiment.id.clone()));
    use_live(Signal::derive(move || Some(experiment.get())), move || watch.heard());
    let running = Memo::new(move |_| {
        sheet.with(|sheet| sheet.rows.iter().filter(|line| line.status == "RUNNING").take(RUNS).map(|line| line.id.clone()).collect::<Vec<_>>())
    });
    for at in 0..RUNS {
        let own = Memo::new(move |_| running.with(|running| running.get(at).cloned()));
        use_live(own.into(), move || watch.heard());
    }
}

impl Watch {
    fn heard(self) {
        match self.waits.try_get_value() {
            Some(true) => drop(self.missed.try_update_value(|missed| *missed = true)),
            Some(false) => {
                self.waits.set_value(true);
                set_timeout(move || self.look(), TOGETHER);
            }
            None => {}
        }
    }

    fn look(self) {
        let Some(wish) = self.wish.try_get_untracked() else { return };
        self.missed.set_value(false);
        set_timeout(
            move || {
                let missed = self.missed.try_update_value(std::mem::take) == Some(true);
                if self.waits.try_update_value(|waits| *waits = false).is_some() && missed {
                    self.heard();
                }
            },
            EVERY,
        );
        let first = self.sheet.with_untracked(|sheet| sheet.rows.len()).max(FIRST);
        // What is under way may not have it yet.
        if self.work.is_busy() {
            return self.heard();
        }
        let api = self.api.get_value();
        if first > FURTHER {
            return spawn_local(self.look_at_first(api, wish));
        }
        spawn_local(async move {
            // A server that does not answer is asked again without a word: the table stays as it is.
            let Ok(fresh) = sheet::fetch(api, wish.clone(), first).await else { return };
            // Another table is asked for by itself, and knows what was heard.
            if self.wish.try_with_untracked(|now| *now == wish) != Some(true) {
                return;
            }
            // More rows came meanwhile, or fewer are left.
            if self.work.is_busy() || self.sheet.with_untracked(|sheet| sheet.rows.len().max(FIRST) != first) {
                return self.heard();
            }
            if self.sheet.with_untracked(|sheet| *sheet != fresh) {
                self.sheet.set(fresh);
            }
        });
    }

    /// Asks for the first rows of a long table again.
    async fn look_at_first(self, api: Api, wish: Wish) {
        let columns = self.sheet.with_untracked(|sheet| sheet.columns.clone());
        let asked = self.work.asked();
        let Ok((head, first)) = sheet::newest(api, &wish, &columns).await else { return };
        if self.wish.try_with_untracked(|now| *now == wish) != Some(true) {
            return;
        }
        // The table was asked for anew meanwhile, or is short again: this was about another one.
        let is_other = self.work.asked() != asked || self.sheet.with_untracked(|sheet| sheet.columns != columns || sheet.rows.len() <= FURTHER);
        if self.work.is_busy() || is_other {
            return self.heard();
        }
        let new = self.sheet.with_untracked(|sheet| (first.1.count - sheet.total.count).max(0));
        match self.sheet.with_untracked(|sheet| merged(sheet, head, first, wish.sort.key == "started")) {
            Some(fresh) => {
                self.work.behind.set(None);
                if self.sheet.with_untracked(|sheet| *sheet != fresh) {
                    self.sheet.set(fresh);
                }
            }
            None => self.work.behind.set(Some(new)),
        }
    }
}
