use leptos::prelude::*;

use super::Series;
use crate::{
    api::Moment,
    kit::{Button, Dialog, Icon, RelativeTime, csv, moment, number},
};

/// More rows than this help nobody; the file has them all.
const ROWS: usize = 500;

/// A value: its step, time, line and number.
type Point = (i64, f64, usize, f64);

/// The numbers behind a chart, as far as they are in view: as a table, and as a file.
#[component]
pub(super) fn Values(
    open: RwSignal<bool>,
    title: String,
    series: Memo<Vec<Series>>,
    /// The part of x in view; `None` for all.
    range: Signal<Option<(f64, f64)>>,
    by_time: Signal<bool>,
) -> impl IntoView {
    let points = move || series.with(|series| in_view(series, range.get(), by_time.get()));
    let table = move || if open.get() { series.with(|series| table(series, points(), range.get().is_some())) } else { ().into_any() };
    let file = format!("{title}.csv").replace(['/', '\\', '"'], "-");
    let save = move || untrack(|| csv::save(&file, &series.with(|series| text(series, &points()))));
    let save = StoredValue::new(save);
    let actions = move || view! { <Button icon=Icon::DOWNLOAD on_press=move || save.with_value(|save| save())>"Save as CSV"</Button> };
    view! { <Dialog open title=format!("Values of {title}") class="wide" actions=actions>{table}</Dialog> }.into_any()
}

/// The points in a part of x, by step.
fn in_view(series: &[Series], range: Option<(f64, f64)>, by_time: bool) -> Vec<Point> {
    let origin = series.iter().flat_map(|series| series.times.iter().copied()).fold(f64::INFINITY, f64::min);
    let shown = |step: i64, time: f64| {
        let x = if by_time { time - origin } else { step as f64 };
        range.is_none_or(|(low, high)| (low..=high).contains(&x))
    };
    let mut points: Vec<Point> = series
        .iter()
        .enumerate()
        .flat_map(|(at, series)| {
            series.steps.iter().zip(&series.times).zip(&series.values).map(move |((step, time), value)| (*step, *time, at, *value))
        })
        .filter(|(step, time, ..)| shown(*step, *time))
        .collect();
    points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    points
}

/// Numbers with all their digits, times in UTC.
fn text(series: &[Series], points: &[Point]) -> String {
    let mut out = String::new();
    csv::line(&mut out, ["step", "line", "value", "logged"]);
    for (step, time, at, value) in points {
        // Numbers are no formulas, whatever they begin with.
        out.push_str(&format!("{step},"));
        let line = [series[*at].name.as_str()];
        let mut name = String::new();
        csv::line(&mut name, line);
        out.push_str(&format!("{},{value},{}\r\n", name.trim_end(), moment::rfc3339(*time)));
    }
    out
}

fn table(series: &[Series], points: Vec<Point>, part: bool) -> AnyView {
    let total = points.len();
    let several = series.len() > 1;
    let rows = points.into_iter().take(ROWS).map(|(step, time, at, value)| {
        let line = several.then(|| view! { <td><i class=format!("dot s{}", series[at].colour)></i>" "{series[at].name.clone()}</td> });
        view! { <tr><th scope="row" class="n">{number::count(step)}</th>{line}<td class="n">{number::number(value)}</td><td><RelativeTime at=Moment(time)/></td></tr> }
    })
    .collect_view();
    let words = if part { "values in view" } else { "values" };
    let rest = (total > ROWS)
        .then(|| view! { <p class="faint xs">{format!("The first {} of {} {words}; the file has them all.", number::count(ROWS as i64), number::count(total as i64))}</p> });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str) -> Series {
        let steps: Vec<i64> = (0..4).map(|at| at * 10).collect();
        let times = steps.iter().map(|step| 1_000.0 * *step as f64).collect();
        Series { name: name.into(), steps, times, values: vec![1.0, -0.5, f64::NAN, 0.25], ..Default::default() }
    }

    #[test]
    fn what_is_out_of_view_is_left_out() {
        let all = [series("a"), series("=b")];
        let steps = |range, by_time| in_view(&all, range, by_time).into_iter().map(|point| (point.0, point.2)).collect::<Vec<_>>();
        assert_eq!(steps(None, false).len(), 8);
        assert_eq!(steps(Some((5.0, 20.0)), false), [(10, 0), (10, 1), (20, 0), (20, 1)]);
        assert_eq!(steps(Some((5_000.0, 12_000.0)), true), [(10, 0), (10, 1)]);
        let file = text(&all, &in_view(&all, Some((10.0, 20.0)), false));
        assert_eq!(
            file.lines().collect::<Vec<_>>()[..3],
            ["step,line,value,logged", "10,a,-0.5,1970-01-01T00:00:10Z", "10,\"'=b\",-0.5,1970-01-01T00:00:10Z"]
        );
    }
}
