//! The field that comments are written in, with completion of members after an `@`.

use std::time::Duration;

use leptos::{callback::Callable, ev, html, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use super::{
    model::{self, Person},
    talk::Talk,
};
use crate::kit::{Button, ButtonKind, Glyph, Icon, both_ways, field as rule};

/// How long the writer pauses before members are asked for.
const PAUSE: Duration = Duration::from_millis(120);

/// What is being written.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub text: RwSignal<String>,
    pub busy: RwSignal<bool>,
    /// What the server says is wrong with it.
    pub refused: RwSignal<Option<String>>,
}

impl Draft {
    pub fn new(text: &str) -> Self {
        Self { text: RwSignal::new(text.to_owned()), busy: RwSignal::new(false), refused: RwSignal::new(None) }
    }
}

/// Writes a comment. Ctrl or Cmd with Enter saves; what was typed stays when it is refused.
#[component]
pub(super) fn Compose(
    talk: Talk,
    draft: Draft,
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// Names the field.
    #[prop(into)]
    label: String,
    /// What the button says.
    #[prop(into)]
    save: String,
    #[prop(default = 3)] rows: u32,
    #[prop(optional)] autofocus: bool,
    #[prop(into)] on_save: Callback<String>,
    #[prop(optional, into)] on_cancel: Option<Callback<()>>,
) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    let people = RwSignal::new(Vec::<Person>::new());
    let at = RwSignal::new(0_usize);
    let Draft { text, busy, refused } = draft;
    both_ways(field, text);
    let ask = asker(talk, people, at);
    let submit = move || {
        let body = text.get_untracked();
        if body.trim().is_empty() || busy.get_untracked() {
            return;
        }
        people.set(Vec::new());
        match rule::comment(&body) {
            Ok(()) => on_save.run(body),
            Err(why) => refused.set(Some(why)),
        }
    };
    let choose = move |person: Person| {
        let Some(field) = field.get_untracked() else { return };
        let value = field.value();
        let end = caret(&field, &value);
        if let Some((start, _)) = begun(&value[..end]) {
            // Of two with one name the address says who is meant.
            let namesakes = people.with_untracked(|people| people.iter().filter(|other| other.name == person.name).count() > 1);
            let words = if namesakes { &person.email } else { &person.name };
            let now = format!("{}@{words} {}", &value[..start], value[end..].trim_start_matches(' '));
            let place = value[..start].encode_utf16().count() + words.encode_utf16().count() + 2;
            field.set_value(&now);
            let _ = field.set_selection_range(place as u32, place as u32);
            text.set(now);
        }
        people.set(Vec::new());
        let _ = field.focus();
    };
    let typed = move |event: ev::Event| {
        let value = event_target_value(&event);
        if refused.with_untracked(Option::is_some) {
            refused.set(wrong(&value));
        }
        let wanted = field.get_untracked().and_then(|field| begun(&value[..caret(&field, &value)]).map(|(_, word)| word.to_owned()));
        text.set(value);
        ask(wanted);
    };
    let keyed = move |event: ev::KeyboardEvent| {
        let offered = people.with_untracked(Vec::len);
        match event.key().as_str() {
            "Enter" if event.ctrl_key() || event.meta_key() => submit(),
            "ArrowDown" if offered > 0 => at.update(|at| *at = (*at + 1) % offered),
            "ArrowUp" if offered > 0 => at.update(|at| *at = (*at + offered - 1) % offered),
            "Enter" | "Tab" if offered > 0 => {
                if let Some(person) = people.with_untracked(|people| people.get(at.get_untracked()).cloned()) {
                    choose(person);
                }
            }
            "Escape" if offered > 0 => {
                people.set(Vec::new());
                event.stop_propagation();
            }
            "Escape" => match on_cancel {
                Some(on_cancel) if text.with_untracked(|text| text.trim().is_empty()) => on_cancel.run(()),
                _ => return,
            },
            _ => return,
        }
        event.prevent_default();
    };
    let left = move |_| {
        people.set(Vec::new());
        // What the server refused stays said until something is typed.
        if refused.with_untracked(Option::is_none) {
            refused.set(text.with_untracked(|text| wrong(text)));
        }
    };
    let list = format!("{id}-people");
    let (own, owned) = (list.clone(), list.clone());
    let offers = move || {
        let all = people.get();
        (!all.is_empty()).then(|| {
            let lines = all
                .into_iter()
                .enumerate()
                .map(|(place, person)| {
                    let chosen = person.clone();
                    let press = move |event: ev::PointerEvent| {
                        // The field keeps the focus.
                        event.prevent_default();
                        choose(chosen.clone());
                    };
                    view! {
                        <div class="item" role="option" id=format!("{own}-{place}") aria-selected=move || (at.get() == place).to_string() on:pointerdown=press>
                            <b>{person.name}</b><small>{person.email}</small>
                        </div>
                    }
                })
                .collect_view();
            view! { <div class="offers" role="listbox" id=own.clone() aria-label="Members">{lines}</div> }
        })
    };
    let save = StoredValue::new(save);
    view! {
        <div class="compose" class:wrong=move || refused.get().is_some()>
            <label class="hidden" for=id.clone()>{label.clone()}</label>
            <textarea
                class="input" id=id node_ref=field rows=rows placeholder=label autofocus=autofocus spellcheck="true" aria-autocomplete="list"
                aria-controls=move || people.with(|people| (!people.is_empty()).then(|| list.clone()))
                aria-activedescendant=move || people.with(|people| (!people.is_empty()).then(|| format!("{owned}-{}", at.get())))
                aria-invalid=move || refused.get().map(|_| "true")
                on:input=typed on:keydown=keyed on:blur=left
            ></textarea>
            {offers}
            <p class="error" aria-live="polite">{move || refused.get().map(|message| view! { <Glyph icon=Icon::CIRCLE_ALERT/>{message} })}</p>
            <p class="row">
                <span class="faint xs">"Markdown. @ mentions."</span>
                <span class="push"></span>
                {on_cancel.map(|on_cancel| view! { <Button small=true on_press=move || on_cancel.run(())>"Cancel"</Button> })}
                <Button small=true kind=ButtonKind::Primary busy disabled=Signal::derive(move || text.with(|text| text.trim().is_empty())) on_press=submit>{save.get_value()}</Button>
            </p>
        </div>
    }
    .into_any()
}

/// What the server would say of it. An empty field is nothing to say anything about.
fn wrong(text: &str) -> Option<String> {
    if text.trim().is_empty() { None } else { rule::comment(text).err() }
}

/// Asks for members when the writer pauses; an answer that comes too late is dropped.
fn asker(talk: Talk, people: RwSignal<Vec<Person>>, at: RwSignal<usize>) -> impl Fn(Option<String>) + Copy {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let asked = StoredValue::new(0_u32);
    let stop = move || {
        if let Some(handle) = waiting.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(stop);
    move |wanted: Option<String>| {
        stop();
        let turn = asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        });
        let Some(wanted) = wanted else {
            people.set(Vec::new());
            return;
        };
        let ask = move || {
            let (api, wanted) = (talk.api(), wanted.clone());
            spawn_local(async move {
                if let Ok(found) = model::people(api, wanted).await
                    && asked.try_get_value() == turn
                {
                    at.try_set(0);
                    people.try_set(found);
                }
            });
        };
        waiting.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    }
}

/// Where the caret stands, in bytes of the text.
fn caret(field: &web_sys::HtmlTextAreaElement, text: &str) -> usize {
    let units = field.selection_start().ok().flatten().map_or(usize::MAX, |at| at as usize);
    let mut counted = 0;
    for (at, c) in text.char_indices() {
        if counted >= units {
            return at;
        }
        counted += c.len_utf16();
    }
    text.len()
}

/// The mention that is being typed at the end of a text: where its `@` stands, and what follows it.
fn begun(text: &str) -> Option<(usize, &str)> {
    let at = text.rfind('@')?;
    let word = &text[at + 1..];
    let starts = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let fits = word.chars().count() <= 40 && !word.contains('\n') && word.split(' ').count() <= 3 && !word.starts_with(' ') && !word.ends_with("  ");
    (starts && fits && !word.is_empty()).then_some((at, word))
}

#[cfg(test)]
mod tests {
    use super::begun;

    #[test]
    fn a_mention_begins_at_an_at_sign_of_its_own() {
        assert_eq!(begun("hi @Ad"), Some((3, "Ad")));
        assert_eq!(begun("@Ada Lo"), Some((0, "Ada Lo")));
        for none in ["", "hi", "@", "me@ex", "@ x", "@a\nb", "@a b c d"] {
            assert_eq!(begun(none), None, "{none:?}");
        }
    }
}
