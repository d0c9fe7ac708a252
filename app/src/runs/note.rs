use leptos::{prelude::*, task::spawn_local};

use super::{actions, open::Open};
use crate::kit::{Button, ButtonKind, Card, Icon, IconButton, TextArea};

/// What people wrote about the run. Editable; the text before can be brought back.
#[component]
pub(super) fn Note(open: Open) -> impl IntoView {
    let note = Memo::new(move |_| open.run.with(|run| run.note.clone().unwrap_or_default()));
    let editing = RwSignal::new(false);
    let text = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let edit = move || {
        text.set(note.get_untracked());
        editing.set(true);
    };
    let save = move || {
        let (before, now, id) = (note.get_untracked(), text.get_untracked().trim().to_owned(), open.id());
        if before == now {
            return editing.set(false);
        }
        busy.set(true);
        let said = if now.is_empty() { "The note was removed." } else { "The note was saved." };
        let saving = actions::done(open, said.to_owned(), Box::pin(actions::note(open.api(), id.clone(), now)), move |api| {
            Box::pin(actions::note(api, id.clone(), before.clone()))
        });
        // What was typed stays until the server has taken it.
        spawn_local(async move {
            let answer = saving.await;
            busy.try_set(false);
            match answer {
                Ok(()) => drop(editing.try_set(false)),
                Err(error) => open.toasts.fail(&error),
            }
        });
    };
    let body = move || {
        if editing.get() {
            return view! {
                <div class="stack tight">
                    <TextArea name="note" label="Note" compact=true bind=text rows=5 placeholder="What was tried, what came out"/>
                    <p class="row end"><Button small=true on_press=move || editing.set(false)>"Cancel"</Button><Button small=true kind=ButtonKind::Primary busy on_press=save>"Save note"</Button></p>
                </div>
            }
            .into_any();
        }
        let words = note.get();
        if words.is_empty() { view! { <p class="faint s">"No note yet."</p> }.into_any() } else { view! { <p class="note s">{words}</p> }.into_any() }
    };
    let pencil = move || (open.may_write && !editing.get()).then(|| view! { <IconButton icon=Icon::PENCIL label="Edit the note" on_press=edit/> });
    view! { <Card title="Note" actions=move || view! { {pencil} }>{body}</Card> }.into_any()
}
