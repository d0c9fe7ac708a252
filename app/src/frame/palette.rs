use std::time::Duration;

use leptos::{ev, html, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{rail, search, theme, use_project_id, use_viewer};
use crate::{
    api::use_api,
    document::Theme,
    kit::{Command, Commands, Glyph, Icon, Keys, close_on_backdrop, command, follow, use_command},
};

/// How long the reader pauses before the API is asked.
const PAUSE: Duration = Duration::from_millis(120);

/// A line of the palette.
#[derive(Clone)]
struct Item {
    group: &'static str,
    icon: Icon,
    title: String,
    detail: String,
    keys: &'static str,
    does: Does,
}

#[derive(Clone)]
enum Does {
    Go(String),
    Run(Command),
}

/// Reaches every page and action, and whatever the organization holds under a name.
#[component]
pub(super) fn Palette(open: RwSignal<bool>) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let field = NodeRef::<html::Input>::new();
    let text = RwSignal::new(String::new());
    let hits = RwSignal::new(Vec::<search::Hit>::new());
    let cursor = RwSignal::new(0_usize);
    follow(node, open);
    shortcuts(open);
    ask_while_typing(text, hits);
    let viewer = use_viewer();
    let commands = use_context::<Commands>();
    let items = Memo::new_with_compare(
        move |_| if open.get() { assemble(&viewer.get(), commands, &text.get(), &hits.get()) } else { Vec::new() },
        |_, _| true,
    );
    Effect::new(move || {
        if open.get() {
            text.set(field.get_untracked().map(|field| field.value()).unwrap_or_default());
            cursor.set(0);
            if let Some(field) = field.get_untracked() {
                field.select();
            }
        }
    });
    let navigate = use_navigate();
    let choose = Callback::new(move |at: usize| {
        let Some(item) = items.with_untracked(|items| items.get(at).cloned()) else { return };
        open.set(false);
        match item.does {
            Does::Go(path) => navigate(&path, NavigateOptions::default()),
            Does::Run(command) => command::run(&command),
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        let last = items.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => cursor.update(|at| *at = if *at >= last { 0 } else { *at + 1 }),
            "ArrowUp" => cursor.update(|at| *at = if *at == 0 { last } else { *at - 1 }),
            "Home" if event.ctrl_key() => cursor.set(0),
            "Enter" => leptos::callback::Callable::run(&choose, cursor.get_untracked()),
            _ => return,
        }
        event.prevent_default();
        keep_in_view(cursor.get_untracked());
    };
    let typed = move |event| {
        text.set(event_target_value(&event));
        cursor.set(0);
    };
    view! {
        <dialog node_ref=node id="palette" class="palette" closedby="any" aria-label="Search or jump to" on:close=move |_| open.set(false) on:click=move |event| close_on_backdrop(&event, open)>
            <label class="ask">
                <Glyph icon=Icon::SEARCH/>
                <input
                    node_ref=field type="text" role="combobox" placeholder="Search or jump to" autocomplete="off" spellcheck="false" autofocus
                    aria-label="Search or jump to" aria-expanded="true" aria-controls="palette-items" aria-autocomplete="list"
                    aria-activedescendant=move || format!("palette-{}", cursor.get()) on:input=typed on:keydown=on_key
                />
                <kbd>"Esc"</kbd>
            </label>
            <div class="items" id="palette-items" role="listbox" aria-label="Results">
                {move || lines(&items.get(), cursor, choose)}
            </div>
            <p class="none" hidden=move || !open.get() || items.with(|items| !items.is_empty())>"Nothing found. Names of experiments, runs, models and members are searched."</p>
        </dialog>
    }
    .into_any()
}

fn lines(items: &[Item], cursor: RwSignal<usize>, choose: Callback<usize>) -> AnyView {
    let mut group = "";
    items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let heading = (item.group != group).then(|| view! { <div class="group" role="presentation">{item.group}</div> });
            group = item.group;
            let detail = (!item.detail.is_empty()).then(|| view! { <small>{item.detail.clone()}</small> });
            view! {
                {heading}
                <div
                    class="item" role="option" id=format!("palette-{at}") aria-selected=move || (cursor.get() == at).to_string()
                    on:pointermove=move |_| cursor.set(at) on:click=move |_| leptos::callback::Callable::run(&choose, at)
                >
                    <Glyph icon=item.icon/><span class="text">{item.title.clone()}</span>{detail}<span class="keys"><Keys keys=item.keys/></span>
                </div>
            }
        })
        .collect_view()
        .into_any()
}

/// Pages, then what the API found, then actions; all of them narrowed by the text.
fn assemble(viewer: &super::Viewer, commands: Option<Commands>, text: &str, hits: &[search::Hit]) -> Vec<Item> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let fits = |title: &str| {
        let title = title.to_lowercase();
        words.iter().all(|word| title.contains(word.as_str()))
    };
    let account = [("Account", "/account", Icon::USER)];
    let pages = rail::visible(viewer)
        .map(|entry| (entry.label, entry.href, entry.icon, entry.key))
        .chain(account.map(|(label, href, icon)| (label, href, icon, "")));
    let pages = pages.filter(|page| fits(page.0)).map(|(label, href, icon, keys)| Item {
        group: "Go to",
        icon,
        title: label.to_owned(),
        detail: String::new(),
        keys,
        does: Does::Go(href.to_owned()),
    });
    let found = hits.iter().map(|hit| Item {
        group: "Found",
        icon: hit.icon(),
        title: hit.title.clone(),
        detail: hit.subtitle.clone(),
        keys: "",
        does: Does::Go(hit.path.clone()),
    });
    let actions = commands.map(Commands::all).unwrap_or_default().into_iter().rev().filter_map(|command| {
        let icon = command.icon.filter(|_| fits(&command.label))?;
        Some(Item { group: "Do", icon, title: command.label.clone(), detail: String::new(), keys: command.keys, does: Does::Run(command) })
    });
    pages.chain(found).chain(actions).collect()
}

/// `mod+k`, the jumps, and the actions that are there on every page.
fn shortcuts(open: RwSignal<bool>) {
    use_command(Command::key("mod+k", "Everywhere", "Search or jump to", move || open.update(|open| *open = !*open)));
    let navigate = use_navigate();
    for entry in use_viewer().with_untracked(|viewer| rail::visible(viewer).collect::<Vec<_>>()) {
        let navigate = navigate.clone();
        use_command(Command::key(entry.key, "Go to", entry.label, move || navigate(entry.href, NavigateOptions::default())));
    }
    let turn = theme::turn();
    use_command(Command::action(Icon::SUN, "", "Everywhere", "Use the light theme", move || turn(Theme::Light)));
    use_command(Command::action(Icon::MOON, "", "Everywhere", "Use the dark theme", move || turn(Theme::Dark)));
    use_command(Command::action(Icon::MONITOR, "", "Everywhere", "Use the system\u{2019}s theme", move || turn(Theme::System)));
}

/// Asks the API when the reader pauses; an answer that comes too late is dropped.
fn ask_while_typing(text: RwSignal<String>, hits: RwSignal<Vec<search::Hit>>) {
    let (api, project) = (use_api(), use_project_id());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_: Option<()>| {
        let asked = text.get().trim().to_owned();
        if let Some(handle) = waiting.get_value() {
            handle.clear();
        }
        if asked.is_empty() {
            hits.set(Vec::new());
            return;
        }
        let (api, project) = (api.clone(), project.clone());
        let ask = move || {
            spawn_local(async move {
                if let Ok(found) = search::search(api, asked.clone(), project).await
                    && text.try_get_untracked().is_some_and(|text| text.trim() == asked)
                {
                    hits.set(found);
                }
            });
        };
        waiting.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    });
}

fn keep_in_view(at: usize) {
    if let Some(line) = document().get_element_by_id(&format!("palette-{at}")) {
        line.scroll_into_view_with_bool(false);
    }
}
