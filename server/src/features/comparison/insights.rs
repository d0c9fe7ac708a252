//! What there is to say about a comparison, in plain words. A claim is made only where its adjusted p-value allows it.

use std::collections::BTreeSet;

use shared::comparison::Better;

use super::{
    analysis::Members,
    model::{Comparison, Focus, Insight, Pair, Tone},
    table::Table,
    words::{counted, number, p, percent},
};

/// What counts as sure.
pub const SURE: f64 = 0.05;
/// (z of 97.5 % + z of 80 %): a difference of so many standard errors is found four times of five.
const FOUND_MOSTLY: f64 = 2.80;
/// A part of what the params explain that is more than all others together.
const MOST: f64 = 0.5;
/// Below this the params say little.
const LITTLE: f64 = 0.1;
/// Findings of one kind at the most.
const OF_A_KIND: usize = 5;

/// All findings, those that matter most first.
pub fn of(table: &Table, groups: &[Members], comparison: &Comparison) -> Vec<Insight> {
    let mut all = Vec::new();
    if let Some(focus) = &comparison.focus {
        all.extend(baseline_pairs(focus).take(OF_A_KIND).filter_map(|pair| told(comparison, focus, pair)));
        all.extend(explained(table, groups, focus));
        all.extend(seeds(comparison, focus));
    }
    all.extend(trade_offs(comparison));
    all.extend(failures(comparison));
    all.extend(warnings(groups, comparison));
    all
}

fn say(tone: Tone, text: String) -> Option<Insight> {
    Some(Insight { tone, text })
}

fn baseline_pairs(focus: &Focus) -> impl Iterator<Item = &Pair> {
    let mut pairs: Vec<&Pair> = focus.pairs.iter().filter(|pair| pair.left == 0).collect();
    pairs.sort_by(|a, b| a.welch_adjusted.unwrap_or(1.0).total_cmp(&b.welch_adjusted.unwrap_or(1.0)));
    pairs.into_iter()
}

/// A group against the baseline.
fn told(comparison: &Comparison, focus: &Focus, pair: &Pair) -> Option<Insight> {
    let (here, there) = (&comparison.groups[pair.right].name, &comparison.groups[pair.left].name);
    let cells = &comparison.metrics.iter().find(|row| row.key == focus.key)?.cells;
    let (own, other) = (cells[pair.right].summary.as_ref()?, cells[pair.left].summary.as_ref()?);
    let difference = own.mean - other.mean;
    let Some((test, adjusted)) = pair.welch.zip(pair.welch_adjusted) else {
        let more = "One value in a group says nothing of chance: repeat it with other seeds to test the difference.";
        return say(
            Tone::Info,
            format!("{here} has {} {} of {} against {} of {there}. {more}", of_means(own.count), focus.key, number(own.mean), number(other.mean)),
        );
    };
    let interval = format!("95\u{00A0}% interval {} to {}", number(test.low), number(test.high));
    if adjusted >= SURE {
        let error = (test.high - test.low) / 2.0 / 1.96;
        let seen = number(FOUND_MOSTLY * error);
        return say(
            Tone::Info,
            format!(
                "{here} and {there} cannot be told apart on {}: the difference of {} may be chance ({interval}, {}). With so many values, a difference below about {seen} would often go unnoticed.",
                focus.key,
                number(difference),
                p(adjusted)
            ),
        );
    }
    let (word, tone) = match focus.better {
        None => (if difference > 0.0 { "higher" } else { "lower" }, Tone::Info),
        Some(better) if (difference > 0.0) == (better == Better::Higher) => ("better", Tone::Good),
        Some(_) => ("worse", Tone::Bad),
    };
    let size = pair.effect.map(|effect| format!(", Hedges' g {}", number(effect.g.value))).unwrap_or_default();
    let ranks =
        pair.ranks_adjusted.filter(|ranks| *ranks >= SURE).map(|ranks| format!(" By ranks alone it is not sure (Mann-Whitney {}).", p(ranks)));
    say(
        tone,
        format!(
            "{here} is {} {word} than {there} on {}: {} against {} ({interval}, {}{size}).{}",
            number(difference.abs()),
            focus.key,
            number(own.mean),
            number(other.mean),
            p(adjusted),
            ranks.unwrap_or_default()
        ),
    )
}

fn of_means(count: usize) -> &'static str {
    if count == 1 { "a" } else { "a mean" }
}

/// What the metric depends on, and where the best are.
fn explained(table: &Table, groups: &[Members], focus: &Focus) -> Option<Insight> {
    let found = focus.importance.as_ref()?;
    if found.explained < LITTLE {
        return say(
            Tone::Info,
            format!("The params say little about {}: they predict {} of its variance among runs not seen.", focus.key, percent(found.explained)),
        );
    }
    let (key, share) = (focus.keys.first()?, *found.shares.first()?);
    let much = if share >= MOST { "most" } else { "the largest part" };
    let best = where_best(table, groups, focus, key).map(|words| format!(" {words}")).unwrap_or_default();
    say(
        Tone::Info,
        format!(
            "{key} explains {much} of the difference in {}: {} of what the params explain together, which is {} of the variance.{best}",
            focus.key,
            percent(share),
            percent(found.explained)
        ),
    )
}

/// The values of a param among the best tenth of the runs (at least three).
fn where_best(table: &Table, groups: &[Members], focus: &Focus, key: &str) -> Option<String> {
    let better = focus.better?;
    let metric = table.metrics.iter().find(|metric| metric.key == focus.key)?;
    let param = table.params.iter().find(|param| param.key == *key)?;
    let runs: BTreeSet<usize> = groups.iter().flat_map(|group| group.runs.iter().copied()).collect();
    let mut runs: Vec<(f64, usize)> = runs.into_iter().filter_map(|run| metric.values[run].map(|value| (value, run))).collect();
    runs.sort_by(|a, b| if better == Better::Higher { b.0.total_cmp(&a.0) } else { a.0.total_cmp(&b.0) });
    let best = (runs.len() / 10).max(3);
    runs.truncate(best);
    let values: Vec<&str> = runs.iter().filter_map(|(_, run)| param.value(*run)).collect();
    if values.len() < runs.len() {
        return None;
    }
    let distinct: BTreeSet<&str> = values.iter().copied().collect();
    if let [one] = distinct.iter().collect::<Vec<_>>()[..] {
        return Some(format!("The {best} best runs all have {key} = {one}."));
    }
    let numbers: Vec<f64> = param.numbers().map(|_| values.iter().filter_map(|value| value.parse().ok()).collect())?;
    let (low, high) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    Some(format!("The {best} best runs have {key} between {} and {}.", number(low), number(high)))
}

/// What a seed alone does.
fn seeds(comparison: &Comparison, focus: &Focus) -> Option<Insight> {
    let (spread, setups) = focus.seed_spread?;
    let cells = &comparison.metrics.iter().find(|row| row.key == focus.key)?.cells;
    let largest = cells.iter().filter_map(|cell| cell.difference).map(|difference| difference.mean.abs()).reduce(f64::max);
    let beside = match largest {
        Some(difference) if spread > 0.0 && difference > 0.0 => {
            format!(" The largest difference between the groups is {} times that.", number((difference / spread * 10.0).round() / 10.0))
        }
        _ => String::new(),
    };
    say(
        Tone::Info,
        format!(
            "Runs that differ in nothing but their seed vary by {} in {} (standard deviation within {}).{beside}",
            number(spread),
            focus.key,
            counted(setups, "setup", "setups")
        ),
    )
}

/// Where a group is surely better in one metric and surely worse in another.
fn trade_offs(comparison: &Comparison) -> Vec<Insight> {
    let mut all = Vec::new();
    for (at, group) in comparison.groups.iter().enumerate().skip(1) {
        let sure = |wanted: bool| -> Vec<&str> {
            let rows = comparison.metrics.iter().filter(|row| {
                row.cells[at].difference.zip(row.better).is_some_and(|(difference, better)| {
                    difference.adjusted.is_some_and(|p| p < SURE) && ((difference.mean > 0.0) == (better == Better::Higher)) == wanted
                })
            });
            rows.map(|row| row.key.as_str()).take(3).collect()
        };
        let (gains, losses) = (sure(true), sure(false));
        if !gains.is_empty() && !losses.is_empty() {
            let text =
                format!("{} gains on {} and pays with {}, against {}.", group.name, gains.join(", "), losses.join(", "), comparison.groups[0].name);
            all.extend(say(Tone::Warn, text));
        }
    }
    all.truncate(OF_A_KIND);
    all
}

/// Where clearly more runs failed.
fn failures(comparison: &Comparison) -> Option<Insight> {
    let part = |failed: usize, runs: usize| failed as f64 / runs.max(1) as f64;
    let most = comparison.groups.iter().max_by(|a, b| part(a.failed, a.runs).total_cmp(&part(b.failed, b.runs)))?;
    let least = comparison.groups.iter().min_by(|a, b| part(a.failed, a.runs).total_cmp(&part(b.failed, b.runs)))?;
    let notable = most.failed >= 2 && part(most.failed, most.runs) - part(least.failed, least.runs) >= 0.1;
    if !notable {
        return None;
    }
    say(
        Tone::Warn,
        format!(
            "{} of {} of {} failed or were killed; of {} it is {} of {}. Means are of what was logged by then.",
            most.failed,
            counted(most.runs, "run", "runs"),
            most.name,
            least.name,
            least.failed,
            least.runs
        ),
    )
}

/// What makes the figures mean less than they seem to.
fn warnings(groups: &[Members], comparison: &Comparison) -> Vec<Insight> {
    let mut all = Vec::new();
    for group in comparison.groups.iter().filter(|group| group.runs == 0) {
        all.extend(say(Tone::Warn, format!("{} holds no runs. Look at its filter and its period.", group.name)));
    }
    'pairs: for (at, first) in groups.iter().enumerate() {
        let own: BTreeSet<usize> = first.runs.iter().copied().collect();
        for second in &groups[at + 1..] {
            let shared = second.runs.iter().filter(|run| own.contains(run)).count();
            if shared > 0 {
                let text = format!(
                    "{} in both {} and {}: the tests take the groups for independent, so their p-values are not to be trusted here.",
                    counted(shared, "run is", "runs are"),
                    first.name,
                    second.name
                );
                all.extend(say(Tone::Warn, text));
                break 'pairs;
            }
        }
    }
    if let Some(focus) = &comparison.focus
        && let Some(row) = comparison.metrics.iter().find(|row| row.key == focus.key)
        && row.odd > 0
    {
        all.extend(say(
            Tone::Warn,
            format!("{} of {} {} not finite and left out.", row.odd, focus.key, if row.odd == 1 { "value is" } else { "values are" }),
        ));
    }
    all
}
