//! What loggers send one request after the other, made to share transactions.

use shared::ids::RunId;

use super::{
    NewRun, Run, RunChange, WriteRuns,
    log::{self, Batch},
    names,
    service::{self, created},
};
use crate::{
    access::{Outcome, SharedWrite, WriteTx},
    fault::Fault,
};

/// One request of a logger.
#[derive(Clone, Debug)]
pub enum Act {
    Create(NewRun),
    Log(Batch),
    Change(RunId, RunChange),
}

impl Act {
    /// A new run: checked, with a name.
    ///
    /// # Errors
    /// `Invalid` for what breaks a rule.
    pub fn create(mut new: NewRun) -> Result<Self, Fault> {
        new.settle(names::random)?;
        Ok(Self::Create(new))
    }

    /// A batch, checked.
    ///
    /// # Errors
    /// `Invalid` or `LimitExceeded`.
    pub fn log(mut batch: Batch) -> Result<Self, Fault> {
        batch.check()?;
        Ok(Self::Log(batch))
    }

    /// What it logs, if that is all it does.
    fn logged(&self) -> Option<&Batch> {
        match self {
            Self::Log(batch) => Some(batch),
            Self::Create(_) | Self::Change(..) => None,
        }
    }

    /// A change, checked.
    ///
    /// # Errors
    /// `Invalid` for what breaks a rule.
    pub fn change(run: RunId, change: RunChange) -> Result<Self, Fault> {
        change.check()?;
        Ok(Self::Change(run, change))
    }
}

/// What a logger gets back.
#[derive(Debug)]
pub enum Done {
    /// The new run and its tags.
    Created(Box<Run>, Vec<(String, String)>),
    Logged,
    Changed(Box<Run>),
}

/// The shared writes of runs.
pub struct RunActs;

impl SharedWrite for RunActs {
    type Permission = WriteRuns;
    type Item = Act;
    type Output = Done;

    fn stands_alone(acts: &[Act]) -> bool {
        let batches: Option<Vec<&Batch>> = acts.iter().map(Act::logged).collect();
        batches.is_some_and(|batches| log::is_one_write(&batches))
    }

    async fn apply(tx: &WriteTx, acts: &[Act]) -> Result<Vec<Outcome<Done>>, Fault> {
        let (mut new, mut batches, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for act in acts {
            match act {
                Act::Create(run) => new.push(run),
                Act::Log(batch) => batches.push(batch),
                Act::Change(run, change) => changes.push((*run, change)),
            }
        }
        let wrote = service::write(tx, &new, &batches, &changes).await?;
        let (mut made, mut logged, mut changed) = (wrote.made.into_iter().zip(new), wrote.logged.into_iter(), wrote.changed.into_iter());
        let missing = || Fault::internal("an act without an outcome");
        let outcome = |act: &Act| match act {
            Act::Create(_) => {
                let (run, new) = made.next().ok_or_else(missing)?;
                let run = run?;
                let entry = created(&run);
                Ok((Done::Created(Box::new(run), new.tags.clone()), Some(entry)))
            }
            Act::Log(_) => Ok((Done::Logged, logged.next().ok_or_else(missing)??)),
            Act::Change(..) => {
                let (run, entry) = changed.next().ok_or_else(missing)??;
                Ok((Done::Changed(Box::new(run)), Some(entry)))
            }
        };
        Ok(acts.iter().map(outcome).collect())
    }
}
