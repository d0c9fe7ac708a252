use leptos::prelude::*;

use super::model::{Count, Import, kind_words};
use crate::kit::{Callout, Card, Tone, moment, number};

/// What it is doing, or how it ended.
pub(super) fn told(import: RwSignal<Import>) -> AnyView {
    (move || {
        let import = import.get();
        let failed: i64 = import.counts.iter().map(|count| count.failed).sum();
        let problems = import.problems.total_count;
        match import.state.as_str() {
            "RUNNING" => {
                let left = import.seconds_left.map(|seconds| match seconds {
                    ..60 => " Less than a minute left for this part.".to_owned(),
                    _ => format!(" About {} left for this part.", moment::duration(seconds as f64 * 1000.0)),
                });
                let phase = import.phase_words();
                let waits = import.reason.map(|reason| format!(" {reason} It is asked again by itself."));
                let tone = if waits.is_some() { Tone::Warn } else { Tone::Info };
                view! { <Callout tone><b>{phase}"."</b>{left}{waits}" You can leave this page; the import goes on."</Callout> }.into_any()
            }
            "DONE" if problems == 0 => view! { <Callout tone=Tone::Good><b>"Everything was taken."</b>" Run the import again to take what is new at the source since."</Callout> }.into_any(),
            "DONE" => {
                let words = format!(" {} could not be taken, {} only in part; see below.", number::count(failed), number::count((problems - failed).max(0)));
                view! { <Callout tone=Tone::Warn><b>"The import is done."</b>{words}</Callout> }.into_any()
            }
            "FAILED" => {
                let reason = import.reason.unwrap_or_default();
                view! { <Callout tone=Tone::Bad><b>"The import stopped. "</b>{reason}" What was taken stays. Run it again, and it goes on from there."</Callout> }.into_any()
            }
            _ => view! { <Callout tone=Tone::Warn><b>"The import was cancelled."</b>" What was taken stays. Run it again, and it goes on from there."</Callout> }.into_any(),
        }
    })
    .into_any()
}

/// How far each kind is.
pub(super) fn counts(import: RwSignal<Import>) -> AnyView {
    let counts = Memo::new(move |_| import.with(|import| import.counts.clone()));
    let lines = move || {
        let counts = counts.get();
        if counts.is_empty() {
            return view! { <p class="muted">"Nothing was found yet."</p> }.into_any();
        }
        counts.into_iter().map(line).collect_view().into_any()
    };
    view! { <Card title="What there is"><div class="import-counts">{lines}</div></Card> }.into_any()
}

fn line(count: Count) -> AnyView {
    let name = kind_words(&count.kind);
    let dealt = format!("{} of {}", number::count(count.found - count.waiting), number::count(count.found));
    let notes = [
        count.amount_words(),
        (count.unchanged > 0).then(|| format!("{} unchanged", number::count(count.unchanged))),
        (count.failed > 0).then(|| format!("{} not taken", number::count(count.failed))),
    ];
    let notes = notes.into_iter().flatten().collect::<Vec<_>>().join(" \u{00B7} ");
    let failed = count.failed > 0;
    view! {
        <div class="line">
            <span class="name">{name}</span>
            <progress max="100" value=count.percent() aria-label=name></progress>
            <span class="dealt">{dealt}</span>
            <span class="notes" class:warn=failed>{notes}</span>
        </div>
    }
    .into_any()
}
