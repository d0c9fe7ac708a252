use leptos::prelude::*;
use shared::comparison::Better;

use super::{
    curves::Curves,
    data::{Comparison, Sheet},
};
use crate::kit::{
    Drawing, Figure, Pointed,
    kinds::{self, Dot},
    number,
};

/// Rows of the heatmap.
const HEAT: usize = 12;
/// Axes of the parallel coordinates beside the metric.
const AXES: usize = 5;

/// The charts of a comparison. What is pointed at in one is lit in all.
#[component]
pub(super) fn Charts(sheet: RwSignal<Sheet>) -> impl IntoView {
    let pointed: Pointed = RwSignal::new(None);
    let of = move |draw: fn(&Comparison, &str) -> Drawing| {
        Signal::derive(move || {
            sheet
                .with(|sheet| {
                    let found = sheet.comparison.as_ref()?;
                    Some(draw(found, &found.focus.as_ref()?.key))
                })
                .unwrap_or_default()
        })
    };
    let key = Memo::new(move |_| {
        sheet.with(|sheet| sheet.comparison.as_ref().and_then(|found| found.focus.as_ref()).map(|focus| focus.key.clone()).unwrap_or_default())
    });
    let first = Memo::new(move |_| {
        sheet.with(|sheet| sheet.comparison.as_ref().and_then(|found| found.focus.as_ref()).and_then(|focus| focus.param_keys.first().cloned()))
    });
    let titled = move |words: &'static str| Signal::derive(move || format!("{}: {words}", key.get()));
    let drawn = move || {
        sheet.with(|sheet| {
            let found = sheet.comparison.as_ref()?;
            let shown = found.points.len();
            (found.point_count > shown).then(|| {
                format!(
                    "{} of {} runs are drawn, spread evenly; figures are of all.",
                    number::count(shown as i64),
                    number::count(found.point_count as i64)
                )
            })
        })
    };
    let legend = move || {
        let names = sheet.with(|sheet| {
            sheet.comparison.as_ref().map(|found| found.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>()).unwrap_or_default()
        });
        names.into_iter().enumerate().map(|(at, name)| {
            let point = move |on: bool| pointed.set(on.then(|| (at, String::new())));
            view! { <button type="button" on:pointerenter=move |_| point(true) on:pointerleave=move |_| point(false) on:focus=move |_| point(true) on:blur=move |_| point(false)><i class=format!("dot s{}", at % 6 + 1)></i>{name}</button> }
        })
        .collect_view()
    };
    let scattered = Signal::derive(move || first.get().map_or_else(|| "No param differs".to_owned(), |param| format!("{} by {param}", key.get())));
    view! {
        <h2 class="part">"Charts"</h2>
        <div class="legend shared" role="group" aria-label="Light a group in every chart">{legend}</div>
        <Curves sheet key pointed/>
        <div class="columns charts">
            <Figure id="bars" title=titled("means") note="Bars from 0, lines of two standard errors" drawing=of(bars) pointed/>
            <Figure id="boxes" title=titled("spread") note="Quartiles, ends, dot: mean" drawing=of(boxes) pointed/>
            <Figure id="histogram" title=titled("distribution") drawing=of(histogram) pointed/>
            <Figure id="scatter" title=scattered note=Signal::derive(drawn) drawing=of(scatter) pointed/>
        </div>
        <div class="stack charts">
            <Figure id="parallel" title=titled("params of each run") note=Signal::derive(drawn) drawing=of(parallel) pointed/>
            <Figure id="heatmap" title="Metrics by group" note="Hedges\u{2019} g to the baseline: blue is above it, orange below" drawing=of(heatmap) pointed/>
        </div>
    }
    .into_any()
}

fn bars(found: &Comparison, key: &str) -> Drawing {
    kinds::bars(&found.spreads(key))
}

fn boxes(found: &Comparison, key: &str) -> Drawing {
    kinds::boxes(&found.spreads(key))
}

fn histogram(found: &Comparison, _: &str) -> Drawing {
    let Some(focus) = &found.focus else { return Drawing::default() };
    let groups: Vec<(String, Vec<usize>)> =
        found.groups.iter().zip(&focus.histogram.counts).map(|(group, counts)| (group.name.clone(), counts.clone())).collect();
    kinds::histogram(&focus.histogram.edges, &groups)
}

/// Runs with some params before the metric.
fn dots(found: &Comparison, params: usize) -> Vec<Dot> {
    let dot = |point: &super::data::Point| Dot {
        run: point.run.clone(),
        name: point.name.clone(),
        group: point.group,
        values: point.params.iter().take(params).cloned().chain([Some(point.value.to_string())]).collect(),
    };
    found.points.iter().map(dot).collect()
}

fn scatter(found: &Comparison, key: &str) -> Drawing {
    let Some(param) = found.focus.as_ref().and_then(|focus| focus.param_keys.first()) else { return Drawing::default() };
    kinds::scatter(param, key, &dots(found, 1))
}

fn parallel(found: &Comparison, key: &str) -> Drawing {
    let Some(focus) = &found.focus else { return Drawing::default() };
    let axes: Vec<&str> = focus.param_keys.iter().take(AXES).map(String::as_str).chain([key]).collect();
    kinds::parallel(&axes, &dots(found, AXES))
}

fn heatmap(found: &Comparison, _: &str) -> Drawing {
    let shown = || found.metrics.iter().take(HEAT);
    let name = |metric: &super::data::Metric| match metric.better {
        Some(Better::Lower) => format!("{} \u{2193}", metric.key),
        Some(Better::Higher) => format!("{} \u{2191}", metric.key),
        None => metric.key.clone(),
    };
    let rows: Vec<String> = shown().map(name).collect();
    let columns: Vec<String> = found.groups.iter().map(|group| group.name.clone()).collect();
    // The baseline is what 0 is.
    let size = |(at, cell): (usize, &super::data::Cell)| if at == 0 { Some(0.0) } else { cell.difference.as_ref()?.effect.map(|size| size.value) };
    let values: Vec<Vec<Option<f64>>> = shown().map(|metric| metric.cells.iter().enumerate().map(size).collect()).collect();
    kinds::heatmap(&rows, &columns, &values)
}
