//! Runs of experiments in memory, for who searches the same ones again and again.
//!
//! What must stay true: nobody is shown what they may not see, nor what is no longer so. Each search first asks the database, in the transaction and with the
//! rights of whoever searches, which runs of the experiment there are for them and how each one stands: one number made of their ids and revisions, because every
//! write to anything of a run raises its revision. What is held is searched only if it is exactly these runs; else what has changed is read again.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use moka::{notification::RemovalCause, sync::Cache};
use shared::ids::{ExperimentId, RunId, TenantId};
use uuid::Uuid;

use super::{
    Run, RunData,
    columns::{self, Columns},
    repo,
};
use crate::{
    access::Connection,
    fault::Fault,
    features::{
        experiments::{ExperimentRef, Lifecycle},
        filter::{Filter, Order, Test, values},
        metrics::Latest,
    },
};

/// The most runs of an experiment that are held, and how much memory they may take: all experiments', and one's.
const RUNS: usize = 5_000;
const MEMORY: u64 = 32 << 20;
const MEMORY_OF_ONE: usize = 16 << 20;
/// Runs that are read at once.
const READ: usize = 250;
/// An experiment is held once it is searched for the second time in so long, and one that is too large is not tried again for as long.
const SOON: Duration = Duration::from_secs(60);
const KEPT: Duration = Duration::from_secs(600);

type Place = (TenantId, ExperimentId);

static HELD: LazyLock<Cache<Place, Arc<Held>>> = LazyLock::new(|| {
    let size = |_: &Place, held: &Arc<Held>| u32::try_from(held.size).unwrap_or(u32::MAX);
    // What there is no room for is not read again and again.
    let left_out = |place: Arc<Place>, _: Arc<Held>, cause: RemovalCause| {
        if cause == RemovalCause::Size {
            TOO_LARGE.insert(*place, ());
        }
    };
    Cache::builder().max_capacity(MEMORY).weigher(size).eviction_listener(left_out).time_to_idle(KEPT).build()
});
/// What somebody reads right now: others do not read it too, they ask the database.
static READ_NOW: LazyLock<Mutex<HashSet<Place>>> = LazyLock::new(Mutex::default);
static SEARCHED: LazyLock<Cache<Place, ()>> = LazyLock::new(|| Cache::builder().max_capacity(10_000).time_to_live(SOON).build());
static TOO_LARGE: LazyLock<Cache<Place, ()>> = LazyLock::new(|| Cache::builder().max_capacity(10_000).time_to_live(SOON).build());

/// A run and what it logged, each list by key.
pub struct Card {
    pub run: Run,
    pub data: Arc<RunData>,
    size: usize,
}

/// The runs of an experiment that somebody may see.
struct Held {
    state: State,
    cards: Vec<Arc<Card>>,
    columns: Columns,
    size: usize,
}

/// Which runs of an experiment there are, and how each one stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub runs: i64,
    pub digest: i64,
}

/// What is searched for, and where the page before ended.
pub struct Wanted<'q> {
    pub filter: &'q Filter,
    pub order: &'q [Order],
    pub lifecycle: Lifecycle,
    pub after: Option<Uuid>,
    pub limit: usize,
}

impl Wanted<'_> {
    /// Whether what is held can tell.
    fn is_held(&self) -> bool {
        let known = |entity: &str, key: &str| matches!(entity, "metric" | "param" | "tag") || entity == "attribute" && key != "artifact_uri";
        // An id may be written in several ways.
        let tells = |test: &Test| known(test.entity, &test.key) && !(test.entity == "attribute" && test.key == "run_id");
        values::is_plain(self.filter) && self.filter.every(&tells) && self.order.iter().all(|order| known(order.entity, &order.key))
    }
}

/// A page of an experiment's runs and how many match in all; `None` where only the database can tell.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn search<C: Connection>(
    tx: &C,
    tenant: TenantId,
    experiment: ExperimentRef,
    wanted: &Wanted<'_>,
) -> Result<Option<(Vec<Arc<Card>>, usize)>, Fault> {
    if !wanted.is_held() || experiment.id().is_some_and(|id| TOO_LARGE.contains_key(&(tenant, id))) {
        return Ok(None);
    }
    let Some((experiment, state)) = repo::held::state(tx, experiment, RUNS).await? else { return Ok(Some((Vec::new(), 0))) };
    let place = (tenant, experiment);
    if TOO_LARGE.contains_key(&place) {
        return Ok(None);
    }
    let held = match HELD.get(&place) {
        Some(held) if held.state == state => held,
        None if !SEARCHED.contains_key(&place) => {
            SEARCHED.insert(place, ());
            return Ok(None);
        }
        known => {
            let Some(_reads) = Reads::begin(place) else { return Ok(None) };
            match read(tx, experiment, known.as_deref()).await? {
                // Somebody else's rights, or a run, changed between the statements.
                Some(held) if held.cards.len() as i64 != held.state.runs => return Ok(None),
                Some(held) => {
                    let held = Arc::new(held);
                    HELD.insert(place, held.clone());
                    held
                }
                None => {
                    HELD.invalidate(&place);
                    TOO_LARGE.insert(place, ());
                    return Ok(None);
                }
            }
        }
    };
    Ok(Some(held.search(wanted)))
}

/// Whoever reads a place; others may once this is dropped.
struct Reads(Place);

impl Reads {
    fn begin(place: Place) -> Option<Self> {
        READ_NOW.lock().unwrap_or_else(PoisonError::into_inner).insert(place).then(|| Self(place))
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        READ_NOW.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// The runs of an experiment, of which what is `known` and unchanged is not read again; `None` if they are too much.
async fn read<C: Connection>(tx: &C, experiment: ExperimentId, known: Option<&Held>) -> Result<Option<Held>, Fault> {
    // Revisions are read first: what is read of a run afterwards is as new, or newer, and then its revision is another one at the next search.
    let listed = repo::held::revisions(tx, experiment, RUNS).await?;
    if listed.len() > RUNS {
        return Ok(None);
    }
    let known: HashMap<RunId, &Arc<Card>> = known.into_iter().flat_map(|held| &held.cards).map(|card| (card.run.id, card)).collect();
    let mut held = Held { state: State::default(), cards: Vec::with_capacity(listed.len()), columns: Columns::default(), size: 0 };
    let mut changed: HashMap<RunId, i64> = HashMap::new();
    for (id, revision, digest) in listed {
        held.state.runs += 1;
        held.state.digest ^= digest;
        match known.get(&id) {
            Some(card) if card.run.revision == revision => held.add((*card).clone()),
            _ => drop(changed.insert(id, revision)),
        }
    }
    let ids: Vec<RunId> = changed.keys().copied().collect();
    for ids in ids.chunks(READ) {
        let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let mut data = repo::data(tx, &uuids).await?;
        for mut run in repo::find_many(tx, &uuids).await? {
            let data = data.remove(&run.id).unwrap_or_default();
            run.revision = changed.get(&run.id).copied().unwrap_or(run.revision);
            held.add(Arc::new(Card::of(run, data)));
        }
        if held.size > MEMORY_OF_ONE {
            return Ok(None);
        }
    }
    Ok(Some(held))
}

impl Card {
    fn of(run: Run, mut data: RunData) -> Self {
        // As they are looked up.
        data.metrics.sort_by(|one, other| one.key.cmp(&other.key));
        data.params.sort();
        data.tags.sort();
        let pairs = data.params.iter().chain(&data.tags).map(|(key, value)| key.len() + value.len() + size_of::<(String, String)>());
        let metrics = data.metrics.iter().map(|one| one.key.len() + size_of::<Latest>());
        let size =
            size_of::<Self>() + size_of::<RunData>() + run.name.len() + run.user.len() + run.created_by.len() + pairs.chain(metrics).sum::<usize>();
        Self { run, data: Arc::new(data), size }
    }

    pub(super) fn metric(&self, key: &str) -> Option<f64> {
        let at = self.data.metrics.binary_search_by(|one| one.key.as_str().cmp(key)).ok()?;
        Some(self.data.metrics[at].point.value)
    }

    pub(super) fn param(&self, key: &str) -> Option<&str> {
        pair(&self.data.params, key)
    }

    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        pair(&self.data.tags, key)
    }
}

/// The value of a key in a list by key.
fn pair<'p>(pairs: &'p [(String, String)], key: &str) -> Option<&'p str> {
    pairs.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok().map(|at| pairs[at].1.as_str())
}

impl Held {
    fn add(&mut self, card: Arc<Card>) {
        self.size += card.size + columns::KEPT * columns::CELL;
        self.cards.push(card);
    }

    /// A page and how many match.
    fn search(&self, wanted: &Wanted<'_>) -> (Vec<Arc<Card>>, usize) {
        let is_there = |run: &Run| match wanted.lifecycle {
            Lifecycle::Active => !run.removed,
            Lifecycle::Deleted => run.removed,
            Lifecycle::All => true,
        };
        let holds = self.columns.holds(&self.cards, wanted.filter);
        let mut found: Vec<usize> = (0..self.cards.len()).filter(|&at| holds[at] && is_there(&self.cards[at].run)).collect();
        let matching = found.len();
        let by_order = self.columns.comparing(&self.cards, wanted.order);
        let by_time = !wanted.order.iter().any(|order| order.entity == "attribute" && order.key == "start_time");
        let compare = |one: &usize, other: &usize| {
            let newest = |one: &Run, other: &Run| if by_time { other.started_ms.cmp(&one.started_ms) } else { Ordering::Equal };
            by_order(*one, *other).then_with(|| {
                let (one, other) = (&self.cards[*one].run, &self.cards[*other].run);
                newest(one, other).then_with(|| one.id.uuid().cmp(&other.id.uuid()))
            })
        };
        if let Some(after) = wanted.after {
            // What is gone has no place that anything could come after.
            let Some(last) = self.cards.iter().position(|card| card.run.id.uuid() == after) else { return (Vec::new(), matching) };
            found.retain(|one| compare(one, &last) == Ordering::Greater);
        }
        if found.len() > wanted.limit {
            found.select_nth_unstable_by(wanted.limit, compare);
            found.truncate(wanted.limit);
        }
        found.sort_unstable_by(compare);
        (found.into_iter().map(|at| self.cards[at].clone()).collect(), matching)
    }
}
