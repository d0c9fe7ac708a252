//! Hearing of changes without asking again and again: one stream for everything that is open on the page. It says that something changed, not what; who
//! hears it asks the API. While there is no stream (no script yet, a hidden tab, a server that is away) nothing is heard, and pages that cannot wait ask by
//! themselves.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::{callback::Callable, prelude::*};

#[derive(Clone)]
struct Wish {
    id: u32,
    topic: String,
    on_change: Callback<()>,
}

/// What the page listens to.
#[derive(Clone, Copy)]
pub struct Live {
    wishes: RwSignal<Vec<Wish>>,
    /// Whether changes are heard now.
    pub connected: RwSignal<bool>,
}

/// Calls `on_change` when a subject changes (`run_…`, `exp_…`, one's own `mem_…`), and whenever something may have been missed.
pub fn use_live(topic: Signal<Option<String>>, on_change: impl Fn() + Send + Sync + 'static) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(live) = use_context::<Live>() else { return };
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let on_change = Callback::new(move |()| on_change());
    Effect::new(move |_: Option<()>| {
        let topic = topic.get();
        live.wishes.update(|all| {
            all.retain(|wish| wish.id != id);
            all.extend(topic.map(|topic| Wish { id, topic, on_change }));
        });
    });
    on_cleanup(move || {
        live.wishes.try_update(|all| all.retain(|wish| wish.id != id));
    });
}

/// Provides the stream to everything inside. Once, in the frame.
pub fn provide_live() {
    let live = Live { wishes: RwSignal::new(Vec::new()), connected: RwSignal::new(false) };
    provide_context(live);
    #[cfg(feature = "hydrate")]
    stream::keep(live);
}

impl Live {
    /// Tells who listens to a topic; all of them without one.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser hears"))]
    fn tell(self, changed: Option<&[String]>) {
        let told = |wish: &&Wish| changed.is_none_or(|changed| changed.contains(&wish.topic));
        let calls: Vec<Callback<()>> = self.wishes.with_untracked(|all| all.iter().filter(told).map(|wish| wish.on_change).collect());
        calls.iter().for_each(|call| call.run(()));
    }
}

#[cfg(feature = "hydrate")]
mod stream {
    use std::time::Duration;

    use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
    use serde_json::{Value, json};
    use shared::ErrorCode;
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{EventSource, MessageEvent};

    use super::Live;

    const CHANGES: &str = include_str!("changes.graphql");
    /// A page that is only passed through opens no stream.
    const AFTER: Duration = Duration::from_millis(1500);
    /// Pause before a refused stream is tried again.
    const AGAIN: Duration = Duration::from_secs(20);
    /// Who signs out on this very page is on the way to another one already.
    const LEAVE: Duration = Duration::from_secs(2);

    /// An open stream. Dropped, it is closed.
    struct Open {
        source: EventSource,
        _handlers: [Closure<dyn FnMut(MessageEvent)>; 2],
    }

    impl Drop for Open {
        fn drop(&mut self) {
            self.source.close();
        }
    }

    /// Keeps one stream open for what is wanted while the reader looks.
    pub fn keep(live: Live) {
        let topics = Memo::new(move |_| {
            let mut topics = live.wishes.with(|all| all.iter().map(|wish| wish.topic.clone()).collect::<Vec<_>>());
            topics.sort_unstable();
            topics.dedup();
            topics
        });
        let attempt = RwSignal::new(0_u32);
        let open = StoredValue::new_local(None::<Open>);
        let waiting = StoredValue::new(None::<TimeoutHandle>);
        let begin = move |after: Duration| {
            if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
                handle.clear();
            }
            open.set_value(None);
            live.connected.set(false);
            let topics = topics.get_untracked();
            if topics.is_empty() || document().hidden() {
                return;
            }
            let start = move || {
                open.try_update_value(|open| *open = connect(live, &topics, attempt));
            };
            waiting.set_value(set_timeout_with_handle(start, after).ok());
        };
        Effect::new(move |before: Option<u32>| {
            topics.track();
            let now = attempt.get();
            begin(if before.is_some_and(|before| before != now) { AGAIN } else { AFTER });
            now
        });
        let seen = window_event_listener_untyped("visibilitychange", move |_| begin(Duration::from_millis(100)));
        on_cleanup(move || {
            seen.remove();
            open.try_update_value(|open| *open = None);
        });
    }

    fn connect(live: Live, topics: &[String], attempt: RwSignal<u32>) -> Option<Open> {
        let escape = leptos_router::location::Url::escape;
        let address = format!("/graphql/stream?query={}&variables={}", escape(CHANGES.trim()), escape(&json!({ "of": topics }).to_string()));
        let source = EventSource::new(&address).ok()?;
        let own = source.clone();
        let next = Closure::new(move |event: MessageEvent| {
            let data: Value = event.data().as_string().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            match data["data"]["changes"]["of"].as_array() {
                // The first answer names nothing: from now on it is heard, and what was missed before has to be asked for.
                Some(changed) if changed.is_empty() => {
                    live.connected.try_set(true);
                    live.tell(None);
                }
                Some(changed) => live.tell(Some(&changed.iter().filter_map(|topic| topic.as_str().map(str::to_owned)).collect::<Vec<_>>())),
                // Signed out, here or by somebody: what is on the screen is nobody's to read any more, and the address asks who it is.
                None if data["errors"][0]["extensions"]["code"] == ErrorCode::Unauthenticated.as_str() => {
                    own.close();
                    set_timeout(|| drop(location().reload()), LEAVE);
                }
                // Refused: the subject is gone. What the page asks next says so.
                None => {
                    own.close();
                    live.connected.try_set(false);
                    attempt.try_update(|attempt| *attempt += 1);
                }
            }
        });
        let own = source.clone();
        let failed = Closure::new(move |_: MessageEvent| {
            live.connected.try_set(false);
            if own.ready_state() == EventSource::CLOSED {
                attempt.try_update(|attempt| *attempt += 1);
            }
        });
        let handlers: [Closure<dyn FnMut(MessageEvent)>; 2] = [next, failed];
        for (name, handler) in ["next", "error"].into_iter().zip(&handlers) {
            let _ = source.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
        }
        Some(Open { source, _handlers: handlers })
    }
}
