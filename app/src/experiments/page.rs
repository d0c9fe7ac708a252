use leptos::{callback::Callable, prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;
use shared::Permission;

use super::{
    bulk::Bulk,
    columns,
    export::Export,
    guide::Guide,
    list::{Lifecycle, is_removed},
    model,
    sheet::{self, Sheet, Wish},
    table,
};
use crate::{
    api::{ApiError, use_api},
    frame::may,
    kit::{
        Address, Button, ButtonLink, Callout, ColumnChooser, Copyable, Crumb, Dialog, Empty, FilterField, Glyph, Icon, Menu, MenuItem, NameDialog,
        Page, Pager, RelativeTime, Saving, Shape, Sort, Table, Tone, number, steady_as, use_address, use_toasts,
    },
    visit::{remember, use_origin, use_remembered},
};

/// The newest first.
fn usual() -> Sort {
    Sort { key: "started".to_owned(), descending: true }
}

type Query = Resource<Result<Sheet, ApiError>>;

/// One experiment: the table of its runs.
#[component]
pub fn ExperimentPage() -> impl IntoView {
    let params = use_params_map();
    let address = use_address();
    let api = use_api();
    let origin = use_origin();
    let kept = RwSignal::new(use_remembered("columns").map(|kept| kept.split('|').map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default());
    let wish = Memo::new(move |_| {
        let asked = address.all("columns");
        Wish {
            id: params.with(|params| params.get("id")).unwrap_or_default(),
            filter: address.get("filter"),
            sort: address.sort().unwrap_or_else(usual),
            removed: is_removed(address),
            columns: if asked.is_empty() { kept.get() } else { asked },
            after: address.get("after"),
        }
    });
    keep_columns(address, wish, kept);
    let query: Query = Resource::new(move || wish.get(), move |wish| sheet::fetch(api.clone(), wish));
    steady_as(Shape::Listed, query, move |sheet| page(sheet, query, wish, address, origin.clone()))
}

/// Columns named by the address are remembered for the next visit, and forgotten when the reader
/// takes them out of it.
fn keep_columns(address: Address, wish: Memo<Wish>, kept: RwSignal<Vec<String>>) {
    Effect::new(move |before: Option<bool>| {
        let asked = address.all("columns");
        let path = wish.with_untracked(|wish| format!("/experiments/{}", wish.id));
        if !asked.is_empty() {
            remember(&path, "columns", Some(&asked.join("|")));
            kept.set(asked);
            return true;
        }
        if before == Some(true) {
            remember(&path, "columns", None);
            kept.set(Vec::new());
        }
        false
    });
}

fn page(sheet: RwSignal<Sheet>, query: Query, wish: Memo<Wish>, address: Address, origin: String) -> AnyView {
    let title = Signal::derive(move || sheet.with(|sheet| sheet.head.experiment.name.clone()));
    let may_write = may(Permission::ExperimentsWrite);
    let renaming = RwSignal::new(false);
    let guiding = RwSignal::new(false);
    let api = use_api();
    let rename = {
        let api = api.clone();
        Callback::new(move |name: String| -> Saving {
            let (api, id) = (api.clone(), wish.with_untracked(|wish| wish.id.clone()));
            Box::pin(async move {
                model::rename(api, id, name).await?;
                query.refetch();
                Ok(())
            })
        })
    };
    let set_removed = remover(sheet, query);
    let gone = Memo::new(move |_| sheet.with(|sheet| sheet.head.experiment.is_removed()));
    let compare = move || shared::comparison::Wish {
        groups: vec![shared::comparison::GroupWish { experiment: sheet.with(|sheet| sheet.head.experiment.id.clone()), ..Default::default() }],
        ..Default::default()
    };
    let talks = may(Permission::CommentsRead);
    let actions = move || {
        view! {
            <ButtonLink href=Signal::derive(move || compare().address()) icon=Icon::GIT_COMPARE>"Compare"</ButtonLink>
            {talks.then(|| view! { <ButtonLink href=Signal::derive(move || format!("/experiments/{}/discussion", sheet.with(|sheet| sheet.head.experiment.id.clone()))) icon=Icon::MESSAGE_SQUARE>"Discussion"</ButtonLink> })}
            <button class="button primary" type="button" command="show-modal" commandfor="guide" on:click=move |_| guiding.set(true)><Glyph icon=Icon::PLAY/>"Log a run"</button>
            {may_write.then(|| view! {
                <Menu id="experiment-menu" label="More for this experiment">
                    <MenuItem icon=Icon::PENCIL on_press=move || renaming.set(true)>"Rename"</MenuItem>
                    {move || if gone.get() { view! { <MenuItem icon=Icon::UNDO_2 on_press=move || set_removed.run(false)>"Restore"</MenuItem> } } else { view! { <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || set_removed.run(true)>"Remove experiment"</MenuItem> } }}
                </Menu>
            })}
        }
    };
    let restore = move || {
        gone.get().then(|| {
            view! {
                <div class="notice"><Callout tone=Tone::Warn>
                    <b>"This experiment was removed."</b>" Its runs are kept and can be read; new ones are refused until it is restored. "
                    {may_write.then(|| view! { <Button small=true on_press=move || set_removed.run(false)>"Restore"</Button> })}
                </Callout></div>
            }
        })
    };
    let workspace = Signal::derive(move || sheet.with(|sheet| sheet.head.project.slug.clone()));
    let for_dialog = origin.clone();
    view! {
        <Page title crumbs=vec![Crumb::new("Experiments", "/experiments")] facts=move || facts(sheet) actions>
            {restore}
            {body(sheet, query, wish, address, origin)}
        </Page>
        <NameDialog open=renaming title="Rename experiment" label="Name" save="Rename" value=title on_save=rename/>
        <Dialog open=guiding title="Log a run" id="guide">
            {let origin = for_dialog.clone(); move || view! { <Guide origin=origin.clone() experiment=title.get() workspace=workspace.get()/> }}
        </Dialog>
    }
    .into_any()
}

fn facts(sheet: RwSignal<Sheet>) -> AnyView {
    let head = Memo::new(move |_| sheet.with(|sheet| sheet.head.clone()));
    (move || {
        let head = head.get();
        let experiment = head.experiment;
        let tags = experiment
            .tags
            .into_iter()
            .filter(|tag| !tag.is_internal())
            .take(6)
            .map(|tag| view! { <span class="chip">{tag.key}": "{tag.value}</span> })
            .collect_view();
        view! {
            <span>{number::counted(experiment.run_count, "run", "runs")}</span>
            {experiment.last_run_at.map(|at| view! { <span>"last run "<RelativeTime at/></span> })}
            {experiment.created_by.map(|by| view! { <span>"created by "{by}</span> })}
            <span>{head.project.name}</span>
            <span><Copyable text=experiment.id shown=crate::kit::shortened(&head.mlflow_id) what="the experiment id"/></span>
            {tags}
        }
    })
    .into_any()
}

/// Removes the experiment or brings it back; a removal can be undone for ten seconds.
fn remover(sheet: RwSignal<Sheet>, query: Query) -> Callback<bool> {
    let (api, toasts) = (use_api(), use_toasts());
    Callback::new(move |removed: bool| {
        let (api, experiment) = (api.clone(), sheet.with_untracked(|sheet| sheet.head.experiment.clone()));
        spawn_local(async move {
            if let Err(error) = model::set_removed(api.clone(), experiment.id.clone(), removed).await {
                return toasts.fail(&error);
            }
            query.refetch();
            if !removed {
                return toasts.say(format!("{} is back.", experiment.name));
            }
            toasts.undo(format!("{} was removed.", experiment.name), move || {
                let (api, id) = (api.clone(), experiment.id.clone());
                spawn_local(async move {
                    match model::set_removed(api, id, false).await {
                        Ok(()) => query.refetch(),
                        Err(error) => toasts.fail(&error),
                    }
                });
            });
        });
    })
}

fn body(sheet: RwSignal<Sheet>, query: Query, wish: Memo<Wish>, address: Address, origin: String) -> AnyView {
    let selected = RwSignal::new(Vec::<String>::new());
    let picking = Memo::new(move |_| !selected.with(Vec::is_empty));
    let removed = Signal::derive(move || wish.with(|wish| wish.removed));
    let keys = Signal::derive(move || sheet.with(|sheet| columns::fields(&sheet.head.metric_keys, &sheet.head.param_keys, &sheet.head.tag_keys)));
    let error = Signal::derive(move || sheet.with(|sheet| sheet.refused.clone()));
    let choices = Signal::derive(move || sheet.with(|sheet| columns::choices(&sheet.head.metric_keys, &sheet.head.param_keys, &sheet.head.tag_keys)));
    let shown = Signal::derive(move || sheet.with(|sheet| sheet.columns.iter().map(columns::Shows::key).collect::<Vec<_>>()));
    let found = move || {
        let filtered = wish.with(|wish| wish.filter.is_some()) && error.get().is_none();
        filtered.then(|| sheet.with(|sheet| format!("{} of {}", number::count(sheet.total), number::count(sheet.head.experiment.run_count))))
    };
    Effect::new(move || {
        wish.track();
        selected.set(Vec::new());
    });
    let again = Callback::new(move |()| query.refetch());
    let tools = move || {
        if picking.get() {
            view! { <Bulk sheet selected removed again/> }.into_any()
        } else {
            view! { <Lifecycle address/><ColumnChooser choices shown/><Export sheet/> }.into_any()
        }
    };
    let has_rows = Memo::new(move |_| sheet.with(|sheet| !sheet.rows.is_empty()));
    let rows = move || {
        if has_rows.get() { filled(sheet, wish, selected) } else { nothing(sheet, wish, address, origin.clone()) }
    };
    view! {
        <div class="toolbar runs">
            <FilterField label="Filter runs" placeholder="metrics.auc > 0.9 and params.model = 'gbdt'" words=keys error found=Signal::derive(found)/>
            <div class="tools">{tools}</div>
        </div>
        {rows}
    }
    .into_any()
}

fn filled(sheet: RwSignal<Sheet>, wish: Memo<Wish>, selected: RwSignal<Vec<String>>) -> AnyView {
    let api = use_api();
    let toasts = use_toasts();
    let columns = Signal::derive(move || sheet.with(table::columns));
    let rows = Signal::derive(move || sheet.with(table::rows));
    let shown = Signal::derive(move || sheet.with(|sheet| sheet.rows.len()));
    let total = Signal::derive(move || sheet.with(|sheet| sheet.total));
    let next = Signal::derive(move || sheet.with(|sheet| sheet.next.clone()));
    let more = move || {
        let (api, mut wish) = (api.clone(), wish.get_untracked());
        let columns = sheet.with_untracked(|sheet| sheet.columns.clone());
        wish.after = next.get_untracked();
        spawn_local(async move {
            match sheet::page(api, &wish, &columns).await {
                Ok((rows, total, next)) => sheet.update(|sheet| {
                    sheet.rows.extend(rows);
                    (sheet.total, sheet.next) = (total, next);
                }),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <Table label="Runs" columns rows selected=selected sort=usual() keys=true/>
        <Pager shown total next of=("run", "runs") on_more=more keys=vec![("j", ""), ("k", "move"), ("x", "select"), ("Enter", "open"), ("/", "filter"), ("?", "all keys")]/>
    }
    .into_any()
}

fn nothing(sheet: RwSignal<Sheet>, wish: Memo<Wish>, address: Address, origin: String) -> AnyView {
    let (filtered, removed) = wish.with(|wish| (wish.filter.is_some(), wish.removed));
    if sheet.with(|sheet| sheet.refused.is_some()) {
        return view! { <Empty icon=Icon::CIRCLE_ALERT title="The filter was not understood">"Nothing was changed. Put it right above, or try "<code>"metrics.auc > 0.9 and params.model = 'gbdt'"</code>"."</Empty> }.into_any();
    }
    if filtered {
        let all = move || address.with("filter", None);
        return view! { <Empty icon=Icon::SEARCH title="No run fits the filter" action=move || view! { <p class="row"><a class="button" href=all>"Show all runs"</a></p> }>"Values of params and tags stand in quotes, metrics are plain numbers."</Empty> }.into_any();
    }
    if removed {
        return view! { <Empty icon=Icon::TRASH_2 title="No run was removed">"Removed runs stay here until they are restored."</Empty> }.into_any();
    }
    let (name, workspace) = sheet.with(|sheet| (sheet.head.experiment.name.clone(), sheet.head.project.slug.clone()));
    let guide = move || view! { <Guide origin=origin.clone() experiment=name.clone() workspace=workspace.clone()/> };
    view! { <Empty icon=Icon::FLASK_CONICAL title="No runs yet" action=guide>"Paste this where you train. The run appears here while it is under way."</Empty> }.into_any()
}
