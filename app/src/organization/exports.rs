use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::limits::EXPORT_DAYS;

use super::model::{self, Export};
use crate::{
    api::{Answer, Connection, Operation, use_api, use_query},
    kit::{
        Button, ButtonKind, Card, Chip, ConfirmDialog, Glyph, Icon, Pager, RelativeTime, Shape, look_again, number, steady_as, use_address,
        use_toasts,
    },
};

const EXPORTS: Operation = Operation(include_str!("exports.graphql"));
const FIRST: usize = 10;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    organization_exports: Connection<Export>,
}

type Query = Answer<Data>;

/// Asking for an archive of everything, and those that were asked for.
#[component]
pub(super) fn Exports() -> impl IntoView {
    let address = use_address();
    let query: Query = use_query(EXPORTS, move || json!({ "first": FIRST, "after": address.get("after") }));
    view! {
        <Card title="Export">
            <p class="lead">"One archive of all that the organization has: experiments, runs with every point of their metrics, files, models, discussions, members and the audit log, as lines of JSON, Parquet and the files themselves, with a checksum of each. Passwords, tokens and other secrets are not in it."</p>
            {steady_as(Shape::Listed, query, move |data| shown(data, query))}
        </Card>
    }
    .into_any()
}

fn shown(data: RwSignal<Data>, query: Query) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let running = Memo::new(move |_| {
        data.with(|data| data.organization_exports.nodes.iter().find(|export| export.is_running()).map(|export| export.id.clone()))
    });
    look_again(move || running.try_get_untracked().flatten().is_some(), move || query.refetch());
    let (busy, cancelling) = (RwSignal::new(false), RwSignal::new(false));
    let begin = {
        let api = api.clone();
        move || {
            let api = api.clone();
            busy.set(true);
            spawn_local(async move {
                match model::start(api).await {
                    Ok(()) => toasts.say("The export goes on by itself. You are told when the archive is ready."),
                    Err(error) => toasts.fail(&error),
                }
                busy.try_set(false);
                query.refetch();
            });
        }
    };
    let cancel = Callback::new(move |()| {
        let (api, Some(id)) = (api.clone(), running.get_untracked()) else { return };
        spawn_local(async move {
            match model::cancel(api, id).await {
                Ok(()) => toasts.say("The export was cancelled."),
                Err(error) => toasts.fail(&error),
            }
            query.refetch();
        });
    });
    let list = move || data.with(|data| data.organization_exports.nodes.iter().cloned().map(|export| line(export, cancelling)).collect_view());
    let is_empty = Memo::new(move |_| data.with(|data| data.organization_exports.nodes.is_empty()));
    let empty = move || {
        let words = format!(
            "Nothing was exported yet. An archive is made in the background, in some minutes for most organizations, and can be downloaded for {EXPORT_DAYS} days."
        );
        is_empty.get().then(|| view! { <p class="faint">{words}</p> })
    };
    let pages = Signal::derive(move || data.with(|data| data.organization_exports.nodes.len()));
    let total = Signal::derive(move || data.with(|data| data.organization_exports.total_count));
    let next = move || data.with(|data| data.organization_exports.next());
    let more = Memo::new(move |_| total.get() > FIRST as i64);
    let pager = move || more.get().then(|| view! { <Pager shown=pages total next=next() of=("export", "exports")/> });
    view! {
        <div class="row">
            <Button kind=ButtonKind::Primary icon=Icon::DOWNLOAD disabled=Signal::derive(move || busy.get() || running.get().is_some()) on_press=begin>"Export everything"</Button>
        </div>
        {empty}
        <ul class="exports" aria-live="polite">{list}</ul>
        {pager}
        <ConfirmDialog open=cancelling title=Signal::stored("Cancel this export?".to_owned()) confirm=Signal::stored("Cancel the export".to_owned()) on_confirm=cancel>
            <p>"What was made of the archive so far is removed. Nothing of the organization changes."</p>
        </ConfirmDialog>
    }
    .into_any()
}

/// One export: what it is, how far, and what can be done with it.
fn line(export: Export, cancelling: RwSignal<bool>) -> AnyView {
    let (tone, word) = export.state_words();
    let (place, phase) = export.phase_words();
    let act = match (&export.path, export.is_running()) {
        (_, true) => view! { <Button icon=Icon::X on_press=move || cancelling.set(true)>"Cancel"</Button> }.into_any(),
        (Some(path), _) => {
            let size = number::bytes(export.size.unwrap_or_default());
            view! { <a class="button" href=path.clone() download="" rel="external"><Glyph icon=Icon::DOWNLOAD/>{format!("Download, {size}")}</a> }
                .into_any()
        }
        (None, false) => ().into_any(),
    };
    let note = match export.state.as_str() {
        "RUNNING" => {
            let words = format!("{phase}. {}.", export.progress_words());
            view! { <progress max="7" value=place aria-label="How far the export is"></progress><small>{words}</small> }.into_any()
        }
        "FAILED" => view! { <small class="bad">{export.reason.clone().unwrap_or_default()}</small> }.into_any(),
        "DONE" => {
            let until = export.expires_at.map(|until| view! { "It is removed "<RelativeTime at=until/>"." });
            let taken = match export.downloads {
                0 => "Not downloaded yet. ".to_owned(),
                count => format!("Downloaded {}. ", number::counted(count, "time", "times")),
            };
            let damaged = (export.damaged_files > 0).then(|| {
                let files = number::counted(export.damaged_files, "file is", "files are");
                view! { <small class="bad">{format!("{files} damaged in the store and left out; the archive lists them.")}</small> }
            });
            view! { <small>{taken}{until}</small>{damaged} }.into_any()
        }
        _ => ().into_any(),
    };
    view! {
        <li>
            <div class="head">
                <Chip tone dot=true>{word}</Chip>
                <span>"asked for "<RelativeTime at=export.created_at/>{format!(" by {}", export.requested_by)}</span>
                <span class="right">{act}</span>
            </div>
            {note}
        </li>
    }
    .into_any()
}
