use leptos::{prelude::*, task::spawn_local};

use super::{csv, filter, model};
use crate::{
    api::{Api, ApiError, use_api},
    kit::{Glyph, Icon, csv as kit_csv, number, use_address, use_toasts},
};

/// The largest page the API gives.
const FIRST: usize = 200;

/// How far the export is.
#[derive(Clone, Copy, Default, PartialEq)]
struct Progress {
    done: i64,
    total: i64,
}

/// Saves every entry that passes the filter as CSV. A second press stops it.
#[component]
pub(super) fn Export() -> impl IntoView {
    let (api, toasts, address) = (use_api(), use_toasts(), use_address());
    let progress = RwSignal::new(None::<Progress>);
    let press = move |_| {
        if progress.get_untracked().is_some() {
            return progress.set(None);
        }
        progress.set(Some(Progress::default()));
        let (api, filter) = (api.clone(), untrack(|| filter::input(address)));
        spawn_local(async move {
            match collect(&api, &filter, progress).await {
                Ok(Some((text, count))) => {
                    kit_csv::save("audit-log.csv", &text);
                    toasts.say(format!("{} saved.", number::counted(count, "entry", "entries")));
                }
                Ok(None) => {}
                Err(error) => toasts.fail(&error),
            }
            progress.try_set(None);
        });
    };
    let words = move || match progress.get() {
        None => "Export".to_owned(),
        Some(Progress { total: 0, .. }) => "Exporting".to_owned(),
        Some(Progress { done, total }) => format!("{} of {}", number::count(done), number::count(total)),
    };
    let icon = move || {
        if progress.get().is_some() {
            view! { <Glyph icon=Icon::X/> }
        } else {
            view! { <Glyph icon=Icon::DOWNLOAD/> }
        }
    };
    let hint = move || if progress.get().is_some() { "Stop the export" } else { "Save all entries that pass the filter as CSV" };
    view! { <button class="button export" type="button" title=hint on:click=press>{icon}<span aria-live="polite">{words}</span></button> }.into_any()
}

/// The whole text and how many entries it holds; nothing when the reader stopped it.
async fn collect(api: &Api, filter: &serde_json::Value, progress: RwSignal<Option<Progress>>) -> Result<Option<(String, i64)>, ApiError> {
    let (mut text, mut count, mut after) = (csv::HEAD.to_owned(), 0, None);
    loop {
        let page = model::page(api, FIRST, after, filter).await?;
        for entry in &page.nodes {
            csv::append(&mut text, entry);
            count += 1;
        }
        if progress.try_get_untracked().flatten().is_none() {
            return Ok(None);
        }
        progress.set(Some(Progress { done: count, total: page.total_count }));
        after = page.next();
        if after.is_none() {
            return Ok(Some((text, count)));
        }
    }
}
