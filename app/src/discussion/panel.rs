//! The panel: what to say, and what was said.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    compose::{Compose, Draft},
    model::{Act, Threads},
    talk::Talk,
    thread,
};
use crate::kit::{Button, Card, Dialog, Field, Glyph, Icon, field, number, steady};

/// The discussion of the page's subject.
#[component]
pub fn Panel(
    /// What is discussed.
    talk: Talk,
) -> impl IntoView {
    steady(talk.query, move |threads| show(talk, threads))
}

fn show(talk: Talk, threads: RwSignal<Option<Threads>>) -> AnyView {
    let held = talk.held;
    let Some(now) = threads.get_untracked() else { return ().into_any() };
    held.set(Some(now));
    // Who follows a link to a thread from another page of the app is brought to it; the browser does so only for pages it loads.
    let hash = use_location().hash;
    Effect::new(move |_: Option<()>| {
        let named = hash.get();
        if let Some(thread) = Some(named.trim_start_matches('#')).filter(|id| id.starts_with("thr_")).and_then(|id| document().get_element_by_id(id))
        {
            thread.scroll_into_view();
        }
    });
    let draft = Draft::new("");
    let start = Callback::new(move |body: String| {
        let about = talk.about.get_untracked().unwrap_or_default();
        talk.act(Act::Start { about, body, point: None }, draft.busy, draft.refused, move || {
            draft.text.try_set(String::new());
        });
    });
    let ids =
        Memo::new(move |_| held.with(|held| held.iter().flat_map(|held| held.nodes.iter().map(|thread| thread.id.clone())).collect::<Vec<_>>()));
    let thread =
        move |id: String| Memo::new(move |_| held.with(|held| held.iter().flat_map(|held| &held.nodes).find(|thread| thread.id == id).cloned()));
    let open = Memo::new(move |_| held.with(|held| held.as_ref().map_or(0, |held| held.open_count)));
    let more = Memo::new(move |_| held.with(|held| held.as_ref().is_some_and(|held| held.page_info.has_next_page)));
    let none = move || {
        ids.with(Vec::is_empty).then(|| {
            let words = if talk.may_write() { "Nothing said yet. Ask, note what you saw, or mention somebody with @." } else { "Nothing said yet." };
            view! { <p class="faint s">{words}</p> }
        })
    };
    let beside =
        move || view! { {move || (open.get() > 0).then(|| view! { <span class="count">{number::counted(open.get(), "open", "open")}</span> })} };
    view! {
        <div class="discussion" id="discussion">
            <Card title="Discussion" beside>
                <div class="stack tight">
                    {talk.may_write().then(|| view! { <Compose talk draft id="say" label="Say something" save="Comment" rows=2 on_save=start/> })}
                    {none}
                    <For each=move || ids.get() key=String::clone let:id>{thread::show(talk, thread(id))}</For>
                    {move || more.get().then(|| view! { <p class="row more"><Button small=true on_press=move || talk.more()>"Show older threads"</Button></p> })}
                </div>
            </Card>
        </div>
    }
    .into_any()
}

/// Asks what to say about one point of a metric.
#[component]
pub fn PointDialog(
    /// What is discussed.
    talk: Talk,
) -> impl IntoView {
    let draft = Draft::new("");
    let step = RwSignal::new(String::new());
    Effect::new(move |_: Option<()>| {
        if let Some(point) = talk.point.get() {
            step.set(point.step.to_string());
        }
    });
    let title = Signal::derive(move || {
        talk.point.with(|point| point.as_ref().map_or_else(|| "Comment".to_owned(), |point| format!("Comment on {}", point.key)))
    });
    let start = Callback::new(move |body: String| {
        let Ok(at) = step.get_untracked().trim().parse::<i64>() else {
            return draft.refused.set(Some("The step is a whole number.".to_owned()));
        };
        let about = talk.about.get_untracked().unwrap_or_default();
        let point = talk.point.get_untracked().map(|point| super::Point { step: at, ..point });
        talk.act(Act::Start { about, body, point }, draft.busy, draft.refused, move || {
            draft.text.try_set(String::new());
            talk.asking.try_set(false);
            talk.toasts.say("The comment stands on the chart and in the discussion.");
        });
    });
    let inside = move || {
        let at = talk.point.with(|point| point.as_ref().map(|point| point.step.to_string()).unwrap_or_default());
        talk.asking.get().then(|| {
            view! {
                <p class="s"><Glyph icon=Icon::CHART_LINE/>" Everybody sees it at this step of the chart."</p>
                <Field name="step" label="Step" kind="number" value=at bind=step rule=field::step as field::Rule/>
                <Compose talk draft id="say-point" label="What happened here" save="Comment" autofocus=true on_save=start on_cancel=Callback::new(move |()| talk.asking.set(false))/>
            }
        })
    };
    view! { <Dialog open=talk.asking title class="narrow">{inside}</Dialog> }.into_any()
}
