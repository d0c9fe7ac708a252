use std::time::Duration;

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*};
use leptos_router::NavigateOptions;

use super::{
    groups::{self, Group, groups},
    model::Metric,
    open::{Open, use_open},
    plots::Plots,
};
use crate::kit::{Address, Button, ChartControls, ChartOptions, Empty, Glyph, Icon, Threshold, number, use_address};

/// Charts shown before the reader asks for more.
const FIRST: usize = 16;

/// How long the reader pauses before the address follows.
const PAUSE: Duration = Duration::from_millis(400);

/// Every metric as a chart. What is chosen above them and in them stands in the address.
#[component]
pub fn RunMetrics() -> impl IntoView {
    let open = use_open();
    let address = use_address();
    let options = ChartOptions::new();
    let find = RwSignal::new(untrack(|| address.get("find")).unwrap_or_default());
    options.smoothing.set(untrack(|| smoothing(address)));
    options.log.set(untrack(|| address.get("scale")).as_deref() == Some("log"));
    options.by_time.set(untrack(|| address.get("x")).as_deref() == Some("time"));
    options.thresholds.set(untrack(|| address.all("threshold")).iter().filter_map(|text| Threshold::parse(text)).collect());
    keep(address, options, find);
    let limit = RwSignal::new(FIRST);
    let all = Memo::new(move |_| {
        let wanted = find.get();
        open.run.with(|run| charts(&run.metrics, &wanted))
    });
    let shown = Signal::derive(move || all.with(|all| all.iter().take(limit.get()).cloned().collect::<Vec<_>>()));
    let left = move || all.with(Vec::len).saturating_sub(limit.get());
    let more = move || {
        (left() > 0).then(|| view! { <p class="row more"><Button on_press=move || limit.update(|limit| *limit += FIRST)>{move || format!("Show {} more", number::count(left().min(FIRST) as i64))}</Button></p> })
    };
    let nothing = move || all.with(Vec::is_empty).then(|| nothing(open, find));
    view! {
        {controls(options, find)}
        {nothing}
        <Plots open groups=shown options points=600 settable=true/>
        {more}
    }
    .into_any()
}

/// How much the address asks to smooth.
pub(super) fn smoothing(address: Address) -> f64 {
    address.get("smooth").and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0).clamp(0.0, 0.99)
}

/// A chart for every metric whose name holds `wanted`; what the machine did comes last.
fn charts(metrics: &[Metric], wanted: &str) -> Vec<Group> {
    let wanted = wanted.to_lowercase();
    let mut found: Vec<_> = metrics.iter().filter(|metric| metric.key.to_lowercase().contains(&wanted)).collect();
    found.sort_by_key(|metric| groups::is_system(&metric.key));
    groups(found.into_iter())
}

/// The charts the page begins with, when the address asks for `wanted`.
pub(super) fn first_charts(metrics: &[Metric], wanted: &str) -> Vec<Group> {
    charts(metrics, wanted).into_iter().take(FIRST).collect()
}

/// Writes what is chosen into the address when the reader pauses.
fn keep(address: Address, options: ChartOptions, find: RwSignal<String>) {
    let navigate = leptos_router::hooks::use_navigate();
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<()>| {
        let smooth = options.smoothing.get();
        let mut chosen = vec![
            ("find", Some(find.get()).filter(|text| !text.is_empty())),
            ("smooth", (smooth > 0.0).then(|| smooth.to_string())),
            ("scale", options.log.get().then(|| "log".to_owned())),
            ("x", options.by_time.get().then(|| "time".to_owned())),
            ("threshold", None),
        ];
        options.thresholds.with(|all| chosen.extend(all.iter().map(|threshold| ("threshold", Some(threshold.as_param())))));
        if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
        if before.is_none() {
            return;
        }
        let navigate = navigate.clone();
        let write = move || {
            let to = address.with_each(&chosen);
            navigate(&to, NavigateOptions { scroll: false, replace: true, ..Default::default() });
        };
        waiting.set_value(set_timeout_with_handle(write, PAUSE).ok());
    });
    on_cleanup(move || {
        if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    });
}

fn controls(options: ChartOptions, find: RwSignal<String>) -> AnyView {
    let first = find.get_untracked();
    let submit = move |event: ev::SubmitEvent| event.prevent_default();
    let whole =
        move || options.range.get().map(|_| view! { <Button icon=Icon::ZOOM_OUT on_press=move || options.range.set(None)>"Show all steps"</Button> });
    view! {
        <div class="toolbar">
            <form class="find grow" method="get" action="" role="search" on:submit=submit>
                <Glyph icon=Icon::SEARCH/>
                <input class="input" type="search" name="find" placeholder="Find metrics" aria-label="Find metrics" autocomplete="off" spellcheck="false" value=first prop:value=find on:input=move |event| find.set(event_target_value(&event))/>
            </form>
            {whole}
            <ChartControls options/>
        </div>
    }
    .into_any()
}

fn nothing(open: Open, find: RwSignal<String>) -> AnyView {
    if open.run.with(|run| run.metrics.is_empty()) {
        return view! { <section class="card"><Empty icon=Icon::CHART_LINE title="No metrics yet">"Every metric this run logs gets a chart here, while it is under way too."</Empty></section> }.into_any();
    }
    let all = move || find.set(String::new());
    view! { <section class="card"><Empty icon=Icon::SEARCH title="No metric of that name" action=move || view! { <p class="row"><Button on_press=all>"Show all"</Button></p> }>"Names that hold the text are shown."</Empty></section> }.into_any()
}
