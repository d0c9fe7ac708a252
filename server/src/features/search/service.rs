//! Finding anything by a few letters.

use super::{FindExperiments, FindMembers, FindModels, FindRuns, repo};
use crate::{
    access::{Grant, Permission, Reach, Reads, Scope},
    fault::Fault,
};

/// Letters of a search at the most.
const TEXT_MAX: usize = 200;

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Experiment,
    Run,
    Model,
    Member,
}

/// Something whose name contains the text.
#[derive(Clone, Debug)]
pub struct Hit {
    pub kind: Kind,
    pub id: String,
    pub title: String,
    pub subtitle: String,
    /// The page that shows it.
    pub path: String,
}

/// Up to `first` things of each kind within reach that the caller may see, whose name contains the text.
///
/// # Errors
/// `Invalid` naming `text` or `first`.
pub async fn search(scope: &Scope, reach: Reach, text: &str, first: i32) -> Result<Vec<Hit>, Fault> {
    let text = text.trim();
    if text.chars().count() > TEXT_MAX || text.contains('\0') {
        return Err(Fault::invalid("text", "Search for at most 200 ordinary characters."));
    }
    if !(1..=50).contains(&first) {
        return Err(Fault::invalid("first", "Ask for 1 to 50 hits of each kind."));
    }
    let mut hits = Vec::new();
    if text.is_empty() {
        return Ok(hits);
    }
    find::<FindExperiments>(scope, reach, Kind::Experiment, text, first, &mut hits).await?;
    find::<FindRuns>(scope, reach, Kind::Run, text, first, &mut hits).await?;
    find::<FindModels>(scope, reach, Kind::Model, text, first, &mut hits).await?;
    find::<FindMembers>(scope, reach, Kind::Member, text, first, &mut hits).await?;
    Ok(hits)
}

/// Adds hits of one kind; a kind that the caller may not see is left out, which is no refusal.
async fn find<P: Permission<Mode = Reads>>(
    scope: &Scope,
    reach: Reach,
    kind: Kind,
    text: &str,
    first: i32,
    hits: &mut Vec<Hit>,
) -> Result<(), Fault> {
    if scope.may(P::NAME) {
        let grant: Grant<'_, P> = scope.grant()?;
        hits.extend(repo::find(grant.read().await?, reach, kind, text, first.into()).await?);
    }
    Ok(())
}
