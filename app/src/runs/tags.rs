use leptos::{ev, prelude::*, task::spawn_local};

use super::{actions, open::Open};
use crate::{
    api::ApiError,
    experiments::Tag,
    kit::{Button, Card, Copyable, Field, Glyph, Icon, IconButton, field},
};

/// Tags of people; those a client wrote for itself are folded away. Each change can be undone.
#[component]
pub(super) fn Tags(open: Open) -> impl IntoView {
    let tags = Memo::new(move |_| open.run.with(|run| run.tags.clone()));
    // What the form begins with; `None` while it is closed.
    let adding = RwSignal::new(None::<Tag>);
    let edit = move |tag: Tag| adding.set(Some(tag));
    let lines = move || {
        let (internal, own): (Vec<Tag>, Vec<Tag>) = tags.get().into_iter().partition(Tag::is_internal);
        let none = own.is_empty().then(|| view! { <p class="faint s">"No tags yet."</p> });
        let own = own.into_iter().map(|tag| line(open, tags, tag, edit)).collect_view();
        let count = internal.len();
        let internal = internal
            .into_iter()
            .filter(|tag| tag.value.len() < 400)
            .map(|tag| view! { <li><span class="key">{tag.key}</span><Copyable text=tag.value what="the value"/></li> })
            .collect_view();
        let folded = (count > 0)
            .then(|| view! { <details class="fold"><summary>{format!("{count} of the client")}</summary><ul class="tags">{internal}</ul></details> });
        view! { {none}<ul class="tags">{own}</ul>{folded} }
    };
    let form = move || adding.get().map(|tag| view! { <TagForm open tags adding tag/> });
    let turn = move || adding.update(|adding| *adding = if adding.is_none() { Some(Tag { key: String::new(), value: String::new() }) } else { None });
    let plus = move || {
        open.may_write.then(|| view! { <IconButton icon=Icon::PLUS label="Add a tag" pressed=Signal::derive(move || Some(adding.with(Option::is_some))) on_press=turn/> })
    };
    view! { <Card title="Tags" actions=move || view! { {plus} }>{form}{lines}</Card> }.into_any()
}

fn line(open: Open, tags: Memo<Vec<Tag>>, tag: Tag, edit: impl Fn(Tag) + Copy + Send + Sync + 'static) -> AnyView {
    let (for_edit, name) = (tag.clone(), tag.key.clone());
    let buttons = open.may_write.then(|| {
        let label = format!("Remove the tag {name}");
        view! {
            <button class="copy" type="button" aria-label=format!("Change the tag {name}") title="Change" on:click=move |_| edit(for_edit.clone())><Glyph icon=Icon::PENCIL/></button>
            <button class="copy" type="button" aria-label=label title="Remove" on:click=move |_| remove(open, &tags.get_untracked(), name.clone())><Glyph icon=Icon::X/></button>
        }
    });
    view! { <li><span class="key">{tag.key}</span><Copyable text=tag.value what="the value"/>{buttons}</li> }.into_any()
}

/// Sets a tag. What was typed stays until the server has taken it.
#[component]
fn TagForm(
    open: Open,
    tags: Memo<Vec<Tag>>,
    /// Closes the form.
    adding: RwSignal<Option<Tag>>,
    /// What it begins with.
    tag: Tag,
) -> impl IntoView {
    let (key, value) = (RwSignal::new(tag.key.clone()), RwSignal::new(tag.value.clone()));
    let busy = RwSignal::new(false);
    let refused = RwSignal::new(None::<String>);
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (name, text) = (key.get_untracked().trim().to_owned(), value.get_untracked().trim().to_owned());
        if let Err(why) = field::key(&name) {
            return refused.set(Some(why));
        }
        busy.set(true);
        let setting = set(open, &tags.get_untracked(), name, Some(text));
        spawn_local(async move {
            let answer = setting.await;
            busy.try_set(false);
            match answer {
                Ok(()) => drop(adding.try_set(None)),
                Err(error) if error.field.is_some() => drop(refused.try_set(Some(error.message))),
                Err(error) => open.toasts.fail(&error),
            }
        });
    };
    view! {
        <form class="add-tag" on:submit=save>
            <Field name="tag-key" label="Key" autofocus=true value=tag.key bind=key error=refused rule=field::key as field::Rule/>
            <Field name="tag-value" label="Value" required=false value=tag.value bind=value/>
            <Button small=true busy>"Set"</Button>
        </form>
    }
    .into_any()
}

/// Sets a tag or removes it, and offers to bring back what was there.
fn set(open: Open, tags: &[Tag], key: String, value: Option<String>) -> impl Future<Output = Result<(), ApiError>> + use<> {
    let before = tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.clone());
    let said = format!("Tag {key} was {}.", if value.is_some() { "set" } else { "removed" });
    let id = open.id();
    actions::done(open, said, Box::pin(actions::set_tag(open.api(), id.clone(), key.clone(), value)), move |api| {
        Box::pin(actions::set_tag(api, id.clone(), key.clone(), before.clone()))
    })
}

/// Removes a tag.
fn remove(open: Open, tags: &[Tag], key: String) {
    let removing = set(open, tags, key, None);
    spawn_local(async move {
        if let Err(error) = removing.await {
            open.toasts.fail(&error);
        }
    });
}
