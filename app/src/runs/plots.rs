//! Charts of the run's metrics. The page arrives with them drawn, thin; one request brings the series
//! of all charts shown in full, again when the run has changed, and in more resolution for the part
//! the reader looks at.

use std::{collections::HashMap, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::json;

use super::{
    groups::Group,
    model::{self, Points, Run},
    open::Open,
};
use crate::{
    api::{Api, ApiError, Operation},
    discussion::use_talk,
    kit::{Chart, ChartOptions, Series},
};

const SERIES: Operation = Operation(include_str!("series.graphql"));
/// Series of one request.
const BATCH: usize = 24;

/// Points a series arrives with at the most, and all series of a page together: what is drawn on the
/// server also travels as numbers, and nobody should wait for what they will not look at.
const ARRIVING: usize = 200;
const ARRIVING_IN_ALL: usize = 1_000;
/// A smoothing is asked for when the reader has left it alone for so long; until it comes, the points that are here are smoothed.
const AFTER: Duration = Duration::from_millis(200);

#[derive(Deserialize)]
struct Data {
    series: Vec<Points>,
}

type Store = RwSignal<HashMap<String, Points>>;

/// A chart for each group, two beside each other where there is room; what the machine did stands
/// under its own heading.
#[component]
pub(super) fn Plots(
    open: Open,
    /// The charts, in their order.
    #[prop(into)]
    groups: Signal<Vec<Group>>,
    /// What all of them share.
    options: ChartOptions,
    /// How many points of each series are asked for.
    points: usize,
    /// Whether the page keeps what the reader holds them against.
    #[prop(optional)]
    settable: bool,
) -> impl IntoView {
    let whole: Store = RwSignal::new(open.run.with_untracked(|run| run.curves.iter().map(|points| (points.key.clone(), points.clone())).collect()));
    let part: Store = RwSignal::new(HashMap::new());
    // The steps in view, as the chart that was zoomed tells them.
    let zoomed = RwSignal::new(None::<(i64, i64)>);
    let keys = Memo::new(move |_| {
        groups.with(|groups| groups.iter().flat_map(|group| group.members.iter().map(|member| member.0.clone())).collect::<Vec<_>>())
    });
    let state = Memo::new(move |_| open.run.with(|run| (run.id.clone(), run.revision.clone())));
    let smoothing = settled(options.smoothing);
    Effect::new(move |_: Option<()>| {
        state.track();
        let wish = Wish { points, smoothing: smoothing.get(), steps: None };
        bring(open, keys.get(), wish, whole, move || smoothing.try_get_untracked() == Some(wish.smoothing));
    });
    Effect::new(move |_: Option<()>| {
        if options.range.get().is_none() {
            zoomed.set(None);
        }
    });
    Effect::new(move |_: Option<()>| {
        state.track();
        let wish = Wish { points: points * 2, smoothing: smoothing.get(), steps: zoomed.get() };
        let wanted = move || zoomed.try_get_untracked() == Some(wish.steps) && smoothing.try_get_untracked() == Some(wish.smoothing);
        match wish.steps {
            Some(_) => bring(open, keys.get(), wish, part, wanted),
            None => part.set(HashMap::new()),
        }
    });
    let row = move |groups: Memo<Vec<Group>>| {
        view! {
            <div class="columns charts">
                <For each=move || groups.get() key=|group| format!("{group:?}") let:group>
                    {chart(group, whole, part, zoomed, open, options, settable)}
                </For>
            </div>
        }
    };
    let of = move |system: bool| {
        Memo::new(move |_| groups.with(|groups| groups.iter().filter(|group| group.is_system() == system).cloned().collect::<Vec<_>>()))
    };
    let (model, system) = (of(false), of(true));
    let some = move |groups: Memo<Vec<Group>>| Memo::new(move |_| !groups.with(Vec::is_empty));
    let (has_model, has_system) = (some(model), some(system));
    view! {
        <div class="stack">
            {move || has_model.get().then(|| row(model))}
            {move || has_system.get().then(|| view! { <h2>"System metrics"</h2>{row(system)} })}
        </div>
    }
    .into_any()
}

/// What the server draws of a run before any script has loaded: `shown` are the charts of the page.
/// The browser asks for the same series in full.
pub(super) async fn arriving(api: &Api, id: &str, shown: &[Group], smoothing: f64) -> Vec<Points> {
    let keys: Vec<String> = shown.iter().flat_map(|group| group.members.iter().map(|member| member.0.clone())).collect();
    let points = (ARRIVING_IN_ALL / keys.len().max(1)).clamp(40, ARRIVING);
    let mut series = Vec::new();
    for keys in keys.chunks(BATCH) {
        // Without its curves the page is still worth showing.
        series.extend(fetch(api, id, keys, Wish { points, smoothing, steps: None }).await.unwrap_or_default());
    }
    series
}

fn chart(
    group: Group,
    whole: Store,
    part: Store,
    zoomed: RwSignal<Option<(i64, i64)>>,
    open: Open,
    options: ChartOptions,
    settable: bool,
) -> AnyView {
    let Group { title, members } = group;
    let keys = members.iter().map(|member| member.0.clone()).collect::<Vec<_>>();
    let first = keys.clone();
    let here = Memo::new(move |_| whole.with(|whole| first.iter().any(|key| whole.contains_key(key))));
    let series = Signal::derive(move || {
        let found = |key: &str| part.with(|part| part.get(key).cloned()).or_else(|| whole.with(|whole| whole.get(key).cloned()));
        members.iter().enumerate().filter_map(|(at, (key, label))| found(key).map(|points| line(points, label, at))).collect::<Vec<_>>()
    });
    let live = Signal::derive(move || open.run.with(Run::is_running));
    let on_zoom = Callback::new(move |steps| zoomed.set(steps));
    let talk = use_talk();
    let key = keys.first().cloned().unwrap_or_default();
    let marks = Signal::derive(move || talk.map_or_else(Vec::new, |talk| keys.iter().flat_map(|key| talk.marks(key)).collect()));
    let on_comment = talk.filter(|talk| talk.may_write()).map(|talk| Callback::new(move |step| talk.ask(key.clone(), step)));
    (move || {
        let title = title.clone();
        if here.get() {
            view! { <Chart title series options live on_zoom marks on_comment settable/> }.into_any()
        } else {
            // As tall as the chart that takes its place.
            view! { <section class="card chart"><header><h2>{title}</h2></header><div class="body"><div class="waiting" aria-busy="true" aria-label="Loading"></div></div></section> }.into_any()
        }
    })
    .into_any()
}

fn line(points: Points, label: &str, at: usize) -> Series {
    let smoothed = points.smoothed.iter().map(|value| value.0).collect::<Vec<_>>();
    Series {
        smoothed: (!smoothed.is_empty()).then_some((points.smoothing, smoothed)),
        name: label.to_owned(),
        colour: (at % 6) as u8 + 1,
        steps: points.steps,
        times: points.times,
        values: points.values.iter().map(|value| value.0).collect(),
        total: points.total,
        sampled: points.sampled,
    }
}

/// How series are asked for: thinned to how many points, smoothed how much, and of which steps.
#[derive(Clone, Copy)]
struct Wish {
    points: usize,
    smoothing: f64,
    steps: Option<(i64, i64)>,
}

/// The value when it has not changed for a moment.
fn settled(value: RwSignal<f64>) -> RwSignal<f64> {
    let settled = RwSignal::new(value.get_untracked());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    Effect::new(move |_: Option<()>| {
        let now = value.get();
        stop();
        if settled.get_untracked() != now {
            waiting.set_value(
                set_timeout_with_handle(
                    move || {
                        settled.try_set(now);
                    },
                    AFTER,
                )
                .ok(),
            );
        }
    });
    on_cleanup(stop);
    settled
}

/// Asks for series and puts them where the charts look. Without a word when it fails: the charts
/// keep what they have and the next change asks again. An answer that is not wanted any more when it comes, because the reader has gone on, is dropped.
fn bring(open: Open, keys: Vec<String>, wish: Wish, store: Store, wanted: impl Fn() -> bool + Copy + 'static) {
    for keys in keys.chunks(BATCH) {
        let (api, id, keys) = (open.api(), open.id(), keys.to_vec());
        spawn_local(async move {
            if let Ok(series) = fetch(&api, &id, &keys, wish).await
                && wanted()
            {
                // The reader may have left the page meanwhile.
                store.try_update(|store| store.extend(series.into_iter().map(|points| (points.key.clone(), points))));
            }
        });
    }
}

async fn fetch(api: &Api, id: &str, keys: &[String], Wish { points, smoothing, steps }: Wish) -> Result<Vec<Points>, ApiError> {
    let (from, to) = steps.unzip();
    let variables = json!({ "id": id, "keys": keys, "points": points, "smoothing": smoothing, "fromStep": from, "toStep": to });
    let mut series = model::part::<Data>(api, SERIES, variables).await?.series;
    series.iter_mut().for_each(|points| points.smoothing = smoothing);
    Ok(series)
}
