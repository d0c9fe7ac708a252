use leptos::prelude::*;

use super::{
    data::{Comparison, Interval, Pair, Size},
    differences::{p_words, short, signed},
};
use crate::kit::{Card, number};

/// The tests of every two groups in the metric looked at.
#[component]
pub(super) fn Pairs(found: Comparison) -> impl IntoView {
    let Some(focus) = found.focus.clone() else { return ().into_any() };
    let testable: Vec<&Pair> = focus.pairs.iter().filter(|pair| pair.welch.is_some() || pair.mann_whitney.is_some()).collect();
    if testable.is_empty() {
        return view! { <p class="faint no-tests">{format!("No test of {}: each group has one value, or none varies. Repeat the runs with other seeds.", focus.key)}</p> }.into_any();
    }
    let rows = testable.into_iter().map(|pair| row(&found, pair)).collect_view();
    view! {
        <Card title=format!("How sure: {}", focus.key) flush=true>
            <div class="sheet" tabindex="0" role="region" aria-label="Tests of every two groups">
                <table class="table differences"><thead><tr>
                    <th scope="col" class="first">"Groups"</th><th scope="col" class="n">"Difference of means"</th><th scope="col" class="n">"Welch"</th><th scope="col" class="n">"Mann-Whitney"</th>
                    <th scope="col" class="n">"Bootstrap 95 %"</th><th scope="col" class="n">"Hedges\u{2019} g"</th><th scope="col" class="n">"Rank-biserial"</th>
                </tr></thead><tbody>{rows}</tbody></table>
            </div>
            <p class="legend-line faint xs">"Intervals are at 95 %. p-values are two-sided and adjusted for all pairs (Holm); on hover as they were. The bootstrap is BCa with 2\u{202F}000 draws; g is corrected for small samples; the rank-biserial correlation is Cliff\u{2019}s delta."</p>
        </Card>
    }
    .into_any()
}

fn row(found: &Comparison, pair: &Pair) -> AnyView {
    let name = |at: usize| found.groups[at].name.clone();
    let dot = |at: usize| view! { <i class=format!("dot s{}", at % 6 + 1)></i> };
    let welch = pair.welch.as_ref();
    let sure = |p: Option<f64>| p.is_some_and(|p| p < 0.05);
    let test = |p: Option<f64>, raw: Option<String>| view! { <td class="n" class:sure=sure(p) title=raw>{p.map(p_words)}</td> };
    let raw_welch = welch.map(|test| format!("t = {:.3}, {:.1} degrees of freedom, {} before the adjustment", test.t, test.df, p_words(test.p)));
    let raw_ranks = pair.mann_whitney.as_ref().map(|test| {
        let how = if test.exact { "counted" } else { "by the normal approximation" };
        format!("U = {}, {} before the adjustment, {how}", number::number(test.u), p_words(test.p))
    });
    view! {
        <tr>
            <th scope="row" class="first">{dot(pair.right)}{name(pair.right)}<span class="faint">" less "</span>{dot(pair.left)}{name(pair.left)}</th>
            <td class="n">{welch.map(|test| view! { <span class="value">{signed(test.difference)}</span>{between(test.interval)} })}</td>
            {test(welch.and_then(|test| test.p_adjusted), raw_welch)}
            {test(pair.mann_whitney.as_ref().and_then(|test| test.p_adjusted), raw_ranks)}
            <td class="n">{pair.bootstrap.map(between)}</td>
            <td class="n" title=pair.cohens_d.map(|d| format!("Cohen\u{2019}s d {}", number::number(short(d))))>{pair.hedges_g.map(size)}</td>
            <td class="n">{pair.rank_biserial.map(size)}</td>
        </tr>
    }
    .into_any()
}

fn between(interval: Interval) -> AnyView {
    view! { <small class="faint under">{format!("{} to {}", number::number(short(interval.low)), number::number(short(interval.high)))}</small> }
        .into_any()
}

fn size(size: Size) -> AnyView {
    view! { <span class="value">{signed(size.value)}</span>{between(Interval { low: size.low, high: size.high })} }.into_any()
}
