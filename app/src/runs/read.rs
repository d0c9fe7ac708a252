use leptos::prelude::*;

use super::{
    details::Datasets,
    groups::Group,
    model::{self, Metric, Run},
    open::Open,
    overview::{Latest, Params, every_chart, stats},
    page::facts,
    plots::{self, Plots},
};
use crate::{
    api::{ask, use_api},
    kit::{Card, ChartOptions, Empty, Icon, Shape, steady_as, use_window_title},
    links::ended,
};

/// Charts at the most.
const CHARTS: usize = 24;
const SMOOTHING: f64 = 0.6;

/// A run on one page, for somebody who reads it and nothing else: whoever came by a link.
#[component]
pub fn RunToRead(
    /// The run's.
    #[prop(into)]
    id: String,
) -> impl IntoView {
    let api = use_api();
    let query = ask(
        move || id.clone(),
        move |id| {
            let api = api.clone();
            async move {
                let mut run = model::fetch(api.clone(), id, false).await.map_err(ended)?;
                if cfg!(feature = "ssr") {
                    run.curves = plots::arriving(&api, &run.id, &charts(&run.metrics), SMOOTHING).await;
                }
                Ok(run)
            }
        },
    );
    steady_as(Shape::Cards, query, move |run| inside(Open::provide(run)))
}

fn charts(metrics: &[Metric]) -> Vec<Group> {
    every_chart(metrics).into_iter().take(CHARTS).collect()
}

fn inside(open: Open) -> AnyView {
    let run = open.run;
    let options = ChartOptions::new();
    options.smoothing.set(SMOOTHING);
    let shown = Memo::new(move |_| run.with(|run| charts(&run.metrics)));
    let has_charts = Memo::new(move |_| !shown.with(Vec::is_empty));
    let empty = Memo::new(move |_| run.with(|run| run.metrics.is_empty() && run.params.is_empty()));
    let name = Memo::new(move |_| run.with(|run| run.name.clone()));
    let colour = run.with_untracked(|run| super::colour(&run.id));
    let note = Memo::new(move |_| run.with(|run: &Run| run.note.clone()));
    use_window_title(name);
    view! {
        <header class="head"><div class="what">
            <h1><i class=format!("dot s{colour}")></i>{name}</h1>
            <p class="facts">{facts(run)}</p>
        </div></header>
        <div class="stack">
            {move || note.get().map(|note| view! { <Card title="Note"><p class="note">{note}</p></Card> })}
            {stats(run)}
            {move || has_charts.get().then(|| view! { <Plots open groups=shown options points=300/> })}
            {move || empty.get().then(|| view! { <section class="card"><Empty icon=Icon::CHART_LINE title="Nothing logged yet">"Params and metrics appear here the moment they are logged."</Empty></section> })}
            <Params run/>
            <Latest run/>
            <Datasets run/>
        </div>
    }
    .into_any()
}
