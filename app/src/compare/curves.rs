use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::json;

use super::data::Sheet;
use crate::{
    api::{MetricValue, Operation, use_api},
    kit::{
        ChartControls, ChartOptions, Figure, Icon, IconButton, Pointed, ThresholdDialog,
        kinds::{self, Curve, View},
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

impl Line {
    /// The time that counts as 0.
    fn begin(&self) -> f64 {
        self.times.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// What is asked for: of which runs, which metric, smoothed how much, and of which steps.
type Asked = (Vec<String>, String, f64, Option<(i64, i64)>);

/// First and last step inside a part of x; `None` when there is none in it.
fn steps_in(lines: &[Line], range: (f64, f64), by_time: bool) -> Option<(i64, i64)> {
    if !by_time {
        return Some((range.0.floor() as i64, range.1.ceil() as i64));
    }
    let inside = |line: &Line| {
        let begin = line.begin();
        let own = line.steps.iter().zip(&line.times).filter(move |(_, time)| (range.0..=range.1).contains(&(**time - begin)));
        own.map(|(step, _)| *step).collect::<Vec<_>>()
    };
    let steps: Vec<i64> = lines.iter().flat_map(inside).collect();
    steps.iter().min().copied().zip(steps.iter().max().copied())
}

/// The metric looked at over its steps, runs of all groups over each other, smoothed by the server before it thins them.
#[component]
pub(super) fn Curves(sheet: RwSignal<Sheet>, key: Memo<String>, pointed: Pointed) -> impl IntoView {
    let api = use_api();
    let options = ChartOptions::new();
    let lines = RwSignal::new(Vec::<Line>::new());
    let waits = RwSignal::new(true);
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
    // The lines in view with more of their points, while a part is looked at.
    let part = RwSignal::new(None::<Vec<Line>>);
    let wish = Memo::new(move |_| {
        let steps = options.range.get().and_then(|range| lines.with_untracked(|lines| steps_in(lines, range, options.by_time.get_untracked())));
        let runs = runs.with(|runs| runs.iter().map(|run| run.0.clone()).collect::<Vec<_>>());
        (runs, key.get(), options.smoothing.get(), steps)
    });
    Effect::new(move |before: Option<Asked>| {
        let now = wish.get();
        let (ids, key, smoothing, steps) = now.clone();
        if ids.is_empty() {
            lines.set(Vec::new());
            return now;
        }
        if steps.is_none() {
            part.set(None);
        }
        // The whole is asked for anew when more has changed than the part that is looked at.
        let changed = before.is_none_or(|(ids, key, smoothing, _)| (ids, key, smoothing) != (now.0.clone(), now.1.clone(), now.2));
        for steps in [changed.then_some(None), steps.map(Some)].into_iter().flatten() {
            let (from, to) = steps.unzip();
            let variables = json!({ "runs": ids, "key": key, "smoothing": smoothing, "fromStep": from, "toStep": to });
            let (api, own) = (api.clone(), now.clone());
            // Without its lines the page is still worth reading; an answer that comes too late is dropped.
            let fits = move |wish: &Asked| (&wish.0, &wish.1, wish.2) == (&own.0, &own.1, own.2) && (steps.is_none() || wish.3 == steps);
            spawn_local(async move {
                let answer = api.query::<Data>(CURVES, variables).await;
                waits.try_set(false);
                if let Ok(data) = answer
                    && wish.try_with_untracked(fits) == Some(true)
                {
                    match steps {
                        None => drop(lines.try_set(data.run_curves)),
                        Some(_) => drop(part.try_set(Some(data.run_curves))),
                    }
                }
            });
        }
        now
    });
    let drawing = Signal::derive(move || {
        let thresholds = key.with(|key| options.held(key));
        let view = View { log: options.log.get(), by_time: options.by_time.get(), range: options.range.get(), thresholds: &thresholds };
        let part = part.get();
        let drawn = runs.with(|runs| {
            lines.with(|lines| {
                let curve = |(run, name, group): &(String, String, usize)| {
                    let whole = lines.iter().find(|line| line.run == *run && line.total > 1)?;
                    let line = part.as_ref().and_then(|part| part.iter().find(|line| line.run == *run)).unwrap_or(whole);
                    let xs: Vec<f64> = if view.by_time {
                        let begin = whole.begin();
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
        kinds::curves(&drawn, view)
    });
    let note = move || {
        let (shown, all) = (runs.with(Vec::len), sheet.with(|sheet| sheet.comparison.as_ref().map_or(0, |found| found.point_count)));
        (all > shown).then(|| format!("{} of {} runs, some of each group", number::count(shown as i64), number::count(all as i64)))
    };
    // Whether there are any is known before they are, so that nothing moves when they come.
    let curved =
        Memo::new(move |_| sheet.with(|sheet| sheet.comparison.as_ref().and_then(|found| found.focus.as_ref()).is_some_and(|focus| focus.curved)));
    let empty = Signal::derive(move || if waits.get() { "Loading the curves" } else { "These runs have no curve of it" });
    let title = Signal::derive(move || format!("{}: over its steps", key.get()));
    let (holding, hold) = (RwSignal::new(false), Signal::derive(move || format!("Thresholds of {}", key.get())));
    view! {
        <div class="stack charts" hidden=move || !curved.get()>
            <div class="toolbar"><ChartControls options/><IconButton icon=Icon::SLIDERS_HORIZONTAL label=hold on_press=move || holding.set(true)/></div>
            <Figure id="curves" title note=Signal::derive(note) drawing empty pointed range=options.range/>
            <ThresholdDialog options chart=key open=holding/>
        </div>
    }
    .into_any()
}
