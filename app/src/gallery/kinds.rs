use leptos::prelude::*;

use super::{Part, sample};
use crate::kit::{
    Button, ChartOptions, Drawing, Figure, Pointed, Threshold, ThresholdDialog,
    kinds::{self, Curve, Dot, Spread, View},
};

/// The chart of lines, by its title.
const LINES: &str = "Lines over each other";

/// The kinds of charts that compare. They share what is pointed at.
#[component]
pub(super) fn Kinds() -> impl IntoView {
    let pointed: Pointed = RwSignal::new(None);
    let fixed = |drawing: Drawing| Signal::stored(drawing);
    let names: Vec<String> = ["adam", "sgd", "lion"].map(str::to_owned).to_vec();
    let spreads: Vec<Spread> = names
        .iter()
        .zip([0.912, 0.884, 0.921])
        .map(|(name, mean)| Spread {
            name: name.clone(),
            ends: [mean - 0.02, mean - 0.008, mean + 0.001, mean + 0.009, mean + 0.018],
            mean,
            error: 0.006,
            count: 12,
        })
        .collect();
    let counts: Vec<(String, Vec<usize>)> =
        names.iter().cloned().zip([vec![1, 3, 6, 2, 0, 0], vec![4, 5, 2, 1, 0, 0], vec![0, 1, 2, 5, 3, 1]]).collect();
    let options = ChartOptions::new();
    options.thresholds.set(vec![Threshold { chart: LINES.into(), value: 0.6, label: "target" }]);
    let holding = RwSignal::new(false);
    let own = curves(&names);
    let lines = Signal::derive(move || {
        let thresholds = options.held(LINES);
        kinds::curves(&own, View { range: options.range.get(), thresholds: &thresholds, ..View::default() })
    });
    let dots = dots();
    let rows: Vec<String> = ["val_auc \u{2191}", "val_loss \u{2193}", "latency_ms \u{2193}"].map(str::to_owned).to_vec();
    let heat = vec![vec![None, Some(-1.8), Some(0.9)], vec![None, Some(1.2), Some(-0.4)], vec![None, Some(0.1), None]];
    view! {
        <Part id="kinds" title="Charts that compare">
            <div class="columns">
                <Figure id="kind-bars" title="Bars" note="From 0, lines of two standard errors" drawing=fixed(kinds::bars(&spreads)) pointed/>
                <Figure id="kind-boxes" title="Boxes" drawing=fixed(kinds::boxes(&spreads)) pointed/>
                <Figure id="kind-histogram" title="Histogram" drawing=fixed(kinds::histogram(&[0.85, 0.87, 0.89, 0.91, 0.93, 0.95, 0.97], &counts)) pointed/>
                <Figure id="kind-scatter" title="Scatter" drawing=fixed(kinds::scatter("lr", "val_auc", &dots)) pointed/>
                <Figure id="kind-curves" title=LINES drawing=lines pointed range=options.range/>
                <Figure id="kind-heatmap" title="Heatmap" drawing=fixed(kinds::heatmap(&rows, &names, &heat)) pointed/>
                <Figure id="kind-parallel" title="Parallel coordinates" drawing=fixed(kinds::parallel(&["lr", "val_auc", "optimizer"], &dots)) pointed/>
                <Figure id="kind-none" title="Nothing yet" drawing=fixed(kinds::bars(&[])) pointed/>
            </div>
            <div class="row"><Button small=true on_press=move || holding.set(true)>"Hold the lines against a value"</Button></div>
            <ThresholdDialog options chart=LINES open=holding/>
        </Part>
    }
    .into_any()
}

fn dots() -> Vec<Dot> {
    let mut noise = sample::noise(11);
    (0..36)
        .map(|at| {
            let rate = 10f64.powf(-4.0 + 3.0 * f64::from(at) / 35.0);
            let group = at as usize % 3;
            let auc = 0.9 - (rate.log10() + 2.5).powi(2) * 0.02 + 0.01 * group as f64 + noise() * 0.008;
            let values = [format!("{rate:.5}"), format!("{auc:.4}"), ["adam", "sgd", "lion"][group].to_owned()];
            Dot { run: format!("run_{at}"), name: format!("run {at}"), group, values: values.map(Some).to_vec() }
        })
        .collect()
}

fn curves(names: &[String]) -> Vec<Curve> {
    let mut noise = sample::noise(5);
    let line = |(group, name): (usize, &String)| Curve {
        run: format!("curve_{group}"),
        name: name.clone(),
        group,
        points: (0..120)
            .map(|step| (f64::from(step), 0.1 + 0.8 * (-f64::from(step) / (25.0 + 12.0 * group as f64)).exp() + noise() * 0.01))
            .collect(),
    };
    names.iter().enumerate().map(line).collect()
}
