//! Talking: starting threads, replying, editing, resolving, reacting.

use serde_json::json;
use shared::ids::{CommentId, ThreadId};
use uuid::Uuid;

use super::{
    About, Comment, CommentError, Point, Reaction, ReadComments, State, Subject, Thread, WriteComments, markdown,
    mentions::{self, Called, Mention},
    model::{THREAD_MAX, check_body},
    repo,
};
use crate::{
    access::{
        Connection, Grant, Sql, WriteTx,
        audit::{Entry, Subject as Entered},
    },
    fault::Fault,
    features::{
        members,
        notifications::{self, Happening, News, Occasion},
        page::{Page, Paged},
        sharing,
        slack::Post,
    },
};

/// How much of a comment a notification quotes, in characters.
const QUOTE: usize = 240;

/// A page of threads, the newest first, with all their comments; and how many are open.
///
/// # Errors
/// `NotFound` for the subject; `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadComments>, subject: Subject, state: State, page: Page) -> Result<(Paged<Thread>, i64), Fault> {
    let tx = grant.read().await?;
    repo::about(tx, subject).await?.ok_or_else(|| CommentError::NoSubject(subject.to_string()))?;
    let after = page.after_id::<ThreadId>()?.map(ThreadId::uuid);
    let mut threads = repo::list(tx, subject, state, after, page.limit_and_one()).await?;
    repo::fill(tx, &mut threads).await?;
    let (all, open) = repo::count(tx, subject).await?;
    let total = match state {
        State::All => all,
        State::Open => open,
        State::Resolved => all - open,
    };
    Ok((Paged::of(threads, &page, total.unsigned_abs(), |thread| thread.id.to_string()), open))
}

/// One thread with its comments.
///
/// # Errors
/// `NotFound`.
pub async fn thread(grant: Grant<'_, ReadComments>, id: ThreadId) -> Result<Thread, Fault> {
    whole(grant.read().await?, id).await
}

async fn whole<C: Connection>(tx: &C, id: ThreadId) -> Result<Thread, Fault> {
    let mut thread = repo::find(tx, id).await?.ok_or_else(|| CommentError::NoThread(id.to_string()))?;
    repo::fill(tx, std::slice::from_mut(&mut thread)).await?;
    Ok(thread)
}

/// The subject of a write.
async fn writable(tx: &WriteTx, subject: Subject) -> Result<About, Fault> {
    let about = repo::about(tx, subject).await?.ok_or_else(|| CommentError::NoSubject(subject.to_string()))?;
    if about.removed { Err(CommentError::SubjectRemoved(subject).into()) } else { Ok(about) }
}

/// A thread with its comments and its subject, locked.
async fn open(tx: &WriteTx, id: ThreadId) -> Result<(Thread, About), Fault> {
    let mut thread = repo::lock(tx, id).await?.ok_or_else(|| CommentError::NoThread(id.to_string()))?;
    let about = writable(tx, thread.subject).await?;
    repo::fill(tx, std::slice::from_mut(&mut thread)).await?;
    Ok((thread, about))
}

async fn mentioned(tx: &WriteTx, body: &str) -> Result<Vec<Mention>, Fault> {
    let words = mentions::candidates(body);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let called = members::called(tx, &words).await?;
    let called: Vec<Called> =
        called.into_iter().map(|one| Called { member: one.id, name: one.name.to_lowercase(), email: one.email.to_lowercase() }).collect();
    Ok(mentions::resolve(body, &called))
}

fn new_comment(tx: &WriteTx, thread: ThreadId, body: String, mentions: Vec<Mention>) -> Comment {
    Comment {
        id: CommentId::from_uuid(Uuid::now_v7()),
        thread,
        author: tx.actor().member,
        author_name: tx.actor().called(),
        body,
        mentions,
        created_at: tx.now(),
        edited_at: None,
        removed: false,
        reactions: Vec::new(),
    }
}

fn entry(action: &'static str, about: &About, thread: ThreadId, comment: Option<CommentId>) -> Entry {
    let subject = Entered::new(about.subject.noun(), about.subject, &about.name);
    Entry::new(action, subject).detail(json!({ "thread": thread, "comment": comment }))
}

/// Tells whom it concerns: who is mentioned of the mention, the others of the thread of what happened in it. Nobody is told of their own doing, and nobody
/// twice of one comment, and nobody of what they may not see.
async fn tell(
    tx: &WriteTx,
    about: &About,
    thread: &Thread,
    comment: Option<&Comment>,
    occasion: Occasion,
    mentions: &[Mention],
) -> Result<(), Fault> {
    let own = tx.actor().member;
    let mut told = vec![own];
    let mut news = Vec::new();
    let quote = comment.map_or_else(String::new, |comment| markdown::excerpt(&comment.body, QUOTE));
    let mut add = |member, occasion| {
        if !told.contains(&member) {
            told.push(member);
            news.push(News {
                member,
                occasion,
                actor: tx.actor().called(),
                subject: about.subject.to_string(),
                subject_name: about.name.clone(),
                path: format!("{}#{}", about.subject.path(), thread.id),
                quote: quote.clone(),
            });
        }
    };
    mentions.iter().for_each(|mention| add(mention.member, Occasion::Mention));
    if occasion != Occasion::Mention {
        thread.comments.iter().for_each(|comment| add(comment.author, occasion));
    }
    if !news.is_empty() {
        let members: Vec<_> = news.iter().map(|news| news.member).collect();
        let readers = sharing::readers(tx, about.subject.uuid(), &members).await?;
        news.retain(|news| readers.contains(&news.member));
    }
    notifications::tell(tx, &news).await?;
    tx.announce(about.subject.topic());
    Ok(())
}

/// Tells the organization's channel that somebody began to talk, if everybody may read it.
async fn post(tx: &WriteTx, about: &About, comment: &Comment) -> Result<(), Fault> {
    if !sharing::is_everybodys(tx, about.subject.uuid()).await? {
        return Ok(());
    }
    let happening = Happening {
        post: Post::Thread,
        id: comment.thread.to_string(),
        sentence: format!("{} commented on {}", comment.author_name, about.name),
        quote: markdown::excerpt(&comment.body, QUOTE),
        button: "Open the discussion",
        path: format!("{}#{}", about.subject.path(), comment.thread),
    };
    notifications::post(tx, happening).await
}

/// Starts a thread.
///
/// # Errors
/// `NotFound` for the subject; `Conflict` when it was removed; `Invalid` naming `body` or `key`.
pub async fn start(grant: Grant<'_, WriteComments>, subject: Subject, point: Option<Point>, body: &str) -> Result<Thread, Fault> {
    let body = check_body(body)?;
    point.as_ref().map_or(Ok(()), |point| point.check(subject))?;
    let tx = grant.begin().await?;
    let about = writable(&tx, subject).await?;
    let id = ThreadId::from_uuid(Uuid::now_v7());
    let mentions = mentioned(&tx, &body).await?;
    let comment = new_comment(&tx, id, body, mentions);
    let mut thread = Thread { id, subject, point, created_at: tx.now(), resolved: None, comments: Vec::new() };
    repo::insert_thread(&tx, &thread).await?;
    repo::insert(&tx, &comment).await?;
    tell(&tx, &about, &thread, Some(&comment), Occasion::Mention, &comment.mentions).await?;
    post(&tx, &about, &comment).await?;
    let entry = entry("thread.start", &about, id, Some(comment.id));
    thread.comments.push(comment);
    tx.commit(entry).await?;
    Ok(thread)
}

/// Replies in a thread. A resolved thread is open again.
///
/// # Errors
/// `NotFound`; `Conflict` when the subject was removed; `Invalid` naming `body`; `LimitExceeded` for a full thread.
pub async fn reply(grant: Grant<'_, WriteComments>, id: ThreadId, body: &str) -> Result<Thread, Fault> {
    let body = check_body(body)?;
    let tx = grant.begin().await?;
    let (mut thread, about) = open(&tx, id).await?;
    if thread.comments.len() as i64 >= THREAD_MAX {
        return Err(CommentError::ThreadFull.into());
    }
    let mentions = mentioned(&tx, &body).await?;
    let comment = new_comment(&tx, id, body, mentions);
    repo::insert(&tx, &comment).await?;
    if thread.resolved.take().is_some() {
        repo::resolve(&tx, id, None).await?;
    }
    tell(&tx, &about, &thread, Some(&comment), Occasion::Reply, &comment.mentions).await?;
    let entry = entry("comment.create", &about, id, Some(comment.id));
    thread.comments.push(comment);
    tx.commit(entry).await?;
    Ok(thread)
}

/// A comment of the caller's, in its thread, which is locked.
async fn own(tx: &WriteTx, id: CommentId) -> Result<(Thread, About, usize), Fault> {
    let (thread, about, at) = place(tx, id).await?;
    if thread.comments[at].author != tx.actor().member {
        return Err(CommentError::NotYours.into());
    }
    Ok((thread, about, at))
}

async fn place(tx: &WriteTx, id: CommentId) -> Result<(Thread, About, usize), Fault> {
    let missing = || CommentError::NoComment(id.to_string());
    let thread = repo::thread_of(tx, id).await?.ok_or_else(missing)?;
    let (thread, about) = open(tx, thread).await?;
    let at = thread.comments.iter().position(|comment| comment.id == id && !comment.removed).ok_or_else(missing)?;
    Ok((thread, about, at))
}

/// Edits one's own comment. Whom only the new text mentions is told.
///
/// # Errors
/// `NotFound`; `Forbidden` for somebody else's; `Conflict`; `Invalid` naming `body`.
pub async fn edit(grant: Grant<'_, WriteComments>, id: CommentId, body: &str) -> Result<Thread, Fault> {
    let body = check_body(body)?;
    let tx = grant.begin().await?;
    let (mut thread, about, at) = own(&tx, id).await?;
    let mentions = mentioned(&tx, &body).await?;
    let fresh: Vec<Mention> =
        mentions.iter().filter(|new| !thread.comments[at].mentions.iter().any(|old| old.member == new.member)).cloned().collect();
    repo::edit(&tx, id, &body, &mentions).await?;
    let comment = &mut thread.comments[at];
    (comment.body, comment.mentions, comment.edited_at) = (body, mentions, Some(tx.now()));
    tell(&tx, &about, &thread, Some(&thread.comments[at]), Occasion::Mention, &fresh).await?;
    tx.commit(entry("comment.edit", &about, thread.id, Some(id))).await?;
    Ok(thread)
}

/// Removes one's own comment: its text is gone, its place stays while somebody else's is in the thread. `None`: the thread went with it.
///
/// # Errors
/// `NotFound`; `Forbidden` for somebody else's; `Conflict`.
pub async fn remove(grant: Grant<'_, WriteComments>, id: CommentId) -> Result<Option<Thread>, Fault> {
    let tx = grant.begin().await?;
    let (thread, about, _) = own(&tx, id).await?;
    repo::remove(&tx, id, thread.id).await?;
    let left = match repo::find(&tx, thread.id).await? {
        Some(_) => Some(whole(&tx, thread.id).await?),
        None => None,
    };
    tx.announce(about.subject.topic());
    tx.commit(entry("comment.remove", &about, thread.id, Some(id))).await?;
    Ok(left)
}

/// Resolves a thread, or opens it again. Doing so twice changes nothing.
///
/// # Errors
/// `NotFound`; `Conflict` when the subject was removed.
pub async fn resolve(grant: Grant<'_, WriteComments>, id: ThreadId, resolved: bool) -> Result<Thread, Fault> {
    let tx = grant.begin().await?;
    let (mut thread, about) = open(&tx, id).await?;
    if thread.resolved.is_some() == resolved {
        return Ok(thread);
    }
    let name = tx.actor().called();
    repo::resolve(&tx, id, resolved.then_some(name.as_str())).await?;
    thread.resolved = resolved.then(|| (tx.now(), name));
    if resolved {
        tell(&tx, &about, &thread, thread.comments.first(), Occasion::Resolve, &[]).await?;
    } else {
        tx.announce(about.subject.topic());
    }
    tx.commit(entry(if resolved { "thread.resolve" } else { "thread.reopen" }, &about, id, None)).await?;
    Ok(thread)
}

/// Reacts to a comment, or takes the reaction back. Doing so twice changes nothing.
///
/// # Errors
/// `NotFound`; `Conflict` when the subject was removed.
pub async fn react(grant: Grant<'_, WriteComments>, id: CommentId, kind: Reaction, on: bool) -> Result<Thread, Fault> {
    let tx = grant.begin().await?;
    let (thread, about, _) = place(&tx, id).await?;
    let name = tx.actor().called();
    if !repo::react(&tx, id, kind, on, tx.actor().member, &name).await? {
        return Ok(thread);
    }
    let thread = whole(&tx, thread.id).await?;
    tx.announce(about.subject.topic());
    let action = if on { "comment.react" } else { "comment.unreact" };
    tx.commit(entry(action, &about, thread.id, Some(id))).await?;
    Ok(thread)
}
