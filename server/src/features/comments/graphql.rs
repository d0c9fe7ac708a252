//! Threads in the API.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::ids::{CommentId, MemberId, ThreadId};

use super::{Comment as Domain, Point as DomainPoint, Reaction, Subject, Thread as DomainThread, markdown};
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// How somebody reacted to a comment.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Reaction")]
pub enum ReactionKind {
    /// Agreed.
    ThumbsUp,
    /// Liked.
    Heart,
    /// Let us go.
    Rocket,
    /// Seen, looking into it.
    Eyes,
}

/// Which threads a list shows.
#[derive(Clone, Copy, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "super::State")]
pub enum ThreadState {
    /// Those that nobody resolved.
    Open,
    /// Those that somebody resolved.
    Resolved,
    /// Both.
    #[default]
    All,
}

/// Reactions of one kind to a comment.
#[derive(SimpleObject)]
pub struct Reactions {
    /// The kind.
    kind: ReactionKind,
    /// How many reacted so.
    count: i32,
    /// Whether yours is among them.
    mine: bool,
    /// Who reacted so, in order; at most 20.
    members: Vec<String>,
}

/// What somebody said.
pub struct Comment(Domain, MemberId);

/// Something that was said in a thread.
#[Object]
impl Comment {
    /// `com_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The author's name when they wrote it.
    async fn author(&self) -> &str {
        &self.0.author_name
    }
    /// Whether you wrote it, and so may edit and remove it.
    async fn is_own(&self) -> bool {
        self.0.author == self.1
    }
    /// Markdown as it was typed; empty when removed.
    async fn body(&self) -> &str {
        &self.0.body
    }
    /// The body as safe HTML: paragraphs, lists, quotations, code, emphasis, links, and mentions as `<span class="mention">`.
    async fn html(&self) -> String {
        markdown::render(&self.0.body, &self.0.mentions.iter().map(|mention| mention.words.as_str()).collect::<Vec<_>>())
    }
    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Null: never edited.
    async fn edited_at(&self) -> Option<DateTime<Utc>> {
        self.0.edited_at
    }
    /// Whether its author removed it; the place stays.
    async fn removed(&self) -> bool {
        self.0.removed
    }
    /// Kinds of reactions that somebody gave, with how many.
    async fn reactions(&self) -> Vec<Reactions> {
        let of = |kind: Reaction| {
            let members: Vec<_> = self.0.reactions.iter().filter(|(own, ..)| *own == kind).collect();
            (!members.is_empty()).then(|| Reactions {
                kind: kind.into(),
                count: i32::try_from(members.len()).unwrap_or(i32::MAX),
                mine: members.iter().any(|(_, member, _)| *member == self.1),
                members: members.iter().take(20).map(|(.., name)| name.clone()).collect(),
            })
        };
        Reaction::ALL.into_iter().filter_map(of).collect()
    }
}

/// One point of a metric.
#[derive(SimpleObject)]
pub struct MetricPoint {
    /// The metric's name.
    key: String,
    /// The step.
    step: i64,
}

/// A conversation about an experiment, a run, or one point of a metric.
pub struct Thread(DomainThread, MemberId);

/// What was said about one thing.
#[Object]
impl Thread {
    /// `thr_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The id of the experiment or run it is about.
    async fn about(&self) -> ID {
        self.0.subject.to_string().into()
    }
    /// The point it is about; null: the whole of the subject.
    async fn point(&self) -> Option<MetricPoint> {
        self.0.point.clone().map(|point| MetricPoint { key: point.key, step: point.step })
    }
    /// When it was started.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Null while it is open.
    async fn resolved_at(&self) -> Option<DateTime<Utc>> {
        self.0.resolved.as_ref().map(|(at, _)| *at)
    }
    /// The name of who resolved it; null while it is open.
    async fn resolved_by(&self) -> Option<&str> {
        self.0.resolved.as_ref().map(|(_, by)| by.as_str())
    }
    /// In the order they were written; at most 500.
    async fn comments(&self) -> Vec<Comment> {
        self.0.comments.iter().map(|comment| Comment(comment.clone(), self.1)).collect()
    }
}

/// A page of threads.
pub struct ThreadConnection(Paged<DomainThread>, i64, MemberId);

#[Object]
impl ThreadConnection {
    async fn nodes(&self) -> Vec<Thread> {
        self.0.rows.iter().map(|thread| Thread(thread.clone(), self.2)).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
    /// Threads of the subject that are not resolved, whatever the list shows.
    async fn open_count(&self) -> i64 {
        self.1
    }
}

/// A new thread.
#[derive(InputObject)]
pub struct StartThreadInput {
    /// The run or experiment: `run_…` or `exp_…`.
    about: ID,
    /// Markdown, 1 to 10,000 characters. `@` and a member's name or address mentions them.
    body: String,
    /// With `step`: one point of this metric of a run.
    key: Option<String>,
    /// With `key`: the step of the point.
    step: Option<i64>,
}

#[derive(Default)]
pub struct CommentsQuery;

#[Object]
impl CommentsQuery {
    /// What is said about a run (`run_…`) or an experiment (`exp_…`), the newest thread first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn threads(
        &self,
        ctx: &Context<'_>,
        about: ID,
        #[graphql(default = 20)] first: i32,
        after: Option<String>,
        #[graphql(default)] state: ThreadState,
    ) -> Result<ThreadConnection> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        let page = Page::new(Listing::of(scope, &format!("threads {}", about.as_str())), first, after)?;
        let (threads, open) = super::list(grant, subject(&about)?, state.into(), page).await?;
        Ok(ThreadConnection(threads, open, scope.actor().member))
    }

    /// One thread.
    async fn thread(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Thread>> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(Some(Thread(super::thread(grant, thread_id(&id)?).await?, scope.actor().member)))
    }
}

fn subject(id: &ID) -> Result<Subject, Fault> {
    Ok(id.parse::<Subject>()?)
}

fn thread_id(id: &ID) -> Result<ThreadId, Fault> {
    id.parse().map_err(Fault::from)
}

fn comment_id(id: &ID) -> Result<CommentId, Fault> {
    id.parse().map_err(Fault::from)
}

#[derive(Default)]
pub struct CommentsMutation;

#[Object]
impl CommentsMutation {
    /// Starts a thread about a run, an experiment, or one point of a metric. Who is mentioned is told.
    async fn start_thread(&self, ctx: &Context<'_>, input: StartThreadInput) -> Result<Thread> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        let point = match (input.key, input.step) {
            (None, None) => None,
            (Some(key), Some(step)) => Some(DomainPoint { key, step }),
            _ => return Err(Fault::invalid("key", "A point of a metric is a key and a step.").into()),
        };
        Ok(Thread(super::start(grant, subject(&input.about)?, point, &input.body).await?, scope.actor().member))
    }

    /// Replies in a thread. A resolved one is open again.
    async fn reply_to_thread(&self, ctx: &Context<'_>, id: ID, body: String) -> Result<Thread> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(Thread(super::reply(grant, thread_id(&id)?, &body).await?, scope.actor().member))
    }

    /// Changes the text of your comment.
    async fn edit_comment(&self, ctx: &Context<'_>, id: ID, body: String) -> Result<Thread> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(Thread(super::edit(grant, comment_id(&id)?, &body).await?, scope.actor().member))
    }

    /// Removes your comment. Null: it was the last of its thread, which is gone too.
    async fn remove_comment(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Thread>> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(super::remove(grant, comment_id(&id)?).await?.map(|thread| Thread(thread, scope.actor().member)))
    }

    /// Resolves a thread. Who took part is told.
    async fn resolve_thread(&self, ctx: &Context<'_>, id: ID) -> Result<Thread> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(Thread(super::resolve(grant, thread_id(&id)?, true).await?, scope.actor().member))
    }

    /// Opens a resolved thread again.
    async fn reopen_thread(&self, ctx: &Context<'_>, id: ID) -> Result<Thread> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(Thread(super::resolve(grant, thread_id(&id)?, false).await?, scope.actor().member))
    }

    /// Reacts to a comment, or takes the reaction back.
    async fn react_to_comment(&self, ctx: &Context<'_>, id: ID, kind: ReactionKind, on: bool) -> Result<Thread> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        Ok(Thread(super::react(grant, comment_id(&id)?, kind.into(), on).await?, scope.actor().member))
    }
}
