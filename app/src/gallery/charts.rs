use std::time::Duration;

use leptos::prelude::*;

use super::{Part, sample};
use crate::kit::{Button, Chart, ChartControls, ChartOptions, Icon, Series, Threshold, use_clock};

/// Charts that share their options: one zoom, one crosshair.
#[component]
pub(super) fn Charts() -> impl IntoView {
    let now = untrack(|| use_clock().now());
    let options = ChartOptions::new();
    options.smoothing.set(0.6);
    options.thresholds.set(vec![Threshold { chart: "loss".into(), value: 0.25, label: "target" }]);
    let zoomed = RwSignal::new(None::<(i64, i64)>);
    let loss = Signal::derive(move || {
        // More resolution where the reader looks: as a page would fetch it.
        let count = if zoomed.get().is_some() { 400 } else { 200 };
        let every = 200.0 / count as f64;
        let curve = move |floor: f64, rate: f64| {
            move |step: f64, noise: f64| floor + (1.0 - floor) * (-step * every / rate).exp() + noise * 0.045 * (0.3 + (-step * every / 300.0).exp())
        };
        let thin = |mut series: Series| {
            for step in &mut series.steps {
                *step = (*step as f64 * every) as i64;
            }
            series.total = 120_000;
            series.sampled = true;
            series
        };
        vec![thin(sample::series("train", 1, count, now, curve(0.11, 190.0))), thin(sample::series("validation", 2, count, now, curve(0.19, 230.0)))]
    });
    let accuracy =
        Signal::derive(move || vec![sample::series("accuracy", 1, 200, now, |step, noise| 0.98 - 0.62 * (-step / 210.0).exp() + noise * 0.02)]);
    let gaps = Signal::derive(move || {
        vec![sample::series("grad_norm", 4, 200, now, |step, noise| {
            if (300.0..360.0).contains(&step) || step == 700.0 { f64::NAN } else { 3.0 * (-step / 400.0).exp() + noise.abs() }
        })]
    });
    let many = Signal::derive(move || {
        (1..=6)
            .map(|at| {
                sample::series(["fold 1", "fold 2", "fold 3", "fold 4", "fold 5", "fold 6"][at - 1], at as u8, 200, now, move |step, noise| {
                    0.9 + 0.012 * at as f64 - 0.5 * (-step / (120.0 + 30.0 * at as f64)).exp() + noise * 0.01
                })
            })
            .collect::<Vec<_>>()
    });
    let one = Signal::derive(move || vec![sample::series("test_auc", 3, 1, now, |_, _| 0.9802)]);
    let none = Signal::derive(Vec::<Series>::new);
    let on_zoom = Callback::new(move |steps| zoomed.set(steps));
    view! {
        <Part id="charts" title="Charts">
            <div class="toolbar"><ChartControls options/></div>
            <div class="columns">
                <Chart title="loss" series=loss options on_zoom settable=true/>
                <Chart title="accuracy" series=accuracy options/>
                <Chart title="grad_norm" series=gaps options/>
                <Chart title="recall at 1% fpr" series=many options/>
                <Live now/>
                <Chart title="test_auc" series=one options=ChartOptions::new()/>
                <Chart title="nothing yet" series=none options=ChartOptions::new()/>
            </div>
        </Part>
    }
    .into_any()
}

/// A curve that grows while one looks.
#[component]
fn Live(now: f64) -> impl IntoView {
    let whole = StoredValue::new(sample::series("loss", 1, 400, now, |step, noise| 0.1 + 0.9 * (-step / 500.0).exp() + noise * 0.04));
    let upto = RwSignal::new(60_usize);
    let live = RwSignal::new(false);
    let series = Signal::derive(move || {
        let upto = upto.get();
        whole.with_value(|whole| {
            vec![Series {
                steps: whole.steps[..upto].to_vec(),
                times: whole.times[..upto].to_vec(),
                values: whole.values[..upto].to_vec(),
                ..whole.clone()
            }]
        })
    });
    let start = move || {
        live.set(true);
        let handle = StoredValue::new(None::<leptos::leptos_dom::helpers::IntervalHandle>);
        let tick = move || {
            let done = upto.try_update(|upto| {
                *upto = (*upto + 4).min(400);
                *upto == 400
            });
            if done != Some(false) {
                let _ = live.try_set(false);
                if let Some(handle) = handle.try_get_value().flatten() {
                    handle.clear();
                }
            }
        };
        handle.set_value(set_interval_with_handle(tick, Duration::from_millis(120)).ok());
    };
    view! {
        <div class="stack">
            <Chart title="loss of a running training" series live options=ChartOptions::new()/>
            <div class="row"><Button small=true icon=Icon::PLAY disabled=live on_press=start>"Let it run"</Button></div>
        </div>
    }
}
