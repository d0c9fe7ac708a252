//! What time it is, the same on the server and while the page is hydrated.

use std::time::Duration;

use leptos::prelude::*;

use super::moment;
use crate::api::Moment;

/// How often a page looks again at what goes on.
const EVERY: Duration = Duration::from_secs(2);

/// The present moment as words on the page see it. It starts at the server's time, follows the
/// browser's from then on, and moves every 20 seconds.
#[derive(Clone, Copy)]
pub struct Clock {
    now: RwSignal<f64>,
    /// Minutes east of UTC: 0 until the reader's zone is known.
    offset: RwSignal<f64>,
}

impl Clock {
    /// Milliseconds since 1970. Tracks.
    pub fn now(self) -> f64 {
        self.now.get()
    }

    /// The zone of the reader in minutes east of UTC at a moment; 0 while the page is what the
    /// server wrote. Tracks.
    pub fn offset(self, at: f64) -> f64 {
        let known = self.offset.get();
        if known.is_nan() { reader_offset(at) } else { known }
    }
}

/// The clock of the app.
pub fn use_clock() -> Clock {
    use_context().unwrap_or_else(|| Clock { now: RwSignal::new(now_ms()), offset: RwSignal::new(0.0) })
}

pub(super) fn provide_clock() {
    let start = SharedValue::new(now_ms).into_inner();
    let clock = Clock { now: RwSignal::new(start), offset: RwSignal::new(0.0) };
    provide_context(clock);
    Effect::new(move || {
        clock.now.set(now_ms());
        clock.offset.set(f64::NAN);
        set_interval(move || clock.now.set(now_ms()), Duration::from_secs(20));
    });
}

/// Looks again at something every other second, as long as it `goes_on` and somebody sees the page.
pub fn look_again(goes_on: impl Fn() -> bool + Clone + 'static, look: impl Fn() + Clone + 'static) {
    Effect::new(move |_: Option<()>| {
        let (goes_on, look) = (goes_on.clone(), look.clone());
        let look = move || {
            if goes_on() && !document().hidden() {
                look();
            }
        };
        if let Ok(handle) = set_interval_with_handle(look, EVERY) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// A time in words, exact on hover, in the reader's zone.
#[component]
pub fn RelativeTime(
    /// When it was.
    at: Moment,
) -> impl IntoView {
    let clock = use_clock();
    view! {
        <time datetime=moment::rfc3339(at.0) title=move || moment::exact(at.0, clock.offset(at.0))>
            {move || moment::relative(clock.now(), at.0, clock.offset(at.0))}
        </time>
    }
}

/// A length of time that grows while there is no end.
#[component]
pub fn Elapsed(
    /// When it began.
    from: Moment,
    /// When it ended; `None` while it goes on.
    until: Option<Moment>,
) -> impl IntoView {
    let clock = use_clock();
    view! { <span class="elapsed">{move || moment::duration(until.map_or_else(|| clock.now().max(from.0), |end| end.0) - from.0)}</span> }
}

#[cfg(feature = "hydrate")]
fn now_ms() -> f64 {
    js_sys::Date::now()
}

#[cfg(feature = "hydrate")]
fn reader_offset(at: f64) -> f64 {
    -js_sys::Date::new(&at.into()).get_timezone_offset()
}

#[cfg(not(feature = "hydrate"))]
#[expect(clippy::disallowed_methods, reason = "what a page says of the past is told by the machine that renders it; nothing is decided by it")]
fn now_ms() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_millis() as f64)
}

#[cfg(not(feature = "hydrate"))]
fn reader_offset(_: f64) -> f64 {
    0.0
}
