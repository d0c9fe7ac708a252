use leptos::prelude::*;

use super::Series;
use crate::{
    api::Moment,
    kit::{Dialog, RelativeTime, number},
};

/// More rows than this help nobody; the API has them all.
const ROWS: usize = 500;

/// The numbers behind a chart, as a table.
#[component]
pub(super) fn Values(open: RwSignal<bool>, title: String, series: Memo<Vec<Series>>) -> impl IntoView {
    let table = move || if open.get() { series.with(|series| table(series)) } else { ().into_any() };
    view! { <Dialog open title=format!("Values of {title}") class="wide">{table}</Dialog> }.into_any()
}

fn table(series: &[Series]) -> AnyView {
    let mut points: Vec<(i64, f64, usize, f64)> = series
        .iter()
        .enumerate()
        .flat_map(|(at, series)| {
            series.steps.iter().zip(&series.times).zip(&series.values).map(move |((step, time), value)| (*step, *time, at, *value))
        })
        .collect();
    points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let total = points.len();
    let several = series.len() > 1;
    let rows = points.into_iter().take(ROWS).map(|(step, time, at, value)| {
        let line = several.then(|| view! { <td><i class=format!("dot s{}", series[at].colour)></i>" "{series[at].name.clone()}</td> });
        view! { <tr><th scope="row" class="n">{number::count(step)}</th>{line}<td class="n">{number::number(value)}</td><td><RelativeTime at=Moment(time)/></td></tr> }
    })
    .collect_view();
    let rest = (total > ROWS).then(|| view! { <p class="faint xs">{format!("The first {} of {}.", number::count(ROWS as i64), number::counted(total as i64, "value", "values"))}</p> });
    view! {
        <div class="sheet" tabindex="0" role="region" aria-label="Values">
            <table class="table">
                <thead><tr><th scope="col" class="n">"Step"</th>{several.then(|| view! { <th scope="col">"Line"</th> })}<th scope="col" class="n">"Value"</th><th scope="col">"Logged"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {rest}
    }
    .into_any()
}
