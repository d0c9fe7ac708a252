//! `changes`: the one live mechanism of the product.

use std::time::Duration;

use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use futures::{StreamExt, stream::BoxStream};
use shared::{ErrorCode, Permission};

use crate::{
    access::{
        Scope,
        live::{Listener, Topic},
    },
    fault::Fault,
    features::{experiments, runs},
    graphql::scope,
};

/// Subjects of one stream.
const TOPICS_MAX: usize = 20;
/// A listener hears at most so often; what changes meanwhile is told together.
const PAUSE: Duration = Duration::from_millis(400);
/// How often a stream on which nothing happens proves its credential again.
pub const PROVEN_EVERY: Duration = Duration::from_secs(20);

/// Something changed. What, is to be asked for: with the rights of that moment.
#[derive(SimpleObject)]
pub struct Change {
    /// The subjects, as they were named.
    of: Vec<ID>,
}

/// What can be listened to.
#[derive(Default)]
pub struct LiveSubscription;

#[Subscription]
impl LiveSubscription {
    /// Says when one of up to 20 subjects changes: a run (`run_…`), an experiment (`exp_…`), or what you are told (your own `mem_…`). The first answer names
    /// none: from now on it is listened, ask for the subjects once. Changes that come quickly are told together.
    async fn changes(&self, ctx: &Context<'_>, of: Vec<ID>) -> Result<BoxStream<'static, Result<Change>>> {
        let scope = scope(ctx)?.clone();
        if of.is_empty() || of.len() > TOPICS_MAX {
            return Err(Fault::new(ErrorCode::LimitExceeded, format!("Name 1 to {TOPICS_MAX} subjects.")).into());
        }
        let topics = of.iter().map(|id| id.parse::<Topic>()).collect::<Result<Vec<_>, _>>()?;
        if topics.contains(&Topic::Standing) {
            return Err(Fault::not_found("subject", Topic::Standing).into());
        }
        permitted(&scope, &topics)?;
        exist(&scope, &topics).await?;
        let listener = scope.listen(&topics)?;
        let listening = futures::stream::once(async { Ok(Change { of: Vec::new() }) });
        let changes = futures::stream::unfold(Some((scope, listener)), |open| async move {
            let (scope, mut listener) = open?;
            match next(&scope, &mut listener).await {
                Ok(Some(topics)) => Some((Ok(Change { of: topics.iter().map(|topic| ID(topic.to_string())).collect() }), Some((scope, listener)))),
                Ok(None) => None,
                // The last word: the page asks again and is told what is the matter.
                Err(fault) => Some((Err(fault.into()), None)),
            }
        });
        Ok(listening.chain(changes).boxed())
    }
}

/// What changed next, of what the listener may see then.
async fn next(scope: &Scope, listener: &mut Listener) -> Result<Option<Vec<Topic>>, Fault> {
    loop {
        match tokio::time::timeout(PROVEN_EVERY, listener.next()).await {
            Ok(None) => return Ok(None),
            Ok(Some(topics)) if topics == [Topic::Standing] => permitted(&scope.again().await?, listener.topics())?,
            Ok(Some(topics)) => {
                if topics.contains(&Topic::Standing) {
                    permitted(&scope.again().await?, listener.topics())?;
                }
                tokio::time::sleep(PAUSE).await;
                permitted(&scope.again().await?, listener.topics())?;
                return Ok(Some(topics.into_iter().filter(|topic| *topic != Topic::Standing).collect()));
            }
            Err(_) => drop(scope.again().await?),
        }
    }
}

fn permitted(scope: &Scope, topics: &[Topic]) -> Result<(), Fault> {
    for topic in topics {
        match topic {
            Topic::Experiment(_) => scope.require(Permission::ExperimentsRead)?,
            Topic::Run(_) => scope.require(Permission::RunsRead)?,
            Topic::Member(id) if *id == scope.actor().member => scope.require(Permission::CommentsRead)?,
            Topic::Member(id) => return Err(Fault::not_found("member", id)),
            Topic::Standing => {}
        }
    }
    Ok(())
}

/// Asks for the subjects in a scope of its own, whose connection goes back at once.
async fn exist(scope: &Scope, topics: &[Topic]) -> Result<(), Fault> {
    let scope = scope.again().await?;
    let run_ids: Vec<_> = topics.iter().filter_map(|topic| if let Topic::Run(id) = topic { Some(*id) } else { None }).collect();
    let experiment_ids: Vec<_> = topics.iter().filter_map(|topic| if let Topic::Experiment(id) = topic { Some(*id) } else { None }).collect();
    if !run_ids.is_empty() {
        let found = runs::get_many(scope.grant()?, &run_ids).await?;
        if let Some(absent) = run_ids.iter().find(|id| !found.iter().any(|run| run.id == **id)) {
            return Err(Fault::not_found("run", absent));
        }
    }
    if !experiment_ids.is_empty() {
        let found = experiments::get_many(scope.grant()?, &experiment_ids).await?;
        if let Some(absent) = experiment_ids.iter().find(|id| !found.iter().any(|experiment| experiment.id == **id)) {
            return Err(Fault::not_found("experiment", absent));
        }
    }
    Ok(())
}
