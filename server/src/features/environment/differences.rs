//! What the environments of runs differ in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::{Permission, ids::RunId};

use super::{EnvironmentError, Facts, packages, service::files};
use crate::{
    access::Scope,
    fault::Fault,
    features::{artifacts, runs},
    platform::Blobs,
};

/// Most runs of one comparison: the packages of each are a file to be read.
pub const RUNS_MAX: usize = 6;
/// Differences that are told.
const TOLD: usize = 200;

/// Something that differs: a fact, or the version of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub name: String,
    pub is_package: bool,
    /// Of each run, in their order; `None`: not known, or not installed.
    pub values: Vec<Option<String>>,
}

/// What runs differ in: facts first, then packages by name. Packages are left out for who may not read artifacts, and where not every run tells of all of
/// its own.
///
/// # Errors
/// `LimitExceeded` for more than six runs; `NotFound`; `Forbidden` for who may not read runs.
pub async fn differences(scope: &Scope, blobs: &Blobs, ids: &[RunId]) -> Result<Vec<Difference>, Fault> {
    if ids.len() > RUNS_MAX {
        return Err(EnvironmentError::TooMany.into());
    }
    let known: BTreeSet<RunId> = runs::get_many(scope.grant()?, ids).await?.into_iter().map(|run| run.id).collect();
    if let Some(absent) = ids.iter().find(|id| !known.contains(id)) {
        return Err(EnvironmentError::NoRun(*absent).into());
    }
    let data = runs::data(scope.grant()?, ids).await?;
    let facts: Vec<Facts> = ids.iter().map(|id| data.get(id).map(|data| Facts::of(&data.tags)).unwrap_or_default()).collect();
    let mut all = of_facts(&facts);
    if scope.may(Permission::ArtifactsRead) {
        all.extend(of_packages(&installed(scope, blobs, ids).await?));
    }
    all.truncate(TOLD);
    Ok(all)
}

/// The packages of runs; `None` where a run does not tell of all of them.
async fn installed(scope: &Scope, blobs: &Blobs, ids: &[RunId]) -> Result<Vec<Option<HashMap<String, String>>>, Fault> {
    let mut all = Vec::with_capacity(ids.len());
    for files in files(scope, ids).await? {
        let Some(lock) = files.lock.filter(|_| files.lock_is_whole) else {
            all.push(None);
            continue;
        };
        let text = artifacts::beginning(scope, blobs, lock.owner, &lock.path, None).await?.map(|(text, _)| text).unwrap_or_default();
        all.push(Some(packages(&text).into_iter().map(|package| (package.name, package.version)).collect()));
    }
    Ok(all)
}

fn of_facts(facts: &[Facts]) -> Vec<Difference> {
    type Pick = fn(&Facts) -> Option<String>;
    let picks: [(&str, Pick); 9] = [
        ("Commit", |facts| facts.commit.clone()),
        ("Branch", |facts| facts.branch.clone()),
        ("Changes", |facts| facts.dirty.map(|dirty| if dirty { "not committed" } else { "none" }.to_owned())),
        ("Command", |facts| Some(facts.command.join(" ")).filter(|command| !command.is_empty())),
        ("Python", |facts| facts.python.clone()),
        ("System", |facts| facts.os.clone()),
        ("CPU", |facts| facts.cpu.clone()),
        ("Memory", |facts| facts.memory.map(|bytes| format!("{:.1} GB", bytes as f64 / 1e9))),
        ("GPU", |facts| Some(facts.gpus.join("; ")).filter(|gpus| !gpus.is_empty())),
    ];
    let differing =
        picks.into_iter().map(|(name, pick)| Difference { name: name.to_owned(), is_package: false, values: facts.iter().map(pick).collect() });
    differing.filter(differs).collect()
}

fn of_packages(installed: &[Option<HashMap<String, String>>]) -> Vec<Difference> {
    let Some(installed) = installed.iter().cloned().collect::<Option<Vec<_>>>() else { return Vec::new() };
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for name in installed.iter().flat_map(HashMap::keys) {
        names.entry(name.to_lowercase()).or_insert_with(|| name.clone());
    }
    let of = |name: String| Difference { values: installed.iter().map(|own| own.get(&name).cloned()).collect(), name, is_package: true };
    names.into_values().map(of).filter(differs).collect()
}

fn differs(difference: &Difference) -> bool {
    difference.values.windows(2).any(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let run =
            |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect::<HashMap<_, _>>());
        let (a, b) = (run(&[("numpy", "1"), ("mlflow", "3")]), run(&[("numpy", "2"), ("mlflow", "3"), ("torch", "2")]));
        let found: Vec<_> = of_packages(&[a.clone(), b]).into_iter().map(|one| (one.name, one.values)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found, [("numpy".to_owned(), vec![some("1"), some("2")]), ("torch".to_owned(), vec![None, some("2")])]);
        assert!(of_packages(&[a, None]).is_empty(), "what is not known is no difference");
        let facts = |python: &str| Facts { python: some(python), os: some("Linux"), ..Facts::default() };
        assert_eq!(of_facts(&[facts("3.11"), facts("3.12")]).iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Python"]);
    }
}
