use leptos::{ev, prelude::*};

use super::{actions, open::Open};
use crate::{
    experiments::Tag,
    kit::{Button, Card, Copyable, Glyph, Icon, IconButton},
};

/// Tags of people; those a client wrote for itself are folded away. Each change can be undone.
#[component]
pub(super) fn Tags(open: Open) -> impl IntoView {
    let tags = Memo::new(move |_| open.run.with(|run| run.tags.clone()));
    let (key, value) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let adding = RwSignal::new(false);
    let edit = move |tag: Tag| {
        key.set(tag.key);
        value.set(tag.value);
        adding.set(true);
    };
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (name, text) = (key.get_untracked().trim().to_owned(), value.get_untracked().trim().to_owned());
        if name.is_empty() {
            return;
        }
        set(open, &tags.get_untracked(), name, Some(text));
        key.set(String::new());
        value.set(String::new());
        adding.set(false);
    };
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
    let form = move || {
        adding.get().then(|| view! {
            <form class="add-tag" on:submit=add>
                <input class="input" type="text" aria-label="Key" placeholder="key" autocomplete="off" spellcheck="false" autofocus maxlength="250" prop:value=key on:input=move |event| key.set(event_target_value(&event))/>
                <input class="input" type="text" aria-label="Value" placeholder="value" autocomplete="off" spellcheck="false" prop:value=value on:input=move |event| value.set(event_target_value(&event))/>
                <Button small=true>"Set"</Button>
            </form>
        })
    };
    let plus = move || {
        open.may_write.then(|| view! { <IconButton icon=Icon::PLUS label="Add a tag" pressed=Signal::derive(move || Some(adding.get())) on_press=move || adding.update(|adding| *adding = !*adding)/> })
    };
    view! { <Card title="Tags" actions=move || view! { {plus} }>{form}{lines}</Card> }.into_any()
}

fn line(open: Open, tags: Memo<Vec<Tag>>, tag: Tag, edit: impl Fn(Tag) + Copy + Send + Sync + 'static) -> AnyView {
    let (for_edit, name) = (tag.clone(), tag.key.clone());
    let buttons = open.may_write.then(|| {
        let label = format!("Remove the tag {name}");
        view! {
            <button class="copy" type="button" aria-label=format!("Change the tag {name}") title="Change" on:click=move |_| edit(for_edit.clone())><Glyph icon=Icon::PENCIL/></button>
            <button class="copy" type="button" aria-label=label title="Remove" on:click=move |_| set(open, &tags.get_untracked(), name.clone(), None)><Glyph icon=Icon::X/></button>
        }
    });
    view! { <li><span class="key">{tag.key}</span><Copyable text=tag.value what="the value"/>{buttons}</li> }.into_any()
}

/// Sets a tag or removes it, and offers to bring back what was there.
fn set(open: Open, tags: &[Tag], key: String, value: Option<String>) {
    let before = tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.clone());
    let said = format!("Tag {key} was {}.", if value.is_some() { "set" } else { "removed" });
    let id = open.id();
    actions::change(open, said, Box::pin(actions::set_tag(open.api(), id.clone(), key.clone(), value)), move |api| {
        Box::pin(actions::set_tag(api, id.clone(), key.clone(), before.clone()))
    });
}
