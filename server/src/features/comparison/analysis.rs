//! From the runs of the groups to what they differ in.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use shared::comparison::{Better, Wish};

use super::{
    insights,
    model::{Cell, Comparison, Difference, Focus, Group, Histogram, MetricRow, Pair, ParamRow, ParamValues, Point},
    table::{Metric, Param, Table},
};
use crate::{
    features::runs::Status,
    stats::{
        bootstrap, effect,
        forest::{self, Feature, Importance},
        holm,
        summary::{Summary, quantile, variance},
        tests_of_two::{mann_whitney, welch},
    },
};

/// Rows of a table; what more there is says little that these do not.
const ROWS_MAX: usize = 200;
/// Groups up to which every two of them are compared.
const ALL_PAIRS: usize = 6;
/// Values of a param that are named.
const COMMON: usize = 3;
/// Params that a point carries.
const POINT_PARAMS: usize = 6;

/// A group with the places of its runs.
pub struct Members {
    pub name: String,
    pub runs: Vec<usize>,
}

/// Compares the groups. One group of named runs is taken apart by params, seeds aside.
pub fn compare(table: &Table, groups: Vec<Members>, wish: &Wish) -> Comparison {
    let groups = if wish.groups.is_empty() { by_setup(table, groups) } else { groups };
    let about: Vec<Group> = groups.iter().map(|group| describe(table, group)).collect();
    let mut shown: Vec<&Metric> = table.metrics.iter().collect();
    // A metric asked for is there whatever others there are.
    shown.sort_by_key(|metric| (metric.key != wish.metric, std::cmp::Reverse(metric.runs), metric.key.starts_with("system/")));
    let metrics_left_out = shown.len().saturating_sub(ROWS_MAX);
    shown.truncate(ROWS_MAX);
    let metrics = metric_rows(table, &groups, &shown, wish);
    let focus = focus_on(&shown, wish).map(|metric| look_closely(table, &groups, metric, wish));
    let params = param_rows(table, &groups, focus.as_ref());
    let points = focus.as_ref().map_or_else(Vec::new, |focus| points(table, &groups, focus));
    let mut comparison = Comparison { groups: about, metrics, metrics_left_out, params, focus, insights: Vec::new(), points };
    comparison.insights = insights::of(table, &groups, &comparison);
    comparison
}

/// Groups of named runs with the same params.
fn by_setup(table: &Table, groups: Vec<Members>) -> Vec<Members> {
    let all: Vec<usize> = groups.into_iter().flat_map(|group| group.runs).collect();
    let mut setups: Vec<(usize, Vec<usize>)> = Vec::new();
    for run in all {
        match setups.iter_mut().find(|(setup, _)| *setup == table.setups[run]) {
            Some((_, members)) => members.push(run),
            None => setups.push((table.setups[run], vec![run])),
        }
    }
    let alone = setups.iter().all(|(_, members)| members.len() == 1);
    let mut names = HashSet::new();
    let named = setups.into_iter().map(|(_, runs)| {
        let first = runs[0];
        let differing = table.params.iter().filter(|param| !param.seed && param.differs());
        let words: Vec<String> =
            differing.take(3).filter_map(|param| param.value(first).map(|value| format!("{} = {}", param.key, cut(value, 24)))).collect();
        let own = if alone || words.is_empty() { table.runs[first].name.clone() } else { words.join(", ") };
        let name = if names.insert(own.clone()) { own } else { format!("{own} ({})", names.len() + 1) };
        names.insert(name.clone());
        Members { name, runs }
    });
    named.collect()
}

/// At most so many characters.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() > most { format!("{}…", text.chars().take(most).collect::<String>()) } else { text.to_owned() }
}

fn describe(table: &Table, group: &Members) -> Group {
    let started = || group.runs.iter().map(|run| table.runs[*run].started_ms);
    Group {
        name: group.name.clone(),
        runs: group.runs.len(),
        setups: group.runs.iter().map(|run| table.setups[*run]).collect::<BTreeSet<_>>().len(),
        failed: group.runs.iter().filter(|run| matches!(table.runs[**run].status, Status::Failed | Status::Killed)).count(),
        began: started().min().zip(started().max()),
    }
}

fn direction(key: &str, wish: &Wish) -> Option<Better> {
    wish.better.filter(|_| key == wish.metric).or_else(|| Better::guess(key))
}

fn metric_rows(table: &Table, groups: &[Members], shown: &[&Metric], wish: &Wish) -> Vec<MetricRow> {
    let mut rows: Vec<MetricRow> = shown
        .iter()
        .map(|metric| {
            let values: Vec<Vec<f64>> = groups.iter().map(|group| table.observations(metric, &group.runs, wish.unit)).collect();
            let cells = values
                .iter()
                .enumerate()
                .map(|(at, own)| Cell { summary: Summary::of(own), difference: if at == 0 { None } else { difference(own, &values[0]) } });
            MetricRow { key: metric.key.clone(), better: direction(&metric.key, wish), cells: cells.collect(), odd: metric.odd }
        })
        .collect();
    let tests: Vec<f64> = differences(&mut rows).filter_map(|difference| difference.p).collect();
    let adjusted = holm(&tests);
    differences(&mut rows).filter(|difference| difference.p.is_some()).zip(adjusted).for_each(|(difference, p)| difference.adjusted = Some(p));
    rows.sort_by(|a, b| weight(b).partial_cmp(&weight(a)).unwrap_or(std::cmp::Ordering::Equal));
    rows
}

fn differences(rows: &mut [MetricRow]) -> impl Iterator<Item = &mut Difference> {
    rows.iter_mut().flat_map(|row| &mut row.cells).filter_map(|cell| cell.difference.as_mut())
}

/// What is sure comes first, then what is large.
fn weight(row: &MetricRow) -> (bool, bool, f64) {
    let all = || row.cells.iter().filter_map(|cell| cell.difference);
    let sure = all().any(|difference| difference.adjusted.is_some_and(|p| p < insights::SURE));
    let size = all().filter_map(|difference| difference.size.map(|size| size.value.abs())).fold(0.0, f64::max);
    let relative = all().filter_map(|difference| difference.relative.map(f64::abs)).fold(0.0, f64::max);
    (sure, row.better.is_some() && relative > 0.0, if size > 0.0 { size } else { relative })
}

fn difference(own: &[f64], baseline: &[f64]) -> Option<Difference> {
    let (here, there) = (Summary::of(own)?.mean, Summary::of(baseline)?.mean);
    Some(Difference {
        mean: here - there,
        relative: Some((here - there) / there.abs()).filter(|part| part.is_finite()),
        p: welch(own, baseline).map(|test| test.p),
        adjusted: None,
        size: effect::standardized(own, baseline).map(|effect| effect.g),
    })
}

/// The metric asked for, or the one that most runs have, of those whose good end is known, preferring what was not trained on.
fn focus_on<'t>(shown: &[&'t Metric], wish: &Wish) -> Option<&'t Metric> {
    if !wish.metric.is_empty() {
        return shown.iter().find(|metric| metric.key == wish.metric).copied();
    }
    let held_out = |key: &str| ["val", "test", "eval"].iter().any(|word| key.to_lowercase().contains(word));
    let best = shown.iter().max_by(|a, b| {
        let rank = |metric: &Metric| (metric.values.iter().flatten().count(), Better::guess(&metric.key).is_some(), held_out(&metric.key));
        rank(a).cmp(&rank(b)).then_with(|| b.key.cmp(&a.key))
    });
    best.copied().filter(|metric| metric.values.iter().any(Option::is_some))
}

fn look_closely(table: &Table, groups: &[Members], metric: &Metric, wish: &Wish) -> Focus {
    let values: Vec<Vec<f64>> = groups.iter().map(|group| table.observations(metric, &group.runs, wish.unit)).collect();
    let last_left = if groups.len() <= ALL_PAIRS { groups.len() } else { 1 };
    let mut pairs: Vec<Pair> = Vec::new();
    for left in 0..last_left {
        pairs.extend((left + 1..groups.len()).map(|right| pair(left, right, &values[right], &values[left])));
    }
    let welch: Vec<f64> = pairs.iter().filter_map(|pair| pair.welch.map(|test| test.p)).collect();
    let ranks: Vec<f64> = pairs.iter().filter_map(|pair| pair.ranks.map(|test| test.p)).collect();
    let (mut welch, mut ranks) = (holm(&welch).into_iter(), holm(&ranks).into_iter());
    for pair in &mut pairs {
        pair.welch_adjusted = pair.welch.and_then(|_| welch.next());
        pair.ranks_adjusted = pair.ranks.and_then(|_| ranks.next());
    }
    let (importance, keys) = importance(table, groups, metric);
    Focus {
        key: metric.key.clone(),
        better: direction(&metric.key, wish),
        curved: metric.curved,
        pairs,
        histogram: histogram(&values),
        importance,
        keys,
        seed_spread: seed_spread(table, groups, metric),
    }
}

fn pair(left: usize, right: usize, own: &[f64], other: &[f64]) -> Pair {
    let ranks = if own.len() > 1 && other.len() > 1 { mann_whitney(own, other) } else { None };
    Pair {
        left,
        right,
        welch: welch(own, other),
        welch_adjusted: None,
        ranks,
        ranks_adjusted: None,
        bootstrap: bootstrap::difference_of_means(own, other),
        effect: effect::standardized(own, other),
        rank_biserial: effect::rank_biserial(own, other),
    }
}

/// Runs of any group, each once.
fn members(groups: &[Members]) -> BTreeSet<usize> {
    groups.iter().flat_map(|group| group.runs.iter().copied()).collect()
}

/// What the metric depends on. Of the params those that differ, seeds aside, and no names of single runs; the heaviest first.
fn importance(table: &Table, groups: &[Members], metric: &Metric) -> (Option<Importance>, Vec<String>) {
    let runs: Vec<usize> = members(groups).into_iter().filter(|run| metric.values[*run].is_some()).collect();
    let target: Vec<f64> = runs.iter().filter_map(|run| metric.values[*run]).collect();
    let differs = |param: &&Param| !param.seed && runs.iter().any(|run| param.of[*run] != param.of[runs[0]]);
    let candidates = table.params.iter().filter(differs).filter_map(|param| Some((param, feature(param, &runs)?)));
    let (params, features): (Vec<&Param>, Vec<Feature>) = candidates.unzip();
    let found = forest::importance(&features, &target);
    let mut order: Vec<usize> = (0..params.len()).collect();
    if let Some(found) = &found {
        order.sort_by(|a, b| found.shares[*b].total_cmp(&found.shares[*a]));
    }
    let shares = |found: Importance| Importance { shares: order.iter().map(|at| found.shares[*at]).collect(), ..found };
    (found.map(shares), order.iter().map(|at| params[*at].key.clone()).collect())
}

/// A param as the forest takes it; `None` for a text that hardly two runs share.
fn feature(param: &Param, runs: &[usize]) -> Option<Feature> {
    if let Some(numbers) = param.numbers() {
        return Some(Feature::Number(runs.iter().map(|run| param.of[*run].map_or(f64::NEG_INFINITY, |at| numbers[at])).collect()));
    }
    let names: Vec<usize> = runs.iter().map(|run| param.of[*run].map_or(0, |at| at + 1)).collect();
    let distinct = names.iter().collect::<BTreeSet<_>>().len();
    (distinct <= 20.max(runs.len() / 4)).then_some(Feature::Category(names))
}

/// The pooled standard deviation within setups that were run more than once in a group.
fn seed_spread(table: &Table, groups: &[Members], metric: &Metric) -> Option<(f64, usize)> {
    // By group: what else tells the groups apart (a month, an experiment) is no seed's doing.
    let mut setups: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        for run in &group.runs {
            if let Some(value) = metric.values[*run] {
                setups.entry((at, table.setups[*run])).or_default().push(value);
            }
        }
    }
    let repeated: Vec<&Vec<f64>> = setups.values().filter(|values| values.len() > 1).collect();
    let free: usize = repeated.iter().map(|values| values.len() - 1).sum();
    let squares: f64 = repeated.iter().map(|values| variance(values) * (values.len() - 1) as f64).sum();
    (free > 0).then(|| ((squares / free as f64).sqrt(), repeated.len()))
}

/// Equal bins as wide as Freedman and Diaconis say (1981: 2 IQR n^(-1/3)), 6 to 30 of them.
fn histogram(values: &[Vec<f64>]) -> Histogram {
    let mut all: Vec<f64> = values.concat();
    all.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (all.first().copied(), all.last().copied()) else { return Histogram::default() };
    if low == high {
        return Histogram { edges: vec![low, high], counts: values.iter().map(|own| vec![own.len()]).collect() };
    }
    let wanted = 2.0 * (quantile(&all, 0.75) - quantile(&all, 0.25)) / (all.len() as f64).cbrt();
    let bins = if wanted > 0.0 { ((high - low) / wanted).ceil().clamp(6.0, 30.0) } else { 12.0 };
    let width = (high - low) / bins;
    let counts = values.iter().map(|own| {
        let mut counts = vec![0; bins as usize];
        own.iter().for_each(|value| counts[(((value - low) / width) as usize).min(bins as usize - 1)] += 1);
        counts
    });
    let counts = counts.collect();
    Histogram { edges: (0..=bins as usize).map(|at| if at == bins as usize { high } else { low + at as f64 * width }).collect(), counts }
}

fn param_rows(table: &Table, groups: &[Members], focus: Option<&Focus>) -> Vec<ParamRow> {
    let share = |key: &str| {
        let focus = focus?;
        let at = focus.keys.iter().position(|own| own == key)?;
        focus.importance.as_ref().map(|found| found.shares[at])
    };
    let mut rows: Vec<ParamRow> = table
        .params
        .iter()
        .map(|param| ParamRow {
            key: param.key.clone(),
            differs: param.differs(),
            seed: param.seed,
            share: share(&param.key),
            cells: groups.iter().map(|group| values_in(param, group)).collect(),
        })
        .collect();
    rows.sort_by(|a, b| {
        let rank = |row: &ParamRow| (row.differs, !row.seed, row.share.unwrap_or(0.0));
        rank(b).partial_cmp(&rank(a)).unwrap_or(std::cmp::Ordering::Equal).then_with(|| a.key.cmp(&b.key))
    });
    rows.truncate(ROWS_MAX);
    rows
}

fn values_in(param: &Param, group: &Members) -> ParamValues {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut missing = 0;
    for run in &group.runs {
        match param.of[*run] {
            Some(at) => *counts.entry(at).or_default() += 1,
            None => missing += 1,
        }
    }
    let distinct = counts.len();
    let mut common: Vec<(usize, usize)> = counts.into_iter().collect();
    common.sort_by_key(|(at, count)| (std::cmp::Reverse(*count), *at));
    let common = common.into_iter().take(COMMON).map(|(at, count)| (cut(&param.values[at], 80), count)).collect();
    ParamValues { common, distinct, missing }
}

fn points(table: &Table, groups: &[Members], focus: &Focus) -> Vec<Point> {
    let Some(metric) = table.metrics.iter().find(|metric| metric.key == focus.key) else { return Vec::new() };
    let params: Vec<&Param> = focus.keys.iter().take(POINT_PARAMS).filter_map(|key| table.params.iter().find(|param| param.key == *key)).collect();
    let point = |group: usize, run: usize| {
        let own = &table.runs[run];
        Some(Point {
            run: own.id,
            name: own.name.clone(),
            group,
            started_ms: own.started_ms,
            value: metric.values[run]?,
            params: params.iter().map(|param| param.value(run).map(|value| cut(value, 80))).collect(),
        })
    };
    groups.iter().enumerate().flat_map(|(at, group)| group.runs.iter().map(move |run| (at, *run))).filter_map(|(at, run)| point(at, run)).collect()
}
