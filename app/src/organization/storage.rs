use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Answer, Operation, use_api, use_query},
    kit::{Button, Callout, Card, ConfirmDialog, Icon, Shape, Tone, look_again, number, steady_as, use_toasts},
};

const STORAGE: Operation = Operation(include_str!("storage.graphql"));
const FREE: Operation = Operation(include_str!("free_storage.graphql"));
/// The part of what may be stored from which on it is said that little is left.
const NEAR: f64 = 0.9;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    storage: Stored,
}

/// Bytes that are stored, and that may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    used: i64,
    quota: Option<i64>,
    freeing: Option<Freeing>,
}

/// Files that are being deleted for good.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Freeing {
    /// The part of all files that were looked at, from 0 to 1.
    progress: f64,
    is_waiting: bool,
}

impl Freeing {
    fn words(self) -> String {
        if self.is_waiting {
            return "Goes on once the export, which reads these files, has ended.".to_owned();
        }
        format!("Deleting for good: {:.0} % of the files looked at.", 100.0 * self.progress)
    }
}

impl Stored {
    fn words(self) -> String {
        let used = number::bytes(self.used);
        match self.quota {
            Some(quota) => format!("{used} of {} used", number::bytes(quota)),
            None => format!("{used} used, without a limit"),
        }
    }

    /// What is said when little is left, or nothing.
    fn warning(self) -> Option<(Tone, &'static str)> {
        let quota = self.quota?;
        if self.used >= quota {
            return Some((Tone::Bad, "It is full: nothing more is stored until there is room. Whoever runs this server may allow more."));
        }
        let near = self.used as f64 >= NEAR * quota as f64;
        near.then_some((Tone::Warn, "It is nearly full. Once it is, nothing more is stored. Whoever runs this server may allow more."))
    }
}

type Query = Answer<Data>;

/// How full the organization is, and making room.
#[component]
pub(super) fn Storage() -> impl IntoView {
    let query: Query = use_query(STORAGE, || ());
    view! { <Card title="Storage">{steady_as(Shape::Rows(2), query, move |data| shown(data, query))}</Card> }.into_any()
}

fn shown(data: RwSignal<Data>, query: Query) -> AnyView {
    let (api, toasts) = (StoredValue::new(use_api()), use_toasts());
    let stored = Memo::new(move |_| data.with(|data| data.storage));
    let freeing = Memo::new(move |_| stored.get().freeing);
    let asking = RwSignal::new(false);
    look_again(move || freeing.try_get_untracked().is_some_and(|freeing| freeing.is_some()), move || query.refetch());
    let free = Callback::new(move |()| {
        spawn_local(async move {
            match api.get_value().query::<Value>(FREE, json!({})).await {
                Ok(_) => {
                    toasts.say("Files are being deleted. What is used goes down as they are.");
                    query.refetch();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    let bar = move || {
        let Stored { used, quota, .. } = stored.get();
        quota.map(|quota| view! { <progress max=quota.max(1) value=used.min(quota.max(1)) aria-label="How full the storage is"></progress> })
    };
    let warning = move || stored.get().warning().map(|(tone, words)| view! { <Callout tone>{words}</Callout> });
    let act = move || match freeing.get() {
        Some(freeing) => view! {
            <div class="storage" role="status">
                <progress max="1" value=freeing.progress aria-label="How far the deletion is"></progress>
                <small>{freeing.words()}</small>
            </div>
        }
        .into_any(),
        None => view! { <div class="row"><Button icon=Icon::TRASH_2 on_press=move || asking.set(true)>"Make room"</Button></div> }.into_any(),
    };
    view! {
        <p class="lead">"Files of runs and models, each content once. Earlier versions and deleted files are kept, and count, until they are deleted for good."</p>
        {warning}
        <div class="storage">{bar}<small>{move || stored.get().words()}</small></div>
        {act}
        <ConfirmDialog open=asking title=Signal::stored("Delete these files for good?".to_owned()) confirm=Signal::stored("Delete for good".to_owned()) on_confirm=free>
            <ul class="goes">
                <li>"Earlier versions of files"</li>
                <li>"Deleted files"</li>
                <li>"All files of deleted runs, models and experiments, which are restored without them"</li>
            </ul>
            <p>"Nobody can bring them back. What registered versions are made of stays."</p>
        </ConfirmDialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t25_how_full_it_is_is_said_in_words_and_warned_of_before_it_is() {
        let stored = |used, quota| Stored { used, quota, freeing: None };
        assert_eq!(stored(1_500, None).words(), "1.5 kB used, without a limit");
        assert_eq!(stored(44_900_000_000, Some(50_000_000_000)).words(), "44.9 GB of 50.0 GB used");
        for (used, quota, tone) in [
            (u32::MAX.into(), None, None),
            (89, Some(100), None),
            (90, Some(100), Some(Tone::Warn)),
            (100, Some(100), Some(Tone::Bad)),
            (101, Some(100), Some(Tone::Bad)),
            (0, Some(0), Some(Tone::Bad)),
        ] {
            assert_eq!(stored(used, quota).warning().map(|(tone, _)| tone), tone, "{used} of {quota:?}");
        }
        let freeing = |progress, is_waiting| Freeing { progress, is_waiting }.words();
        assert_eq!(freeing(0.416, false), "Deleting for good: 42 % of the files looked at.");
        assert!(freeing(0.416, true).starts_with("Goes on once the export"));
    }
}
