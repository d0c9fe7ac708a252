//! The columns as a member arranged them: kept for the member, not for the browser.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use serde_json::{Value, json};

use super::{
    columns::Shows,
    sheet::{self, Kept, Sheet, Wish},
};
use crate::{
    api::{Api, Operation, send_at_last, use_api},
    kit::{Address, Arrange, Toasts, Widths, moved, use_toasts, with_columns},
};

const SET: Operation = Operation(include_str!("set_preference.graphql"));
/// A column that is being made wider is kept when it has been left alone for so long.
const AFTER: Duration = Duration::from_millis(400);

/// What the reader chose on this page: the experiment and the keys of its columns. It goes before what the server knows.
pub(super) type Chosen = RwSignal<Option<(String, Vec<String>)>>;

/// Arranges the columns of a sheet and keeps what the reader does to them. Opening somebody's link keeps nothing.
#[derive(Clone, Copy)]
pub(super) struct Arrangement {
    sheet: RwSignal<Sheet>,
    wish: Memo<Wish>,
    chosen: Chosen,
    widths: RwSignal<Widths>,
    api: StoredValue<Api>,
    toasts: Toasts,
    /// What is to be kept next, under its key, and whether something is under way.
    next: StoredValue<Option<(String, Kept)>>,
    busy: StoredValue<bool>,
    /// The columns with widths that were changed just now, and how often they were.
    due: StoredValue<Option<(String, Kept)>>,
    touched: StoredValue<u32>,
}

impl Arrangement {
    pub fn of(sheet: RwSignal<Sheet>, wish: Memo<Wish>, chosen: Chosen) -> Self {
        let widths = RwSignal::new(sheet.with_untracked(|sheet| sheet.kept.widths.clone()));
        let id = Memo::new(move |_| sheet.with(|sheet| sheet.head.experiment.id.clone()));
        Effect::new(move |before: Option<String>| {
            let id = id.get();
            if before.is_some_and(|before| before != id) {
                widths.set(sheet.with_untracked(|sheet| sheet.kept.widths.clone()));
            }
            id
        });
        let (api, toasts) = (StoredValue::new(use_api()), use_toasts());
        let (next, busy) = (StoredValue::new(None), StoredValue::new(false));
        let (due, touched) = (StoredValue::new(None), StoredValue::new(0));
        let own = Self { sheet, wish, chosen, widths, api, toasts, next, busy, due, touched };
        own.keep_at_last();
        own
    }

    /// Widths that were changed the moment before the reader leaves are kept too, whether for another page of the app or another one.
    fn keep_at_last(self) {
        let send = move || {
            let [due, next] = [self.due, self.next].map(|one| one.try_update_value(Option::take).flatten());
            if let Some((key, kept)) = due.or(next) {
                send_at_last(SET, variables(&key, kept));
            }
        };
        on_cleanup(send);
        Effect::new(move |_: Option<()>| {
            let left = window_event_listener_untyped("pagehide", move |_| send());
            on_cleanup(move || left.remove());
        });
    }

    /// What the table is to do.
    pub fn arrange(self, address: Address) -> Arrange {
        let navigate = use_navigate();
        let on_move = Callback::new(move |(key, right): (String, bool)| {
            let shown = self.sheet.with_untracked(|sheet| sheet.columns.iter().map(Shows::key).collect::<Vec<_>>());
            let Some(columns) = moved(&shown, &key, right) else { return false };
            let href = untrack(|| with_columns(address, columns.clone()));
            self.choose(columns);
            navigate(&href, NavigateOptions { scroll: false, replace: true, ..Default::default() });
            true
        });
        Arrange { widths: self.widths, on_resize: Callback::new(move |()| self.resized()), on_move }
    }

    /// The reader chose columns; none stand for what is shown at first.
    pub fn choose(self, columns: Vec<String>) {
        if columns.is_empty() {
            self.widths.set(Widths::new());
        }
        self.chosen.set(Some((self.id(), columns)));
        // The widths go along.
        self.due.set_value(None);
        if let Some(arranged) = self.arranged() {
            self.keep(arranged);
        }
    }

    fn resized(self) {
        self.due.set_value(self.arranged());
        let number = self.touched.try_update_value(|touched| {
            *touched += 1;
            *touched
        });
        set_timeout(
            move || {
                if self.touched.try_get_value().is_some_and(|now| Some(now) == number)
                    && let Some(due) = self.due.try_update_value(Option::take).flatten()
                {
                    self.keep(due);
                }
            },
            AFTER,
        );
    }

    fn id(self) -> String {
        self.wish.with_untracked(|wish| wish.id.clone())
    }

    /// The columns as the reader last chose them, and the widths, under their key; `None` for who can keep nothing.
    fn arranged(self) -> Option<(String, Kept)> {
        self.wish.with_untracked(|wish| wish.keeps).then(|| {
            let id = self.id();
            let own = self.chosen.get_untracked().filter(|(of, _)| *of == id).map(|(_, columns)| columns);
            let columns = own.unwrap_or_else(|| self.sheet.with_untracked(|sheet| sheet.kept.columns.clone()));
            (sheet::key(&id), Kept { columns, widths: self.widths.get_untracked() })
        })
    }

    /// One request after the other; of those that wait the last one counts.
    fn keep(self, arranged: (String, Kept)) {
        self.next.set_value(Some(arranged));
        if self.busy.try_update_value(|busy| std::mem::replace(busy, true)) != Some(false) {
            return;
        }
        let (api, toasts) = (self.api.get_value(), self.toasts);
        spawn_local(async move {
            while let Some((key, kept)) = self.next.try_update_value(Option::take).flatten() {
                if let Err(error) = api.query::<Value>(SET, variables(&key, kept)).await {
                    toasts.fail(&error);
                }
            }
            let _ = self.busy.try_update_value(|busy| *busy = false);
        });
    }
}

/// Nothing is kept of what is as at first.
fn variables(key: &str, kept: Kept) -> Value {
    json!({ "key": key, "value": (kept != Kept::default()).then_some(kept) })
}
