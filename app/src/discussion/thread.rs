//! One thread.

use leptos::{callback::Callable, prelude::*};

use super::{
    compose::{Compose, Draft},
    model::{Act, Comment, Reactions, Thread},
    talk::Talk,
};
use crate::kit::{Avatar, Button, ConfirmDialog, Glyph, Icon, Menu, MenuItem, RelativeTime, number};

const REACTIONS: [(&str, &str, Icon); 4] =
    [("THUMBS_UP", "Thumbs up", Icon::THUMBS_UP), ("HEART", "Heart", Icon::HEART), ("ROCKET", "Rocket", Icon::ROCKET), ("EYES", "Eyes", Icon::EYE)];

/// A conversation; folded once it is resolved.
pub(super) fn show(talk: Talk, thread: Memo<Option<Thread>>) -> AnyView {
    let Some(first) = thread.get_untracked() else { return ().into_any() };
    let id = first.id.clone();
    let replying = RwSignal::new(false);
    let draft = Draft::new("");
    let resolved = Memo::new(move |_| thread.with(|thread| thread.as_ref().and_then(|thread| thread.resolved_at.zip(thread.resolved_by.clone()))));
    let ids = Memo::new(move |_| {
        thread.with(|thread| thread.iter().flat_map(|thread| thread.comments.iter().map(|comment| comment.id.clone())).collect::<Vec<_>>())
    });
    let comment = move |id: String| {
        Memo::new(move |_| thread.with(|thread| thread.iter().flat_map(|thread| &thread.comments).find(|comment| comment.id == id).cloned()))
    };
    let resolving = RwSignal::new(false);
    let turn = {
        let id = id.clone();
        move |resolved: bool| talk.act(Act::Resolve { thread: id.clone(), resolved }, resolving, RwSignal::new(None), || ())
    };
    let reply = {
        let id = id.clone();
        Callback::new(move |body: String| {
            talk.act(Act::Reply { thread: id.clone(), body }, draft.busy, draft.refused, move || {
                draft.text.try_set(String::new());
                replying.try_set(false);
            });
        })
    };
    let point = first.point.map(|point| {
        view! { <p class="chips"><span class="chip gold"><Glyph icon=Icon::CHART_LINE/>{format!("{} \u{00B7} step {}", point.key, number::count(point.step))}</span></p> }
    });
    let field = format!("reply-{id}");
    let foot = move || {
        if !talk.may_write() {
            return ().into_any();
        }
        if replying.get() {
            return view! { <Compose talk draft id=field.clone() label="Reply" save="Reply" rows=2 autofocus=true on_save=reply on_cancel=Callback::new(move |()| replying.set(false))/> }.into_any();
        }
        let turn = turn.clone();
        let done = resolved.with(Option::is_some);
        let words = if done { "Reopen" } else { "Resolve" };
        view! {
            <p class="row foot">
                <Button small=true icon=Icon::CORNER_DOWN_LEFT on_press=move || replying.set(true)>"Reply"</Button>
                <Button small=true icon=if done { Icon::UNDO_2 } else { Icon::CIRCLE_CHECK } busy=resolving on_press=move || turn(!done)>{words}</Button>
            </p>
        }
        .into_any()
    };
    let said = view! {
        <ol class="comments"><For each=move || ids.get() key=String::clone let:id>{one(talk, comment(id))}</For></ol>
        {foot}
    };
    let head = move || {
        resolved.get().map(|(at, by)| view! { <p class="done s"><Glyph icon=Icon::CIRCLE_CHECK/>"Resolved by "{by}" "<RelativeTime at/></p> })
    };
    view! {
        <article class="thread" class:resolved=move || resolved.with(Option::is_some) id=id>
            {point}
            {head}
            {said}
        </article>
    }
    .into_any()
}

fn one(talk: Talk, comment: Memo<Option<Comment>>) -> AnyView {
    let Some(first) = comment.get_untracked() else { return ().into_any() };
    let (id, author) = (first.id.clone(), first.author.clone());
    let editing = RwSignal::new(false);
    let removing = RwSignal::new(false);
    let draft = Draft::new(&first.body);
    let busy = RwSignal::new(false);
    let removed = Memo::new(move |_| comment.with(|comment| comment.as_ref().is_none_or(|comment| comment.removed)));
    let html = Memo::new(move |_| comment.with(|comment| comment.as_ref().map(|comment| comment.html.clone()).unwrap_or_default()));
    let edited = Memo::new(move |_| comment.with(|comment| comment.as_ref().is_some_and(|comment| comment.edited_at.is_some() && !comment.removed)));
    let reactions = Memo::new(move |_| comment.with(|comment| comment.as_ref().map(|comment| comment.reactions.clone()).unwrap_or_default()));
    let save = {
        let id = id.clone();
        Callback::new(move |body: String| {
            talk.act(Act::Edit { comment: id.clone(), body }, draft.busy, draft.refused, move || {
                editing.try_set(false);
            })
        })
    };
    let remove = {
        let id = id.clone();
        Callback::new(move |()| talk.act(Act::Remove { comment: id.clone() }, busy, RwSignal::new(None), || ()))
    };
    let react = {
        let id = id.clone();
        Callback::new(move |(kind, on): (String, bool)| talk.act(Act::React { comment: id.clone(), kind, on }, busy, RwSignal::new(None), || ()))
    };
    let field = format!("edit-{id}");
    let body = move || {
        if removed.get() {
            return view! { <p class="faint s">"This comment was removed."</p> }.into_any();
        }
        if editing.get() {
            return view! { <Compose talk draft id=field.clone() label="Edit the comment" save="Save" autofocus=true on_save=save on_cancel=Callback::new(move |()| editing.set(false))/> }.into_any();
        }
        // Written by the server, which lets nothing through but its own tags.
        view! { <div class="said" inner_html=html.get()></div> }.into_any()
    };
    let edit = move || {
        draft.text.set(comment.with_untracked(|comment| comment.as_ref().map(|comment| comment.body.clone()).unwrap_or_default()));
        editing.set(true);
    };
    let menu = format!("menu-{id}");
    let named = author.clone();
    let tools = move || {
        (talk.may_write() && !removed.get() && !editing.get()).then(|| {
            let mine = first.is_own.then(|| {
                view! {
                    <Menu id=menu.clone() label=format!("More for the comment of {named}") late=true>
                        <MenuItem icon=Icon::PENCIL on_press=edit>"Edit"</MenuItem>
                        <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || removing.set(true)>"Remove"</MenuItem>
                    </Menu>
                }
            });
            view! { <span class="tools">{picker(&menu, reactions, react)}{mine}</span> }
        })
    };
    view! {
        <li id=id>
            <header><Avatar name=Signal::stored(author.clone())/><b>{author}</b><RelativeTime at=first.created_at/>{move || edited.get().then(|| view! { <span class="faint xs">"edited"</span> })}{tools}</header>
            {body}
            {move || chips(talk, reactions.get(), react)}
            <ConfirmDialog open=removing title="Remove the comment?" confirm="Remove comment" on_confirm=remove>
                <p>"Its text cannot be brought back. Replies of others stay."</p>
            </ConfirmDialog>
        </li>
    }
    .into_any()
}

/// Reactions that are there; a press joins or leaves.
fn chips(talk: Talk, reactions: Vec<Reactions>, react: Callback<(String, bool)>) -> Option<AnyView> {
    (!reactions.is_empty()).then(|| {
        let chips = reactions.into_iter().filter_map(|Reactions { kind, count, mine, members }| {
            let (_, words, icon) = REACTIONS.into_iter().find(|(own, ..)| *own == kind)?;
            let label = format!("{words}: {}", members.join(", "));
            let turn = move |_| react.run((kind.clone(), !mine));
            Some(view! { <button class="reaction" type="button" aria-pressed=mine.to_string() aria-label=label.clone() title=label disabled=!talk.may_write() on:click=turn><Glyph icon/><span class="num">{count}</span></button> })
        })
        .collect_view();
        view! { <p class="reactions">{chips}</p> }.into_any()
    })
}

fn picker(menu: &str, reactions: Memo<Vec<Reactions>>, react: Callback<(String, bool)>) -> AnyView {
    let items = REACTIONS
        .into_iter()
        .map(|(kind, words, icon)| {
            let turn = move || {
                let mine = reactions.with_untracked(|all| all.iter().any(|own| own.kind == kind && own.mine));
                react.run((kind.to_owned(), !mine));
            };
            view! { <MenuItem icon on_press=turn>{words}</MenuItem> }
        })
        .collect_view();
    view! { <Menu id=format!("react-{menu}") label="React" icon=Icon::SMILE_PLUS late=true>{items}</Menu> }.into_any()
}
