use std::time::Duration;

use leptos::{ev, html, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    controls::{Control, controls},
    pages, search, theme, use_project_id, use_viewer,
};
use crate::{
    api::use_api,
    document::Theme,
    kit::{Command, Commands, Glyph, Icon, Keys, close_on_backdrop, closed, command, follow, use_command},
};

/// How long the reader pauses before the API is asked.
const PAUSE: Duration = Duration::from_millis(120);

/// A line of the palette.
#[derive(Clone)]
struct Item {
    group: &'static str,
    /// The inside of its svg.
    icon: String,
    title: String,
    detail: String,
    keys: &'static str,
    does: Does,
}

#[derive(Clone)]
enum Does {
    Go(String),
    Run(Command),
    Press(Control),
}

/// Reaches every page and action, and whatever the organization holds under a name.
#[component]
pub(super) fn Palette(open: RwSignal<bool>) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let field = NodeRef::<html::Input>::new();
    let text = RwSignal::new(String::new());
    let hits = RwSignal::new(Vec::<search::Hit>::new());
    let cursor = RwSignal::new(0_usize);
    let pressable = RwSignal::new(Vec::<Control>::new());
    follow(node, open);
    let is_open = move || node.get_untracked().is_some_and(|dialog| dialog.open());
    shortcuts(open, is_open);
    ask_while_typing(text, hits);
    let viewer = use_viewer();
    let commands = use_context::<Commands>();
    let items = Memo::new_with_compare(
        move |_| {
            if !open.get() {
                return Vec::new();
            }
            pressable.with(|pressable| assemble(&viewer.get(), commands, pressable, &text.get(), &hits.get()))
        },
        |_, _| true,
    );
    Effect::new(move || {
        if open.get() {
            // The page under the dialog stays as it is now.
            pressable.set(controls());
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
            Does::Press(control) => control.press(),
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
        <dialog node_ref=node id="palette" class="palette" closedby="any" aria-label="Search or jump to" on:close=move |_| closed(node, open) on:click=move |event| close_on_backdrop(&event, open)>
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
                    <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true" inner_html=item.icon.clone()></svg><span class="text">{item.title.clone()}</span>{detail}<span class="keys"><Keys keys=item.keys/></span>
                </div>
            }
        })
        .collect_view()
        .into_any()
}

/// Pages, then what the API found, then what can be done; all of them narrowed by the text.
fn assemble(viewer: &super::Viewer, commands: Option<Commands>, pressable: &[Control], text: &str, hits: &[search::Hit]) -> Vec<Item> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let fits = |title: &str| {
        let title = title.to_lowercase();
        words.iter().all(|word| title.contains(word.as_str()))
    };
    let item =
        |group, icon: &str, title: &str, does| Item { group, icon: icon.to_owned(), title: title.to_owned(), detail: String::new(), keys: "", does };
    let pages = pages::visible(viewer)
        .filter(|place| fits(place.label))
        .map(|place| Item { keys: place.keys, ..item("Go to", place.icon.inside(), place.label, Does::Go(place.href.to_owned())) });
    let found =
        hits.iter().map(|hit| Item { detail: hit.subtitle.clone(), ..item("Found", hit.icon().inside(), &hit.title, Does::Go(hit.path.clone())) });
    let given: Vec<(Icon, Command)> =
        commands.map(Commands::all).unwrap_or_default().into_iter().rev().filter_map(|command| Some((command.icon?, command))).collect();
    let pressed = pressable
        .iter()
        .filter(|control| fits(&control.title) && !given.iter().any(|(_, command)| command.label == control.title))
        .map(|control| item("On this page", &control.icon, &control.title, Does::Press(control.clone())));
    let actions = given
        .iter()
        .filter(|(_, command)| fits(&command.label))
        .map(|(icon, command)| Item { keys: command.keys, ..item("Do", icon.inside(), &command.label, Does::Run(command.clone())) });
    pages.chain(found).chain(pressed).chain(actions).collect()
}

/// `mod+k`, the jumps, and the actions that are there on every page.
fn shortcuts(open: RwSignal<bool>, is_open: impl Fn() -> bool + Send + Sync + 'static) {
    use_command(Command::key("mod+k", "Everywhere", "Search or jump to", move || open.set(!is_open())));
    let navigate = use_navigate();
    for entry in use_viewer().with_untracked(|viewer| pages::visible(viewer).filter(|place| !place.keys.is_empty()).collect::<Vec<_>>()) {
        let navigate = navigate.clone();
        use_command(Command::key(entry.keys, "Go to", entry.label, move || navigate(entry.href, NavigateOptions::default())));
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
