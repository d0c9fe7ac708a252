//! Work on more runs than one request takes: step by step, each a transaction with its entries. What is stopped or fails has been done up to there, and
//! goes on with what is left.

use leptos::prelude::*;

use super::sheet::{self, Wish};
use crate::{
    api::{Api, ApiError},
    kit::{Button, ButtonKind, number},
};

/// Runs of one request, as many as the server takes.
pub(super) const STEP: usize = 1_000;

/// How far the work has come.
#[derive(Clone, Copy, PartialEq)]
struct Progress {
    doing: &'static str,
    done: usize,
    of: i64,
}

/// What is under way; one thing at a time. It goes on while the reader looks at other pages of the app.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    progress: RwSignal<Option<Progress>>,
    stops: StoredValue<bool>,
}

impl Steps {
    pub fn new() -> Self {
        Self { progress: RwSignal::new(None), stops: StoredValue::new(false) }
    }

    /// Whether something is under way that takes more than one step; tracks.
    pub fn shows(self) -> bool {
        self.progress.with(Option::is_some)
    }

    fn begin(self, doing: &'static str, of: i64) {
        self.stops.try_update_value(|stops| *stops = false);
        self.progress.try_set(Some(Progress { doing, done: 0, of }));
    }

    /// So much is done. Whether the reader wants more of it.
    fn goes_on(self, done: usize) -> bool {
        self.progress.try_update(|progress| {
            if let Some(progress) = progress {
                progress.done = done;
            }
        });
        self.stops.try_get_value() != Some(true)
    }

    fn end(self) {
        self.progress.try_set(None);
    }

    /// Does something to all runs; how many of them, from the first, it was done to, and why not to the others unless somebody stopped it.
    pub async fn walk(
        self,
        doing: &'static str,
        ids: &[String],
        act: impl AsyncFn(Vec<String>) -> Result<(), ApiError>,
    ) -> (usize, Result<(), ApiError>) {
        if ids.len() > STEP {
            self.begin(doing, ids.len() as i64);
        }
        let (mut done, mut answer) = (0, Ok(()));
        for step in ids.chunks(STEP) {
            answer = act(step.to_vec()).await;
            if answer.is_err() {
                break;
            }
            done += step.len();
            if !self.goes_on(done) {
                break;
            }
        }
        self.end();
        (done, answer)
    }

    /// The ids of all runs that the filter finds now, about as many as were counted; `None` when somebody stopped it.
    pub async fn find(self, api: Api, wish: Wish, count: i64) -> Result<Option<Vec<String>>, ApiError> {
        self.begin("Finding the runs", count);
        let (mut found, mut after) = (Vec::new(), None);
        let answer = loop {
            match sheet::ids(&api, &wish, after).await {
                Ok((ids, next)) => {
                    found.extend(ids);
                    match next {
                        _ if !self.goes_on(found.len()) => break Ok(None),
                        Some(next) => after = Some(next),
                        None => break Ok(Some(found)),
                    }
                }
                Err(error) => break Err(error),
            }
        };
        self.end();
        answer
    }
}

/// How far it has come, and a way to stop it. What is done stays done.
#[component]
pub(super) fn StepsShown(steps: Steps) -> impl IntoView {
    let now = move || steps.progress.get();
    let words = move || {
        now().map(|progress| {
            let of = number::count(progress.of.max(progress.done as i64));
            format!("{}: {} of {of}", progress.doing, number::count(progress.done as i64))
        })
    };
    let part = move || now().map_or(0.0, |progress| progress.done as f64 / (progress.of as f64).max(progress.done as f64).max(1.0));
    view! {
        <span class="steps">
            <progress aria-label="How far it has come" max="1" prop:value=part></progress>
            <span class="picked">{words}</span>
            <Button kind=ButtonKind::Quiet small=true on_press=move || { steps.stops.try_set_value(true); }>"Stop"</Button>
        </span>
    }
    .into_any()
}
