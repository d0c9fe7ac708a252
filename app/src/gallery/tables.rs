use leptos::prelude::*;

use super::{Part, sample};
use crate::{
    api::Moment,
    kit::{
        Better, Cell, Choice, Column, ColumnChooser, FilterField, Pager, Row, Table, chosen_columns, moment, run_tone, use_address, use_clock,
        use_toasts,
    },
};

const NAMES: [&str; 24] = [
    "amber-finch-823",
    "steady-heron-346",
    "quiet-lynx-563",
    "copper-vale-922",
    "north-ember-149",
    "silver-moth-755",
    "pale-otter-265",
    "brisk-cedar-485",
    "warm-delta-419",
    "calm-ridge-350",
    "late-harbor-304",
    "dry-quartz-877",
    "low-comet-931",
    "ivory-pine-430",
    "bright-fjord-118",
    "still-wren-702",
    "rapid-birch-264",
    "grey-anvil-518",
    "mild-coral-390",
    "deep-larch-647",
    "keen-osprey-155",
    "plain-maple-833",
    "bold-tern-271",
    "soft-basalt-906",
];
const COLUMNS: [&str; 9] = ["status", "started", "duration", "auc", "log_loss", "latency_p95", "model", "learning_rate", "n_estimators"];

/// A run table as a page would make it: order, columns and filter come from the address.
#[component]
pub(super) fn Tables() -> impl IntoView {
    let now = untrack(|| use_clock().now());
    let address = use_address();
    let selected = RwSignal::new(Vec::<String>::new());
    // `?rows=1000`: a table of which only the rows in sight are there.
    let asked = untrack(|| address.get("rows")).and_then(|rows| rows.parse::<usize>().ok()).map(|rows| rows.min(2000));
    let all = asked.unwrap_or(NAMES.len());
    let shown_rows = RwSignal::new(asked.unwrap_or(14));
    let shown = Signal::derive(move || {
        let chosen = chosen_columns(address);
        if chosen.is_empty() { COLUMNS.map(str::to_owned).to_vec() } else { chosen }
    });
    let choices = COLUMNS
        .map(|key| Choice { key: key.into(), title: key.into(), group: if key.contains('_') || key == "auc" { "Metrics and params" } else { "Run" } })
        .to_vec();
    let columns = Signal::derive(move || {
        [Column::text("name", "Run").sortable()].into_iter().chain(shown.get().into_iter().map(|key| column(&key))).collect::<Vec<_>>()
    });
    let rows = Signal::derive(move || {
        let mut runs: Vec<Run> = (0..all).map(|at| Run::new(at, now)).collect();
        if let Some(wanted) = address.get("filter") {
            runs.retain(|run| run.name.contains(&wanted));
        }
        if let Some(sort) = address.sort() {
            runs.sort_by(|a, b| a.rank(&sort.key).total_cmp(&b.rank(&sort.key)).then(a.name.cmp(&b.name)));
            if sort.descending {
                runs.reverse();
            }
        }
        runs.truncate(shown_rows.get());
        let keys = shown.get();
        runs.into_iter().map(|run| run.row(&keys)).collect::<Vec<_>>()
    });
    let toasts = use_toasts();
    let remove = move |_| {
        let ids = selected.get_untracked();
        selected.set(Vec::new());
        toasts.undo(format!("{} removed", crate::kit::number::counted(ids.len() as i64, "run", "runs")), move || selected.set(ids.clone()));
    };
    let bulk = move || {
        let count = selected.with(Vec::len);
        (count > 0).then(|| view! { <span class="row"><b>{count}" selected"</b><button class="button" type="button" on:click=remove>"Remove runs"</button></span> })
    };
    view! {
        <Part id="tables" title="Tables">
            <div class="toolbar">
                <FilterField label="Filter runs" placeholder="metrics.auc > 0.94 and params.model = \"gbdt\"" words=Signal::derive(|| COLUMNS.iter().map(|key| format!("metrics.{key}")).collect::<Vec<_>>())/>
                <ColumnChooser choices shown/>
                {bulk}
            </div>
            <Table label="Runs" columns rows selected keys=true sort=crate::kit::Sort::parse("-auc")/>
            <Pager shown=Signal::derive(move || rows.with(Vec::len)) total=1_284 next=Signal::derive(move || (shown_rows.get() < all).then(|| "cursor".to_owned())) on_more=move || shown_rows.set(all) of=("run", "runs") keys=vec![("j", "down"), ("k", "up"), ("x", "select"), ("/", "filter")]/>
        </Part>
    }
    .into_any()
}

fn column(key: &str) -> Column {
    match key {
        "status" => Column::text(key, "State"),
        "started" => Column::text(key, "Started").sortable(),
        "duration" => Column::number(key, "Duration").sortable(),
        "model" => Column::mono(key, key),
        _ => Column::number(key, key).sortable().better(Better::guess(key)),
    }
}

struct Run {
    at: usize,
    name: String,
    started: f64,
    values: [f64; 6],
}

impl Run {
    fn new(at: usize, now: f64) -> Self {
        let mut noise = sample::noise(at as u32 + 11);
        let auc = 0.9802 - 0.0022 * at as f64 + noise() * 0.0004;
        let started = now - 720_000.0 * ((at / 2 + 1) * (at / 2 + 1)) as f64;
        Self {
            at,
            name: if at < NAMES.len() { NAMES[at].to_owned() } else { format!("{}-{at}", NAMES[at % NAMES.len()]) },
            started,
            values: [
                300_000.0 + (noise() + 1.0) * 400_000.0,
                auc,
                0.12 + 0.008 * at as f64,
                (36.0 + noise() * 7.0).round(),
                [0.03, 0.1, 0.01][at % 3],
                [200.0, 400.0, 800.0][at % 3],
            ],
        }
    }

    fn value(&self, key: &str) -> f64 {
        ["duration", "auc", "log_loss", "latency_p95", "learning_rate", "n_estimators"]
            .iter()
            .position(|own| *own == key)
            .map_or(f64::NAN, |at| self.values[at])
    }

    fn rank(&self, key: &str) -> f64 {
        if key == "started" { self.started } else { self.value(key) }
    }

    fn status(&self) -> &'static str {
        match self.at {
            1 => "RUNNING",
            8 | 17 => "FAILED",
            _ => "FINISHED",
        }
    }

    fn row(&self, keys: &[String]) -> Row {
        let cell = |key: &str| match key {
            "status" => Cell::State(run_tone(self.status()), self.status().to_lowercase()),
            "started" => Cell::Time(Moment(self.started)),
            "duration" => Cell::Measure(self.value(key), moment::duration(self.value(key))),
            "latency_p95" => Cell::Measure(self.value(key), format!("{} ms", self.value(key))),
            "model" => Cell::Mono(["gbdt", "gbdt", "forest", "mlp"][self.at % 4].into()),
            _ => Cell::Number(self.value(key)),
        };
        let cells =
            [Cell::Link(self.name.clone(), format!("/kit?run={}#tables", self.at))].into_iter().chain(keys.iter().map(|key| cell(key))).collect();
        Row { series: Some((self.at % 6) as u8 + 1), ..Row::new(self.name.clone(), self.name.clone(), cells) }
    }
}
