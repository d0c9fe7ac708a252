use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::json;

use super::data::Sheet;
use crate::{
    api::{MetricValue, Operation, use_api},
    kit::{
        ChartControls, ChartOptions, Figure, Pointed,
        kinds::{self, Curve},
        number,
    },
};

const CURVES: Operation = Operation(include_str!("curves.graphql"));
/// Lines over each other: the most that can be told apart.
const LINES: usize = 24;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    run_curves: Vec<Line>,
}

#[derive(Clone, PartialEq, Deserialize)]
struct Line {
    run: String,
    steps: Vec<i64>,
    times: Vec<f64>,
    values: Vec<MetricValue>,
    total: usize,
}

/// The metric looked at over its steps, runs of all groups over each other, smoothed by the server before it thins them.
#[component]
pub(super) fn Curves(sheet: RwSignal<Sheet>, key: Memo<String>, pointed: Pointed) -> impl IntoView {
    let api = use_api();
    let options = ChartOptions::new();
    let lines = RwSignal::new(Vec::<Line>::new());
    // As many of each group as there is room for.
    let runs = Memo::new(move |_| {
        sheet.with(|sheet| {
            let Some(found) = &sheet.comparison else { return Vec::new() };
            let each = (LINES / found.groups.len().max(1)).max(1);
            let of = |group: usize| {
                found
                    .points
                    .iter()
                    .filter(move |point| point.group == group)
                    .take(each)
                    .map(move |point| (point.run.clone(), point.name.clone(), group))
            };
            let mut all: Vec<(String, String, usize)> = (0..found.groups.len()).flat_map(of).collect();
            all.truncate(LINES);
            all
        })
    });
    Effect::new(move |_: Option<()>| {
        let (key, smoothing) = (key.get(), options.smoothing.get());
        let ids: Vec<String> = runs.with(|runs| runs.iter().map(|run| run.0.clone()).collect());
        if ids.is_empty() {
            return lines.set(Vec::new());
        }
        let api = api.clone();
        spawn_local(async move {
            // Without its lines the page is still worth reading; an answer that comes too late is dropped.
            if let Ok(data) = api.query::<Data>(CURVES, json!({ "runs": ids, "key": key, "smoothing": smoothing })).await
                && options.smoothing.try_get_untracked() == Some(smoothing)
            {
                lines.try_set(data.run_curves);
            }
        });
    });
    let drawing = Signal::derive(move || {
        let (by_time, log) = (options.by_time.get(), options.log.get());
        let drawn = runs.with(|runs| {
            lines.with(|lines| {
                let curve = |(run, name, group): &(String, String, usize)| {
                    let line = lines.iter().find(|line| line.run == *run && line.total > 1)?;
                    let begin = line.times.iter().copied().fold(f64::INFINITY, f64::min);
                    let xs: Vec<f64> = if by_time {
                        line.times.iter().map(|time| time - begin).collect()
                    } else {
                        line.steps.iter().map(|step| *step as f64).collect()
                    };
                    let points = xs.into_iter().zip(line.values.iter().map(|value| value.0)).collect();
                    Some(Curve { run: run.clone(), name: name.clone(), group: *group, points })
                };
                runs.iter().filter_map(curve).collect::<Vec<_>>()
            })
        });
        kinds::curves(&drawn, log, by_time)
    });
    let note = move || {
        let (shown, all) = (runs.with(Vec::len), sheet.with(|sheet| sheet.comparison.as_ref().map_or(0, |found| found.point_count)));
        (all > shown).then(|| format!("{} of {} runs, some of each group", number::count(shown as i64), number::count(all as i64)))
    };
    let has_lines = Memo::new(move |_| lines.with(|lines| lines.iter().any(|line| line.total > 1)));
    let title = Signal::derive(move || format!("{}: over its steps", key.get()));
    view! {
        <div class="stack charts" hidden=move || !has_lines.get()>
            <div class="toolbar"><ChartControls options/></div>
            <Figure id="curves" title note=Signal::derive(note) drawing pointed/>
        </div>
    }
    .into_any()
}
