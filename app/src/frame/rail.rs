use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

use super::{ThemeSwitch, Viewer, pages::visible, project::ProjectSwitch, use_viewer};
use crate::kit::{Avatar, Glyph, Icon, open_instead};

/// Which entry a path belongs to: a run belongs to Experiments.
fn owns(entry: &str, path: &str) -> bool {
    match entry {
        "/" => path == "/",
        "/experiments" if path.starts_with("/runs/") || path.starts_with("/traces/") || path == "/compare" => true,
        _ => path == entry || path.strip_prefix(entry).is_some_and(|rest| rest.starts_with('/')),
    }
}

/// The rail at the left; on a phone a sheet behind a button.
#[component]
pub(super) fn Rail(palette: RwSignal<bool>) -> impl IntoView {
    let viewer = use_viewer();
    let path = use_location().pathname;
    close_on_arrival(path);
    let entries = move || {
        let links = viewer.with(|viewer| visible(viewer).filter(|place| place.rail).collect::<Vec<_>>());
        links
            .into_iter()
            .map(|entry| {
                let current = move || path.with(|path| owns(entry.href, path)).then_some("page");
                view! {
                    {entry.group.map(|title| view! { <div class="group">{title}</div> })}
                    <a href=entry.href aria-current=current><Glyph icon=entry.icon/>{entry.label}</a>
                }
            })
            .collect_view()
    };
    view! {
        <nav class="rail" id="rail" aria-label="Main" popover="auto">
            <Organizations/>
            <ProjectSwitch/>
            <button class="seek" type="button" command="show-modal" commandfor="palette" on:click=move |event| open_instead(&event, palette)>
                <Glyph icon=Icon::SEARCH/>"Search or jump to"<kbd class="mod">"K"</kbd>
            </button>
            {entries}
            <Me/>
        </nav>
    }
    .into_any()
}

/// The organization and the way to another.
#[component]
fn Organizations() -> impl IntoView {
    let viewer = use_viewer().get_untracked();
    let own = viewer.organization.id.clone();
    let others = viewer
        .organizations
        .into_iter()
        .map(|organization| {
            let current = organization.id == own;
            view! {
                <button type="submit" name="organization" value=organization.id aria-current=current.then_some("true")>
                    <span class="mark small" aria-hidden="true">{initial(&organization.name)}</span>
                    {organization.name}
                    {current.then(|| view! { <Glyph icon=Icon::CHECK/> })}
                </button>
            }
        })
        .collect_view();
    view! {
        <button class="organization" type="button" popovertarget="organizations">
            <span class="mark" aria-hidden="true"><Hallmark/></span>
            <span class="names"><b>{viewer.organization.name.clone()}</b><small>{viewer.organization.slug}</small></span>
            <span class="hidden">"Switch organization"</span>
            <Glyph icon=Icon::CHEVRONS_UP_DOWN/>
        </button>
        <div class="menu below" id="organizations" popover="auto">
            <div class="group">"Organizations"</div>
            <form method="post" action="/organization">{others}</form>
            <hr/>
            <a href="/new-organization"><Glyph icon=Icon::PLUS/>"New organization"</a>
        </div>
    }
    .into_any()
}

/// The reader, with what concerns only them.
#[component]
fn Me() -> impl IntoView {
    let viewer = use_viewer();
    let name = move || viewer.with(|viewer| viewer.name.clone());
    view! {
        <button class="me" type="button" popovertarget="me">
            <Avatar name=Signal::derive(name)/>
            <span class="names"><b>{name}</b><small>{move || viewer.with(Viewer::role_title)}</small></span>
            <span class="hidden">"Your account"</span>
            <Glyph icon=Icon::CHEVRONS_UP_DOWN/>
        </button>
        <div class="menu above" id="me" popover="auto">
            <div class="group">{move || viewer.with(|viewer| viewer.email.clone())}</div>
            <a href="/account"><Glyph icon=Icon::USER/>"Account"</a>
            <div class="line">"Theme"<ThemeSwitch/></div>
            <hr/>
            <form method="post" action="/sign-out"><button type="submit"><Glyph icon=Icon::LOG_OUT/>"Sign out"</button></form>
        </div>
    }
    .into_any()
}

/// The mark: a cut stone, as on a hallmark.
#[component]
pub(crate) fn Hallmark() -> impl IntoView {
    view! { <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d="M7 4h10l4 5.5L12 21 3 9.5z"/><path d="M3 9.5h18"/><path d="m8.5 9.5 3.5 11 3.5-11L12 4z"/></svg> }
}

fn initial(name: &str) -> String {
    name.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default()
}

/// The sheet of a phone closes when the reader has arrived somewhere.
fn close_on_arrival(path: Memo<String>) {
    Effect::new(move |before: Option<()>| {
        path.track();
        if before.is_some() {
            let open = document().query_selector_all(":popover-open").ok();
            for at in 0..open.as_ref().map_or(0, |open| open.length()) {
                let sheet = open.as_ref().and_then(|open| open.item(at)).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
                if let Some(sheet) = sheet {
                    let _ = sheet.hide_popover();
                }
            }
        }
    });
}
