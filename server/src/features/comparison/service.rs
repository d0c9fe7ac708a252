//! Finding the runs of each group and what they logged.

use std::collections::{HashMap, HashSet};

use chrono::DateTime;
use shared::{
    comparison::{GROUP_NAME_MAX, GROUPS_MAX, GroupWish, RUNS_MAX, RUNS_NAMED_MAX, Wish},
    ids::{ExperimentId, RunId},
};
use uuid::Uuid;

use super::{
    CompareRuns, Comparison, ComparisonError, NameExperiments,
    analysis::{self, Members},
    repo,
    table::Table,
};
use crate::{
    access::{Grant, Scope, Sql},
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        metrics::{self, Drawing, Series},
        runs::{self, Run},
    },
};

/// Lines drawn over each other at the most.
const CURVES_MAX: usize = 24;
const DAY_MS: i64 = 86_400_000;

/// A group's wish, read.
struct Asked {
    experiment: ExperimentRef,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

impl Asked {
    /// The nil id stands for the default experiment.
    fn experiment_id(&self) -> Uuid {
        self.experiment.id().map_or(Uuid::nil(), ExperimentId::uuid)
    }
}

/// Compares runs and groups of runs.
///
/// # Errors
/// `Invalid` naming `groups`, `filter`, `from`, `to` or `name`; `LimitExceeded` for more than the limits in [`shared::comparison`]; `NotFound` for a run or an
/// experiment that is not there; `Forbidden`.
pub async fn compare(scope: &Scope, wish: &Wish) -> Result<Comparison, Fault> {
    let asked = read(wish)?;
    let named: Vec<RunId> = read_runs(wish)?;
    let names = experiment_names(scope, &asked).await?;
    let grant: Grant<'_, CompareRuns> = scope.grant()?;
    let tx = grant.read().await?;
    tx.patience().await?;
    let mut found: Vec<Run> = Vec::new();
    let mut places: HashMap<RunId, usize> = HashMap::new();
    let mut groups: Vec<Members> = Vec::new();
    for (group, asked) in wish.groups.iter().zip(&asked) {
        let listed = runs::select(scope.grant()?, asked.experiment, &group.filter, (asked.from_ms, asked.to_ms), RUNS_MAX as u64 + 1).await?;
        groups.push(Members { name: String::new(), runs: place(listed, &mut found, &mut places)? });
    }
    for (group, name) in groups.iter_mut().zip(group_names(&wish.groups, &names)) {
        group.name = name;
    }
    if !named.is_empty() {
        let listed = runs::get_many(scope.grant()?, &named).await?;
        all_there(&named, &listed)?;
        let order: HashMap<RunId, usize> = named.iter().enumerate().map(|(at, run)| (*run, at)).collect();
        let mut listed = listed;
        listed.sort_by_key(|run| order.get(&run.id).copied());
        groups.push(Members { name: "Chosen runs".into(), runs: place(listed, &mut found, &mut places)? });
    }
    let ids: Vec<Uuid> = found.iter().map(|run| run.id.uuid()).collect();
    let table = Table::of(found, repo::metrics(tx, &ids).await?, repo::params(tx, &ids).await?);
    let wish = wish.clone();
    // Up to seconds of arithmetic: not on a thread that answers others.
    tokio::task::spawn_blocking(move || analysis::compare(&table, groups, &wish)).await.map_err(Fault::internal)
}

/// One metric of several runs over its steps, in the order asked for; runs without it are left out.
///
/// # Errors
/// `Invalid` naming `runs` or `smoothing`.
pub async fn curves(scope: &Scope, runs: &[RunId], key: &str, drawing: Drawing) -> Result<Vec<(RunId, Series)>, Fault> {
    if runs.is_empty() || runs.len() > CURVES_MAX || !(4..=shared::limits::SERIES_POINTS_MAX).contains(&drawing.points) {
        return Err(ComparisonError::Curves.into());
    }
    if !(0.0..=0.99).contains(&drawing.smoothing) {
        return Err(ComparisonError::Smoothing.into());
    }
    all_there(runs, &runs::get_many(scope.grant()?, runs).await?)?;
    let mut found = metrics::curves(scope.grant()?, runs, key, drawing).await?;
    Ok(runs.iter().filter_map(|run| found.remove(run).map(|series| (*run, series))).collect())
}

/// Checks all that needs no database; the runs that are named and the experiments of the groups, the nil id for the default one.
///
/// # Errors
/// As [`compare`].
pub fn check(wish: &Wish) -> Result<(Vec<RunId>, Vec<Uuid>), Fault> {
    let experiments = read(wish)?.iter().map(Asked::experiment_id).collect();
    Ok((read_runs(wish)?, experiments))
}

fn read(wish: &Wish) -> Result<Vec<Asked>, Fault> {
    if wish.is_empty() {
        return Err(ComparisonError::Nothing.into());
    }
    if wish.groups.len() > GROUPS_MAX {
        return Err(ComparisonError::TooManyGroups.into());
    }
    read_runs(wish)?;
    wish.groups.iter().map(read_group).collect()
}

fn read_runs(wish: &Wish) -> Result<Vec<RunId>, Fault> {
    if wish.runs.len() > RUNS_NAMED_MAX {
        return Err(ComparisonError::TooManyNamed.into());
    }
    let mut runs: Vec<RunId> = Vec::new();
    for text in &wish.runs {
        let run: RunId = text.parse().map_err(|_| ComparisonError::NoRun(short(text)))?;
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    Ok(runs)
}

fn all_there(named: &[RunId], found: &[Run]) -> Result<(), ComparisonError> {
    let found: HashSet<RunId> = found.iter().map(|run| run.id).collect();
    match named.iter().find(|run| !found.contains(run)) {
        Some(absent) => Err(ComparisonError::NoRun(absent.to_string())),
        None => Ok(()),
    }
}

/// What is no id, for the audit log.
fn short(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_debug).collect()
}

fn read_group(group: &GroupWish) -> Result<Asked, Fault> {
    if group.name.chars().count() > GROUP_NAME_MAX || group.name.chars().any(char::is_control) {
        return Err(ComparisonError::GroupName.into());
    }
    runs::check_filter(&group.filter)?;
    let experiment = ExperimentRef::parse(&group.experiment).map_err(|_| ComparisonError::NoExperiment(short(&group.experiment)))?;
    let from_ms = day(&group.from, "from")?;
    let to_ms = day(&group.to, "to")?.map(|ms| ms + DAY_MS);
    if from_ms.zip(to_ms).is_some_and(|(from, to)| from >= to) {
        return Err(ComparisonError::Period.into());
    }
    Ok(Asked { experiment, from_ms, to_ms })
}

/// The first moment of a day, in the zone that it names or else in UTC.
fn day(text: &str, field: &'static str) -> Result<Option<i64>, ComparisonError> {
    if text.is_empty() {
        return Ok(None);
    }
    let zone = text.get(10..).filter(|zone| !zone.is_empty()).unwrap_or("+00:00");
    let midnight = format!("{}T00:00:00{zone}", date_of(text));
    let midnight = DateTime::parse_from_rfc3339(&midnight).map_err(|_| ComparisonError::Day(field))?;
    Ok(Some(midnight.timestamp_millis()))
}

/// A day without its zone.
fn date_of(text: &str) -> &str {
    text.get(..10).unwrap_or(text)
}

/// Names of the experiments, for who may see them; that they are there is checked by whom asks for their runs too.
async fn experiment_names(scope: &Scope, asked: &[Asked]) -> Result<HashMap<ExperimentRef, String>, Fault> {
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let grant: Grant<'_, CompareRuns> = scope.grant()?;
    let ids: Vec<Uuid> = asked.iter().map(Asked::experiment_id).collect();
    let rows = repo::experiment_names(grant.read().await?, &ids).await?;
    let may_name = scope.may(<NameExperiments as crate::access::Permission>::NAME);
    let mut names = HashMap::new();
    for (id, is_default, name) in rows {
        let name = if may_name { name } else { String::new() };
        if is_default {
            names.insert(ExperimentRef::Default, name.clone());
        }
        names.insert(ExperimentRef::Id(id), name);
    }
    match asked.iter().find(|one| !names.contains_key(&one.experiment)) {
        Some(absent) => Err(ComparisonError::NoExperiment(ExperimentId::from_uuid(absent.experiment_id()).to_string()).into()),
        None => Ok(names),
    }
}

/// Adds runs to those found, each once; answers their places.
fn place(listed: Vec<Run>, found: &mut Vec<Run>, places: &mut HashMap<RunId, usize>) -> Result<Vec<usize>, Fault> {
    let members = listed.into_iter().map(|run| {
        *places.entry(run.id).or_insert_with(|| {
            found.push(run);
            found.len() - 1
        })
    });
    let members = members.collect();
    if found.len() > RUNS_MAX {
        return Err(ComparisonError::TooManyRuns.into());
    }
    Ok(members)
}

/// What groups are called that nobody named: by what tells them apart.
fn group_names(groups: &[GroupWish], experiments: &HashMap<ExperimentRef, String>) -> Vec<String> {
    let one_experiment = groups.iter().all(|group| group.experiment == groups[0].experiment) && groups.len() > 1;
    let mut names: Vec<String> = Vec::new();
    for group in groups {
        let own = if group.name.is_empty() { described(group, experiments, one_experiment) } else { group.name.clone() };
        let same = names.iter().filter(|name| **name == own || name.starts_with(&format!("{own} ("))).count();
        names.push(if same == 0 { own } else { format!("{own} ({})", same + 1) });
    }
    names
}

fn described(group: &GroupWish, experiments: &HashMap<ExperimentRef, String>, one_experiment: bool) -> String {
    let period = match (date_of(&group.from), date_of(&group.to)) {
        ("", "") => String::new(),
        (from, "") => format!("from {from}"),
        ("", to) => format!("until {to}"),
        (from, to) => format!("{from} to {to}"),
    };
    let filter =
        if group.filter.chars().count() > 60 { format!("{}…", group.filter.chars().take(60).collect::<String>()) } else { group.filter.clone() };
    let name = ExperimentRef::parse(&group.experiment).ok().and_then(|experiment| experiments.get(&experiment)).cloned().unwrap_or_default();
    let name = if one_experiment && !(period.is_empty() && filter.is_empty()) { String::new() } else { name };
    let parts: Vec<String> = [name, filter, period].into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "All runs".into() } else { parts.join(", ") }
}
