//! Charts of the run's metrics. The page arrives with them drawn, thin; one request brings the series
//! of all charts shown in full, again when the run has changed, and in more resolution for the part
//! the reader looks at.

use std::collections::HashMap;

use leptos::{prelude::*, reactive::computed::ScopedFuture, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    groups::Group,
    model::{self, Run},
    open::Open,
};
use crate::{
    api::{Api, ApiError, MetricValue, Operation},
    kit::{Chart, ChartOptions, Series},
};

const SERIES: Operation = Operation(include_str!("series.graphql"));
/// Series of one request.
const BATCH: usize = 24;

/// Points a series arrives with at the most, and all series of a page together: the page is drawn on
/// the server, and its readers should not wait for what they will not look at.
const ARRIVING: usize = 200;
const ARRIVING_IN_ALL: usize = 1_600;

/// One series as the API gives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Points {
    key: String,
    total: usize,
    sampled: bool,
    steps: Vec<i64>,
    times: Vec<f64>,
    values: Vec<MetricValue>,
}

impl Points {
    /// Whether the page brought fewer points than the chart shows.
    fn is_thinned(&self) -> bool {
        self.sampled && self.values.len() <= ARRIVING
    }
}

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
) -> impl IntoView {
    let whole: Store = RwSignal::new(HashMap::new());
    let part: Store = RwSignal::new(HashMap::new());
    // The steps in view, as the chart that was zoomed tells them.
    let zoomed = RwSignal::new(None::<(i64, i64)>);
    let keys = Memo::new(move |_| {
        groups.with(|groups| groups.iter().flat_map(|group| group.members.iter().map(|member| member.0.clone())).collect::<Vec<_>>())
    });
    let state = Memo::new(move |_| open.run.with(|run| (run.id.clone(), run.revision.clone())));
    let arriving = arriving(open, keys.get_untracked(), points);
    Effect::new(move |before: Option<()>| {
        state.track();
        let keys = keys.get();
        if before.is_some() {
            bring(open, keys, points, None, whole);
        }
    });
    Effect::new(move |_: Option<()>| {
        if options.range.get().is_none() {
            zoomed.set(None);
        }
    });
    Effect::new(move |_: Option<()>| {
        state.track();
        match zoomed.get() {
            Some(range) => bring(open, keys.get(), points * 2, Some(range), part),
            None => part.set(HashMap::new()),
        }
    });
    let row = move |groups: Memo<Vec<Group>>| {
        view! {
            <div class="columns charts">
                <For each=move || groups.get() key=|group| format!("{group:?}") let:group>
                    {chart(group, whole, part, zoomed, open, options)}
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
    let charts = move || {
        view! {
            <div class="stack">
                {move || has_model.get().then(|| row(model))}
                {move || has_system.get().then(|| view! { <h2>"System metrics"</h2>{row(system)} })}
            </div>
        }
        .into_any()
    };
    let content = move || {
        Suspend::new(async move {
            let series = ScopedFuture::new_untracked(async move { arriving.await }).await.unwrap_or_default();
            let thinned: Vec<String> = series.iter().filter(|points| points.is_thinned()).map(|points| points.key.clone()).collect();
            put(whole, series);
            Effect::new(move |_: Option<()>| bring(open, thinned.clone(), points, None, whole));
            charts()
        })
    };
    let places = move || {
        let titles = groups.with_untracked(|groups| groups.iter().map(|group| group.title.clone()).collect::<Vec<_>>());
        view! { <div class="columns charts">{titles.into_iter().map(waiting).collect_view()}</div> }
    };
    view! { <Suspense fallback=places>{content}</Suspense> }.into_any()
}

/// The series of the first charts. On the server they are thin; in the browser nothing travels twice.
fn arriving(open: Open, keys: Vec<String>, points: usize) -> Resource<Result<Vec<Points>, ApiError>> {
    let points = if cfg!(feature = "ssr") { (ARRIVING_IN_ALL / keys.len().max(1)).clamp(40, ARRIVING).min(points) } else { points };
    Resource::new(
        || (),
        move |()| {
            let (api, id, keys) = (open.api(), open.id(), keys.clone());
            async move {
                let mut series = Vec::new();
                for keys in keys.chunks(BATCH) {
                    series.extend(fetch(&api, &id, keys, points, None).await?);
                }
                Ok(series)
            }
        },
    )
}

fn chart(group: Group, whole: Store, part: Store, zoomed: RwSignal<Option<(i64, i64)>>, open: Open, options: ChartOptions) -> AnyView {
    let Group { title, members } = group;
    let first = members.iter().map(|member| member.0.clone()).collect::<Vec<_>>();
    let here = Memo::new(move |_| whole.with(|whole| first.iter().any(|key| whole.contains_key(key))));
    let series = Signal::derive(move || {
        let found = |key: &str| part.with(|part| part.get(key).cloned()).or_else(|| whole.with(|whole| whole.get(key).cloned()));
        members.iter().enumerate().filter_map(|(at, (key, label))| found(key).map(|points| line(points, label, at))).collect::<Vec<_>>()
    });
    let live = Signal::derive(move || open.run.with(Run::is_running));
    let on_zoom = Callback::new(move |steps| zoomed.set(steps));
    (move || {
        let title = title.clone();
        if here.get() { view! { <Chart title series options live on_zoom/> }.into_any() } else { waiting(title) }
    })
    .into_any()
}

/// As tall as the chart that takes its place.
fn waiting(title: String) -> AnyView {
    view! { <section class="card chart"><header><h2>{title}</h2></header><div class="body"><div class="waiting" aria-busy="true" aria-label="Loading"></div></div></section> }.into_any()
}

fn line(points: Points, label: &str, at: usize) -> Series {
    Series {
        name: label.to_owned(),
        colour: (at % 6) as u8 + 1,
        steps: points.steps,
        times: points.times,
        values: points.values.iter().map(|value| value.0).collect(),
        total: points.total,
        sampled: points.sampled,
    }
}

/// Asks for series and puts them where the charts look. Without a word when it fails: the charts
/// keep what they have and the next change asks again.
fn bring(open: Open, keys: Vec<String>, points: usize, range: Option<(i64, i64)>, store: Store) {
    for keys in keys.chunks(BATCH) {
        let (api, id, keys) = (open.api(), open.id(), keys.to_vec());
        spawn_local(async move {
            if let Ok(series) = fetch(&api, &id, &keys, points, range).await {
                put(store, series);
            }
        });
    }
}

/// The reader may have left the page meanwhile.
fn put(store: Store, series: Vec<Points>) {
    store.try_update(|store| store.extend(series.into_iter().map(|points| (points.key.clone(), points))));
}

async fn fetch(api: &Api, id: &str, keys: &[String], points: usize, range: Option<(i64, i64)>) -> Result<Vec<Points>, ApiError> {
    let variables = json!({ "id": id, "keys": keys, "points": points, "fromStep": range.map(|range| range.0), "toStep": range.map(|range| range.1) });
    model::part::<Data>(api, SERIES, variables).await.map(|data| data.series)
}
