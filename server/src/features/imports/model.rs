//! Imports and their rules.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shared::ids::ImportId;

use super::error::ImportError;

/// Longest token, user name or password, in characters.
const CREDENTIAL_MAX: usize = 4_000;
/// Most names of experiments, and the longest of them, in characters.
const EXPERIMENTS_MAX: usize = 1_000;
const NAME_MAX: usize = 500;

/// What a person asks for.
#[derive(Clone, Default)]
pub struct NewImport {
    pub address: String,
    pub credentials: Credentials,
    /// Names; empty: all.
    pub experiments: Vec<String>,
    pub files: bool,
    pub registry: bool,
}

/// How the source is signed in to. All empty: not at all.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Credentials {
    pub token: String,
    pub username: String,
    pub password: String,
}

impl NewImport {
    /// Checks everything but the address.
    ///
    /// # Errors
    /// [`ImportError`] for what breaks a rule.
    pub fn check(&self) -> Result<(), ImportError> {
        let Credentials { token, username, password } = &self.credentials;
        if [token, username, password].iter().any(|text| text.chars().count() > CREDENTIAL_MAX || text.chars().any(char::is_control)) {
            return Err(ImportError::Credentials);
        }
        if !(token.is_empty() || username.is_empty() && password.is_empty()) {
            return Err(ImportError::TwoCredentials);
        }
        if username.is_empty() != password.is_empty() {
            return Err(ImportError::HalfCredentials);
        }
        let fits = |name: &String| !name.is_empty() && name.chars().count() <= NAME_MAX && !name.contains('\0');
        if self.experiments.len() > EXPERIMENTS_MAX || !self.experiments.iter().all(fits) {
            return Err(ImportError::Experiments);
        }
        if self.registry && !self.files {
            return Err(ImportError::RegistryWithoutFiles);
        }
        Ok(())
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $case:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$about])* $case),* }

        impl $name {
            /// In their order.
            pub const ALL: &'static [Self] = &[$(Self::$case),*];

            /// The word in tables.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),* }
            }

            /// Reads [`Self::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

words! {
    /// Whether an import goes on.
    State { Running = "running", Done = "done", Failed = "failed", Cancelled = "cancelled" }
}

words! {
    /// What an import is busy with.
    Phase {
        Connecting = "connecting",
        /// Writing down what there is.
        Listing = "listing",
        Runs = "runs",
        Models = "models",
        Files = "files",
        Registry = "registry",
    }
}

words! {
    /// What kind of thing is taken.
    Kind {
        Experiment = "experiment",
        /// With params, tags, datasets and full histories.
        Run = "run",
        /// A logged model.
        Model = "model",
        RunFiles = "run_files",
        ModelFiles = "model_files",
        RegisteredModel = "registered_model",
    }
}

impl Phase {
    /// What it works off.
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Connecting => &[],
            Self::Listing => &[Kind::Experiment],
            Self::Runs => &[Kind::Run],
            Self::Models => &[Kind::Model],
            Self::Files => &[Kind::RunFiles, Kind::ModelFiles],
            Self::Registry => &[Kind::RegisteredModel],
        }
    }

    /// What comes after it; `None`: the end.
    pub fn next(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|phase| *phase == self)?;
        Self::ALL.get(place + 1).copied()
    }
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    pub id: ImportId,
    pub source: String,
    pub experiments: Vec<String>,
    pub with_files: bool,
    pub with_registry: bool,
    pub started_by: String,
    pub state: State,
    pub phase: Phase,
    pub phase_at: DateTime<Utc>,
    pub step: i64,
    pub troubles: i32,
    /// Why it failed, or what it waits for; empty while all is well.
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far an import is with one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub kind: Kind,
    pub found: i64,
    pub taken: i64,
    /// Taken by an earlier import, and the same since.
    pub unchanged: i64,
    pub failed: i64,
    /// Points of runs, bytes of files.
    pub amount: i64,
}

impl Count {
    /// Nothing of a kind.
    pub fn of(kind: Kind) -> Self {
        Self { kind, found: 0, taken: 0, unchanged: 0, failed: 0, amount: 0 }
    }

    /// What is left to do.
    pub fn waiting(&self) -> i64 {
        (self.found - self.taken - self.unchanged - self.failed).max(0)
    }
}

/// Something that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    pub source_id: String,
    pub label: String,
    pub reason: String,
}

/// How long the present phase will take, by how fast it has gone so far. `None` until something is known: before the first ten things, or two seconds.
pub fn time_left(import: &Import, counts: &[Count], now: DateTime<Utc>) -> Option<TimeDelta> {
    if import.state != State::Running || import.phase == Phase::Listing {
        return None;
    }
    let of_phase = || counts.iter().filter(|count| import.phase.kinds().contains(&count.kind));
    let done: i64 = of_phase().map(|count| count.taken + count.failed).sum();
    let waiting: i64 = of_phase().map(Count::waiting).sum();
    let gone = now - import.phase_at;
    if done < 10 || gone < TimeDelta::seconds(2) {
        return None;
    }
    let seconds = gone.as_seconds_f64() / done as f64 * waiting as f64;
    TimeDelta::try_seconds(seconds.ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_checked() {
        let new = |token: &str, username: &str, password: &str| NewImport {
            credentials: Credentials { token: token.into(), username: username.into(), password: password.into() },
            ..NewImport::default()
        };
        assert_eq!(new("", "", "").check(), Ok(()));
        assert_eq!(new("t", "", "").check(), Ok(()));
        assert_eq!(new("", "u", "p").check(), Ok(()));
        assert_eq!(new("t", "u", "p").check(), Err(ImportError::TwoCredentials));
        assert_eq!(new("", "u", "").check(), Err(ImportError::HalfCredentials));
        assert_eq!(new("a\r\nHost: x", "", "").check(), Err(ImportError::Credentials));
        assert_eq!(new(&"x".repeat(4001), "", "").check(), Err(ImportError::Credentials));
        assert_eq!(NewImport { registry: true, ..NewImport::default() }.check(), Err(ImportError::RegistryWithoutFiles));
        assert_eq!(NewImport { experiments: vec![String::new()], ..NewImport::default() }.check(), Err(ImportError::Experiments));
    }

    #[test]
    fn phases_follow_each_other_to_the_end() {
        let mut phase = Phase::Connecting;
        let mut seen = 1;
        while let Some(next) = phase.next() {
            phase = next;
            seen += 1;
        }
        assert_eq!((phase, seen), (Phase::Registry, Phase::ALL.len()));
    }

    #[test]
    fn time_left_is_what_is_left_at_the_speed_so_far() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("valid");
        let mut import = Import {
            id: ImportId::from_uuid(uuid::Uuid::nil()),
            source: String::new(),
            experiments: Vec::new(),
            with_files: true,
            with_registry: true,
            started_by: String::new(),
            state: State::Running,
            phase: Phase::Runs,
            phase_at: now - TimeDelta::seconds(30),
            step: 0,
            troubles: 0,
            reason: String::new(),
            created_at: now,
            finished_at: None,
        };
        let count = Count { found: 400, taken: 90, unchanged: 0, failed: 10, ..Count::of(Kind::Run) };
        assert_eq!(time_left(&import, &[count], now), Some(TimeDelta::seconds(90)));
        assert_eq!(time_left(&import, &[Count { taken: 0, ..count }], import.phase_at), None);
        assert_eq!(time_left(&import, &[Count::of(Kind::Run)], now), None);
        import.state = State::Done;
        assert_eq!(time_left(&import, &[count], now), None);
    }
}
