use leptos::{prelude::*, task::spawn_local};

use super::model::{self, Verification};
use crate::{
    api::{ApiError, use_api},
    kit::{Button, Callout, Icon, Tone, number},
};

/// What came of verifying.
pub(super) type Outcome = RwSignal<Option<Result<Verification, ApiError>>>;

/// Recomputes the chain of hashes.
#[component]
pub(super) fn Verify(outcome: Outcome) -> impl IntoView {
    let api = use_api();
    let busy = RwSignal::new(false);
    let press = move || {
        let api = api.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = model::verify(api).await;
            busy.try_set(false);
            outcome.try_set(Some(answer));
        });
    };
    view! { <Button icon=Icon::SHIELD_CHECK busy on_press=press>"Verify"</Button> }.into_any()
}

/// Says what it found.
#[component]
pub(super) fn Verdict(outcome: Outcome) -> impl IntoView {
    let words = move || {
        outcome.get().map(|answer| match answer {
            Ok(Verification { entries, finding: None }) => view! {
                <Callout tone=Tone::Good><strong>{format!("All {} fit. ", number::counted(entries, "entry", "entries"))}</strong>"Every hash was computed again from the first entry to the last: none was changed, removed, moved or inserted."</Callout>
            }
            .into_any(),
            Ok(Verification { entries, finding: Some(finding) }) => view! {
                <Callout tone=Tone::Bad><strong>"The log was tampered with. "</strong>{format!("{} fit, then: {finding}. Keep a copy of the database and compare it with a backup.", number::counted(entries, "entry", "entries"))}</Callout>
            }
            .into_any(),
            Err(error) => view! { <Callout tone=Tone::Bad><strong>"It could not be verified. "</strong>{error.message}</Callout> }.into_any(),
        })
    };
    view! { <div class="verdict" aria-live="polite">{words}</div> }.into_any()
}
