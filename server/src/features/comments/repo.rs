//! The statements of threads, comments and reactions.

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};
use shared::ids::{CommentId, ExperimentId, MemberId, RunId, ThreadId};
use uuid::Uuid;

use super::{About, Comment, Point, Reaction, State, Subject, Thread, mentions::Mention, model::THREAD_MAX};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

/// The subject; locked against being deleted, not against being changed, when it is to be written about.
pub async fn about<C: Connection>(tx: &C, subject: Subject) -> Result<Option<About>, Fault> {
    let sql = match subject {
        Subject::Run(_) => "select name, removed_at is not null from runs where id = $1",
        Subject::Experiment(_) => "select name, removed_at is not null from experiments where id = $1",
    };
    let row = tx.row(sql, vec![subject.uuid().into()]).await?;
    Ok(row.map(|row| Ok::<_, DbErr>(About { subject, name: row.try_get_by_index(0)?, removed: row.try_get_by_index(1)? })).transpose()?)
}

fn thread(row: &QueryResult) -> Result<Thread, DbErr> {
    let (experiment, run): (Option<Uuid>, Option<Uuid>) = (row.try_get("", "experiment_id")?, row.try_get("", "run_id")?);
    let subject = match (experiment, run) {
        (_, Some(run)) => Subject::Run(RunId::from_uuid(run)),
        (Some(experiment), None) => Subject::Experiment(ExperimentId::from_uuid(experiment)),
        (None, None) => return Err(DbErr::Type("a thread about nothing".into())),
    };
    let (key, step): (Option<String>, Option<i64>) = (row.try_get("", "metric_key")?, row.try_get("", "metric_step")?);
    let (at, by): (Option<_>, Option<String>) = (row.try_get("", "resolved_at")?, row.try_get("", "resolved_by")?);
    Ok(Thread {
        id: ThreadId::from_uuid(row.try_get("", "id")?),
        subject,
        point: key.zip(step).map(|(key, step)| Point { key, step }),
        created_at: row.try_get("", "created_at")?,
        resolved: at.zip(by),
        comments: Vec::new(),
    })
}

fn comment(row: &QueryResult) -> Result<Comment, DbErr> {
    let (words, members): (Vec<String>, Vec<Uuid>) = (row.try_get("", "mention_words")?, row.try_get("", "mention_members")?);
    let removed_at: Option<chrono::DateTime<chrono::Utc>> = row.try_get("", "removed_at")?;
    Ok(Comment {
        id: CommentId::from_uuid(row.try_get("", "id")?),
        thread: ThreadId::from_uuid(row.try_get("", "thread_id")?),
        author: MemberId::from_uuid(row.try_get("", "author_id")?),
        author_name: row.try_get("", "author")?,
        body: row.try_get("", "body")?,
        mentions: words.into_iter().zip(members).map(|(words, member)| Mention { words, member: MemberId::from_uuid(member) }).collect(),
        created_at: row.try_get("", "created_at")?,
        edited_at: row.try_get("", "edited_at")?,
        removed: removed_at.is_some(),
        reactions: Vec::new(),
    })
}

/// A page of threads without their comments, the newest first.
pub async fn list<C: Connection>(tx: &C, subject: Subject, state: State, after: Option<Uuid>, limit: u64) -> Result<Vec<Thread>, Fault> {
    let sql = "select id, experiment_id, run_id, metric_key, metric_step, created_at, resolved_at, resolved_by from threads \
        where subject_id = $1 and ($2::uuid is null or id < $2) and ($3::boolean is null or (resolved_at is not null) = $3) order by id desc limit $4";
    let resolved = match state {
        State::All => None,
        State::Open => Some(false),
        State::Resolved => Some(true),
    };
    let rows = tx.rows(sql, vec![subject.uuid().into(), after.into(), resolved.into(), limit.into()]).await?;
    Ok(rows.iter().map(thread).collect::<Result<_, _>>()?)
}

/// How many threads a subject has, and how many of them are open.
pub async fn count<C: Connection>(tx: &C, subject: Subject) -> Result<(i64, i64), Fault> {
    let row = tx
        .row("select count(*), count(*) filter (where resolved_at is null) from threads where subject_id = $1", vec![subject.uuid().into()])
        .await?;
    Ok(row.map_or(Ok((0, 0)), |row| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))?)
}

/// One thread without its comments.
pub async fn find<C: Connection>(tx: &C, id: ThreadId) -> Result<Option<Thread>, Fault> {
    let sql = "select id, experiment_id, run_id, metric_key, metric_step, created_at, resolved_at, resolved_by from threads where id = $1";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(thread).transpose()?)
}

/// The thread, locked until the transaction ends: comments of one thread are written one after the other.
pub async fn lock(tx: &WriteTx, id: ThreadId) -> Result<Option<Thread>, Fault> {
    let sql = "select id, experiment_id, run_id, metric_key, metric_step, created_at, resolved_at, resolved_by from threads where id = $1 for update";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(thread).transpose()?)
}

/// Gives threads their comments with their reactions, in two statements.
pub async fn fill<C: Connection>(tx: &C, threads: &mut [Thread]) -> Result<(), Fault> {
    if threads.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = threads.iter().map(|thread| thread.id.uuid()).collect();
    let sql = "select c.* from unnest($1::uuid[]) as t (id) cross join lateral ( \
        select id, thread_id, author_id, author, body, mention_words, mention_members, created_at, edited_at, removed_at from comments \
        where thread_id = t.id order by id limit $2 offset 0) c order by c.id";
    let mut comments = tx.rows(sql, vec![ids.into(), THREAD_MAX.into()]).await?.iter().map(comment).collect::<Result<Vec<_>, _>>()?;
    let mut reactions = reactions(tx, &comments.iter().map(|comment| comment.id.uuid()).collect::<Vec<_>>()).await?;
    for comment in &mut comments {
        comment.reactions = reactions.remove(&comment.id).unwrap_or_default();
    }
    for comment in comments {
        if let Some(thread) = threads.iter_mut().find(|thread| thread.id == comment.thread) {
            thread.comments.push(comment);
        }
    }
    Ok(())
}

async fn reactions<C: Connection>(tx: &C, comments: &[Uuid]) -> Result<HashMap<CommentId, Vec<(Reaction, MemberId, String)>>, Fault> {
    let sql = "select r.* from unnest($1::uuid[]) as c (id) cross join lateral ( \
        select comment_id, kind, member_id, member, at from comment_reactions where comment_id = c.id offset 0) r order by r.at, r.member_id";
    let mut found: HashMap<CommentId, Vec<(Reaction, MemberId, String)>> = HashMap::new();
    for row in tx.rows(sql, vec![comments.to_vec().into()]).await? {
        let kind: String = row.try_get("", "kind")?;
        let kind = Reaction::parse(&kind).ok_or_else(|| DbErr::Type(format!("unknown reaction {kind}")))?;
        let member = (kind, MemberId::from_uuid(row.try_get("", "member_id")?), row.try_get("", "member")?);
        found.entry(CommentId::from_uuid(row.try_get("", "comment_id")?)).or_default().push(member);
    }
    Ok(found)
}

pub async fn insert_thread(tx: &WriteTx, thread: &Thread) -> Result<(), Fault> {
    let (experiment, run) = match thread.subject {
        Subject::Experiment(id) => (Some(id.uuid()), None),
        Subject::Run(id) => (None, Some(id.uuid())),
    };
    let sql = "insert into threads (id, experiment_id, run_id, metric_key, metric_step, created_at) values ($1, $2, $3, $4, $5, $6)";
    let (key, step) = thread.point.clone().map_or((None, None), |point| (Some(point.key), Some(point.step)));
    tx.run(sql, vec![thread.id.uuid().into(), experiment.into(), run.into(), key.into(), step.into(), thread.created_at.into()]).await?;
    Ok(())
}

pub async fn insert(tx: &WriteTx, comment: &Comment) -> Result<(), Fault> {
    let sql = "insert into comments (id, thread_id, author_id, author, body, mention_words, mention_members, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vec![
        comment.id.uuid().into(),
        comment.thread.uuid().into(),
        comment.author.uuid().into(),
        comment.author_name.clone().into(),
        comment.body.clone().into(),
        words(&comment.mentions).into(),
        members(&comment.mentions).into(),
        comment.created_at.into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

fn words(mentions: &[Mention]) -> Vec<String> {
    mentions.iter().map(|mention| mention.words.clone()).collect()
}

fn members(mentions: &[Mention]) -> Vec<Uuid> {
    mentions.iter().map(|mention| mention.member.uuid()).collect()
}

/// The thread of a comment.
pub async fn thread_of(tx: &WriteTx, id: CommentId) -> Result<Option<ThreadId>, Fault> {
    let row = tx.row("select thread_id from comments where id = $1", vec![id.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0).map(ThreadId::from_uuid)).transpose()?)
}

pub async fn edit(tx: &WriteTx, id: CommentId, body: &str, mentions: &[Mention]) -> Result<(), Fault> {
    let sql = "update comments set body = $2, mention_words = $3, mention_members = $4, edited_at = $5 where id = $1";
    tx.run(sql, vec![id.uuid().into(), body.into(), words(mentions).into(), members(mentions).into(), tx.now().into()]).await?;
    Ok(())
}

/// Takes a comment's text away, and with the last comment the thread.
pub async fn remove(tx: &WriteTx, id: CommentId, thread: ThreadId) -> Result<(), Fault> {
    tx.run(
        "update comments set body = '', mention_words = '{}', mention_members = '{}', removed_at = $2 where id = $1",
        vec![id.uuid().into(), tx.now().into()],
    )
    .await?;
    tx.run("delete from comment_reactions where comment_id = $1", vec![id.uuid().into()]).await?;
    let sql = "delete from threads where id = $1 and not exists (select from comments where thread_id = $1 and removed_at is null)";
    tx.run(sql, vec![thread.uuid().into()]).await?;
    Ok(())
}

/// Resolves a thread, by somebody, or opens it again.
pub async fn resolve(tx: &WriteTx, id: ThreadId, by: Option<&str>) -> Result<(), Fault> {
    let at = by.map(|_| tx.now());
    tx.run("update threads set resolved_at = $2, resolved_by = $3 where id = $1", vec![id.uuid().into(), at.into(), by.map(str::to_owned).into()])
        .await?;
    Ok(())
}

/// Whether anything changed.
pub async fn react(tx: &WriteTx, id: CommentId, kind: Reaction, on: bool, member: MemberId, name: &str) -> Result<bool, Fault> {
    let changed = if on {
        let sql = "insert into comment_reactions (comment_id, kind, member_id, member, at) values ($1, $2, $3, $4, $5) on conflict do nothing";
        tx.run(sql, vec![id.uuid().into(), kind.as_str().into(), member.uuid().into(), name.into(), tx.now().into()]).await?
    } else {
        let sql = "delete from comment_reactions where comment_id = $1 and kind = $2 and member_id = $3";
        tx.run(sql, vec![id.uuid().into(), kind.as_str().into(), member.uuid().into()]).await?
    };
    Ok(changed > 0)
}
