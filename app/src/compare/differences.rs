use leptos::prelude::*;
use shared::comparison::{Better, Wish};

use super::data::{Cell, Comparison, Difference, Metric, Param, ParamCell};
use crate::kit::{Card, number};

/// Rows shown at once; the rest unfolds.
const FIRST: usize = 12;

fn head(found: &Comparison) -> AnyView {
    found
        .groups
        .iter()
        .enumerate()
        .map(|(at, group)| view! { <th scope="col" class="n"><i class=format!("dot s{}", at % 6 + 1)></i>" "{group.name.clone()}</th> })
        .collect_view()
        .into_any()
}

/// Every metric in each group, what differs most first.
#[component]
pub(super) fn Metrics(found: Comparison, wish: Wish) -> impl IntoView {
    let own = found.focus.as_ref().map(|focus| focus.key.clone()).unwrap_or_default();
    let row = |metric: &Metric| {
        let href = Wish { metric: metric.key.clone(), better: None, ..wish.clone() }.address();
        let better = match metric.better {
            Some(Better::Higher) => Some("higher is better"),
            Some(Better::Lower) => Some("lower is better"),
            None => None,
        };
        let here = (metric.key == own).then_some("true");
        let cells = metric.cells.iter().map(|one| cell(one, metric.better)).collect_view();
        view! { <tr class:here=here.is_some()><th scope="row" class="first"><a class="name" href=href data-noscroll aria-current=here>{metric.key.clone()}</a>{better.map(|words| view! { <small class="faint">" "{words}</small> })}</th>{cells}</tr> }
    };
    let all: Vec<_> = found.metrics.iter().map(row).collect();
    let count = all.len();
    let left_out = (found.metrics_left_out > 0).then(|| format!("{} more are in fewer runs. ", found.metrics_left_out));
    view! {
        <Card title="Metrics" flush=true beside=move || view! { <span class="faint xs">{number::count(count as i64)}", what differs most first"</span> }>
            <div class="sheet" tabindex="0" role="region" aria-label="Metrics of the groups">
                <table class="table differences"><thead><tr><th scope="col" class="first">"Metric"</th>{head(&found)}</tr></thead><tbody>{all.into_iter().collect_view()}</tbody></table>
            </div>
            <p class="legend-line faint xs">{left_out}"Mean \u{00B1} standard deviation; under it the difference to the baseline. p by Welch\u{2019}s test, adjusted for all tests of this table (Holm)."</p>
        </Card>
    }
    .into_any()
}

fn cell(cell: &Cell, better: Option<Better>) -> AnyView {
    let Some(own) = &cell.summary else { return view! { <td class="n"><span class="faint" aria-label="none">"\u{2013}"</span></td> }.into_any() };
    let sd = (own.count > 1).then(|| view! { <small class="faint">{format!(" \u{00B1} {}", number::number(short(own.sd)))}</small> });
    let under = cell.difference.as_ref().map(|difference| against(difference, better));
    view! { <td class="n" title=format!("{} of {}", number::number(own.mean), number::counted(own.count as i64, "value", "values"))><span class="value">{number::number(own.mean)}</span>{sd}{under}</td> }.into_any()
}

fn against(difference: &Difference, better: Option<Better>) -> AnyView {
    let sure = difference.p_adjusted.is_some_and(|p| p < 0.05);
    let class = match better {
        Some(better) if sure => {
            if (difference.mean > 0.0) == (better == Better::Higher) {
                "against good"
            } else {
                "against bad"
            }
        }
        _ if sure => "against sure",
        _ => "against",
    };
    let relative = difference.relative.filter(|part| part.abs() < 10.0).map(|part| format!(" ({:+.1} %)", part * 100.0).replace('-', "\u{2212}"));
    let p = difference.p_adjusted.map(|p| format!(", {}", p_words(p)));
    view! { <small class=class>{signed(difference.mean)}{relative}{p}</small> }.into_any()
}

/// Three significant digits.
pub(super) fn short(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// With a sign in front.
pub(super) fn signed(value: f64) -> String {
    let text = number::number(short(value));
    if value > 0.0 { format!("+{text}") } else { text }
}

pub(super) fn p_words(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".into()
    } else if p < 0.1 {
        format!("p = {p:.3}")
    } else {
        format!("p = {p:.2}")
    }
}

/// The params that differ, and those that do not behind a fold.
#[component]
pub(super) fn Params(found: Comparison) -> impl IntoView {
    let (differ, same): (Vec<&Param>, Vec<&Param>) = found.params.iter().partition(|param| param.differs);
    let has_importance = differ.iter().any(|param| param.importance.is_some());
    let row = |param: &&Param| {
        let cells = param.cells.iter().map(|cell| view! { <td>{values(cell)}</td> }).collect_view();
        let share = has_importance.then(|| view! { <td class="n barred">{param.importance.map(bar)}</td> });
        let seed = param.seed.then(|| view! { <small class="faint">" seed"</small> });
        view! { <tr><th scope="row" class="first"><code>{param.key.clone()}</code>{seed}</th>{share}{cells}</tr> }
    };
    let rows = differ.iter().take(FIRST * 4).map(row).collect_view();
    let importance = has_importance.then(|| view! { <th scope="col" class="n">"Importance"</th> });
    let explained = found.focus.as_ref().and_then(|focus| focus.explained.map(|part| (focus.key.clone(), part)));
    let note = explained.map(|(key, part)| {
        format!("Importance for {key}: what shuffling a param costs a random forest among runs it has not seen. Together the params predict {:.0} % of the variance.", part * 100.0)
    });
    let same_note = (!same.is_empty()).then(|| {
        let words = same.iter().take(60).map(|param| {
            let value = param.cells.iter().find_map(|cell| cell.common.first()).map(|one| one.value.clone()).unwrap_or_default();
            view! { <div><dt>{param.key.clone()}</dt><dd><code>{value}</code></dd></div> }
        });
        view! { <details class="fold"><summary>{number::counted(same.len() as i64, "param is", "params are")}" the same in all runs"</summary><dl class="pairs">{words.collect_view()}</dl></details> }
    });
    let nothing = differ.is_empty().then(|| view! { <p class="faint">"No param differs between these runs."</p> });
    let table = (!differ.is_empty()).then(|| view! {
        <div class="sheet" tabindex="0" role="region" aria-label="Params of the groups">
            <table class="table differences"><thead><tr><th scope="col" class="first">"Param"</th>{importance}{head_left(&found)}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    });
    view! { <Card title="Params that differ" flush=true>{table}<div class="legend-line">{nothing}{note.map(|note| view! { <p class="faint xs">{note}</p> })}{same_note}</div></Card> }.into_any()
}

fn head_left(found: &Comparison) -> AnyView {
    found
        .groups
        .iter()
        .enumerate()
        .map(|(at, group)| view! { <th scope="col"><i class=format!("dot s{}", at % 6 + 1)></i>" "{group.name.clone()}</th> })
        .collect_view()
        .into_any()
}

fn bar(share: f64) -> AnyView {
    let percent = format!("{:.0}%", share * 100.0);
    view! { <svg class="bar" aria-hidden="true"><rect width=percent height="100%" rx="3"></rect></svg><span class="value">{format!("{:.0} %", share * 100.0)}</span> }.into_any()
}

fn values(cell: &ParamCell) -> AnyView {
    let several = cell.common.len() > 1 || cell.missing_count > 0;
    let each = cell
        .common
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let count = several.then(|| view! { <small class="faint">{format!(" \u{00D7}{}", one.count)}</small> });
            view! { {(at > 0).then_some(", ")}<code>{one.value.clone()}</code>{count} }
        })
        .collect_view();
    let more = cell.distinct_count.saturating_sub(cell.common.len());
    let more = (more > 0).then(|| view! { <small class="faint">{format!(" and {more} more")}</small> });
    let none = (cell.missing_count > 0).then(|| view! { <small class="faint">{format!(" none \u{00D7}{}", cell.missing_count)}</small> });
    view! { {each}{more}{none} }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign_and_no_false_digits() {
        assert_eq!((signed(0.0123456), signed(-1234.5)), ("+0.0123".to_owned(), number::number(-1230.0)));
        assert_eq!([0.0001, 0.0123, 0.456].map(p_words), ["p < 0.001", "p = 0.012", "p = 0.46"]);
    }
}
