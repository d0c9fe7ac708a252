//! The discussion of the page's subject, shared by its panel and its charts.

use leptos::{prelude::*, task::spawn_local};
use shared::Permission;

use super::model::{self, Act, Point, Threads};
use crate::{
    api::{Answer, Api, ask, use_api, use_live},
    frame::may,
    kit::{Toasts, arrived, use_toasts},
};

/// What is said about a subject. `Copy`: hand the same to all who show it.
#[derive(Clone, Copy)]
pub struct Talk {
    pub(super) query: Answer<Option<Threads>>,
    pub(super) about: Signal<Option<String>>,
    /// The panel's threads, once they are here.
    pub(super) held: RwSignal<Option<Threads>>,
    /// The point that the next thread will be about.
    pub point: RwSignal<Option<Point>>,
    /// Whether the dialog that asks what to say about a point is open.
    pub asking: RwSignal<bool>,
    pub(super) toasts: Toasts,
    writes: StoredValue<bool>,
    api: StoredValue<Api>,
}

impl Talk {
    /// Asks for the threads of a subject (`run_…`, `exp_…`) and provides them to the page.
    ///
    /// The page calls it at its root: what is asked for inside the content of another query has a different number on the server than in the browser.
    pub fn provide(about: Signal<String>) -> Self {
        let may_read = may(Permission::CommentsRead);
        let about = Signal::derive(move || may_read.then(|| about.get()));
        let api = use_api();
        let held = RwSignal::new(None::<Threads>);
        let query = {
            let api = api.clone();
            ask(
                move || about.get(),
                move |about| {
                    let api = api.clone();
                    let shown = held.with_untracked(|held| held.as_ref().map_or(0, |threads| threads.nodes.len()));
                    async move {
                        match about {
                            Some(about) => model::fetch(api, about, shown).await.map(Some),
                            None => Ok(None),
                        }
                    }
                },
            )
        };
        let talk = Self {
            query,
            about,
            held,
            point: RwSignal::new(None),
            asking: RwSignal::new(false),
            toasts: use_toasts(),
            writes: StoredValue::new(may(Permission::CommentsWrite)),
            api: StoredValue::new(api),
        };
        use_live(about, move || talk.refresh());
        Effect::new(move |_: Option<()>| {
            if let Some(Ok(threads)) = query.get()
                && held.with_untracked(|held| *held != threads)
            {
                held.set(threads);
            }
        });
        provide_context(talk);
        talk
    }

    /// Waits for the threads.
    pub async fn arrived(self) {
        arrived(self.query).await;
    }

    /// Whether the reader may say something.
    pub fn may_write(self) -> bool {
        self.writes.try_get_value().unwrap_or_default()
    }

    /// The page knows by now what the reader may in the project of its subject.
    pub fn is_here(self) {
        self.writes.set_value(may(Permission::CommentsWrite));
    }

    pub(super) fn api(self) -> Api {
        self.api.get_value()
    }

    /// Asks for the threads again.
    pub fn refresh(self) {
        self.query.refetch();
    }

    /// Does something and shows what came of it; calls `done` when it was done.
    pub(super) fn act(self, act: Act, busy: RwSignal<bool>, refused: RwSignal<Option<String>>, done: impl Fn() + 'static) {
        busy.set(true);
        refused.set(None);
        let api = self.api();
        spawn_local(async move {
            let outcome = act.run(api).await;
            // The reader may have left the page meanwhile.
            busy.try_set(false);
            match outcome {
                Ok(()) => {
                    done();
                    self.refresh();
                }
                Err(error) if error.field.is_some() => drop(refused.try_set(Some(error.message))),
                Err(error) => self.toasts.fail(&error),
            }
        });
    }

    /// Brings the threads after those that are shown.
    pub(super) fn more(self) {
        let Some((about, after)) =
            self.about.get_untracked().zip(self.held.with_untracked(|held| held.as_ref().and_then(|held| held.page_info.end_cursor.clone())))
        else {
            return;
        };
        let api = self.api();
        spawn_local(async move {
            match model::more(api, about, after).await {
                Ok(more) => drop(self.held.try_update(|held| {
                    if let Some(held) = held {
                        held.nodes.extend(more.nodes);
                        held.page_info = more.page_info;
                    }
                })),
                Err(error) => self.toasts.fail(&error),
            }
        });
    }

    /// The points of a metric that something open is said about.
    pub fn marks(self, key: &str) -> Vec<crate::kit::Mark> {
        // Only runs have metrics.
        let about = self.about.get().unwrap_or_default();
        self.held.with(|held| {
            let threads = held.iter().flat_map(|held| &held.nodes).filter(|thread| thread.resolved_at.is_none());
            let of_key = threads.filter_map(|thread| thread.point.as_ref().filter(|point| point.key == key).map(|point| (thread, point.step)));
            let mark = |(thread, step): (&super::Thread, i64)| {
                let first = thread.comments.iter().find(|comment| !comment.removed);
                let words = first.map_or_else(String::new, |comment| format!("{}: {}", comment.author, short(&comment.body)));
                crate::kit::Mark { step, words, href: format!("/runs/{about}#{}", thread.id) }
            };
            of_key.map(mark).collect()
        })
    }

    /// Asks what to say about a point.
    pub fn ask(self, key: String, step: i64) {
        self.point.set(Some(Point { key, step }));
        self.asking.set(true);
    }
}

/// The discussion of the page, where it has one.
pub fn use_talk() -> Option<Talk> {
    use_context()
}

/// The first line, cut.
fn short(body: &str) -> String {
    let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}\u{2026}", &line[..end]),
        None => line.to_owned(),
    }
}
