use leptos::{callback::Callable, prelude::*, task::spawn_local};
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::{Permission, comparison::RUNS_NAMED_MAX};

use super::{
    arrangement::{Arrangement, Chosen},
    bulk::{Bulk, comparison},
    columns,
    export::Export,
    facets::Facets,
    groups::{GroupTable, Grouping, grouped},
    guide::Guide,
    list::{Lifecycle, is_removed},
    live, model,
    removal::Removal,
    row_menu::{self, RunMenu},
    share,
    sheet::{Sheet, Wish},
    table,
    work::{Work, more},
};
use crate::{
    api::{Answer, ask, use_api},
    frame::{may, provide_here},
    kit::{
        Address, Button, ButtonKind, ButtonLink, Callout, ColumnChooser, Command, Copyable, Crumb, Dialog, Empty, FilterField, Glyph, Icon, Menu,
        MenuItem, NameDialog, Page, Pager, RelativeTime, RowMenu, Saving, Shape, Sort, Table, Tone, chosen_columns, field, number, steady_as,
        use_address, use_command, use_toasts,
    },
    templates::{self, TemplateDialog},
    visit::use_origin,
};

/// The newest first.
fn usual() -> Sort {
    Sort { key: "started".to_owned(), descending: true }
}

pub(super) type Query = Answer<Sheet>;

/// One experiment: the table of its runs.
#[component]
pub fn ExperimentPage() -> impl IntoView {
    let params = use_params_map();
    let address = use_address();
    let api = use_api();
    let origin = use_origin();
    let chosen: Chosen = RwSignal::new(None);
    let keeps = may(Permission::CommentsRead);
    let wish = Memo::new(move |_| {
        let asked = chosen_columns(address);
        let id = params.with(|params| params.get("id")).unwrap_or_default();
        let own = chosen.get().filter(|(of, _)| *of == id).map(|(_, columns)| columns);
        Wish {
            settled: own.is_some(),
            keeps: keeps && id.len() < 100 && id.bytes().all(|byte| byte.is_ascii_graphic()),
            id,
            filter: address.get("filter"),
            sort: address.sort().unwrap_or_else(usual),
            removed: is_removed(address),
            columns: if asked.is_empty() { own.unwrap_or_default() } else { asked },
            after: address.get("after"),
        }
    });
    let work = Work::new();
    let query: Query = ask(move || wish.get(), move |wish| work.fetch(api.clone(), wish));
    steady_as(Shape::Listed, query, move |sheet| page(sheet, query, wish, chosen, work, address, origin.clone()))
}

fn page(sheet: RwSignal<Sheet>, query: Query, wish: Memo<Wish>, chosen: Chosen, work: Work, address: Address, origin: String) -> AnyView {
    live::watch(sheet, wish, work);
    provide_here(sheet.with_untracked(|sheet| sheet.head.viewer_permissions.clone()));
    let sharing = RwSignal::new(false);
    let title = Signal::derive(move || sheet.with(|sheet| sheet.head.experiment.name.clone()));
    let may_write = may(Permission::ExperimentsWrite);
    let renaming = RwSignal::new(false);
    let guiding = RwSignal::new(false);
    let marking = RwSignal::new(false);
    let (api, toasts) = (use_api(), use_toasts());
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
    let mark = Callback::new(move |(name, about): (String, String)| -> Saving {
        let (id, said) = (sheet.with_untracked(|sheet| sheet.head.experiment.id.clone()), format!("{name} is a template now."));
        let work = templates::create_of_experiment(api.clone(), id, name, about);
        Box::pin(async move {
            work.await?;
            toasts.say(said);
            query.refetch();
            Ok(())
        })
    });
    let first = Signal::derive(move || (title.get(), String::new()));
    let may_mark = Memo::new(move |_| sheet.with(|sheet| sheet.head.template.is_none() && !sheet.head.experiment.is_removed()));
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
            <ButtonLink href=Signal::derive(move || format!("/experiments/{}/traces", sheet.with(|sheet| sheet.head.experiment.id.clone()))) icon=Icon::SCROLL_TEXT>"Traces"</ButtonLink>
            {talks.then(|| view! { <ButtonLink href=Signal::derive(move || format!("/experiments/{}/discussion", sheet.with(|sheet| sheet.head.experiment.id.clone()))) icon=Icon::MESSAGE_SQUARE>"Discussion"</ButtonLink> })}
            <Button on_press=move || sharing.set(true)>"Share"</Button>
            <button class="button primary" type="button" command="show-modal" commandfor="guide" on:click=move |_| guiding.set(true)><Glyph icon=Icon::PLAY/>"Log a run"</button>
            {may_write.then(|| view! {
                <Menu id="experiment-menu" label="More for this experiment" late=true>
                    <MenuItem icon=Icon::PENCIL on_press=move || renaming.set(true)>"Rename"</MenuItem>
                    {move || may_mark.get().then(|| view! { <MenuItem icon=Icon::COPY on_press=move || marking.set(true)>"Mark as template"</MenuItem> })}
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
            {body(sheet, query, wish, chosen, work, address, origin)}
        </Page>
        <NameDialog open=renaming title="Rename experiment" label="Name" save="Rename" value=title rule=field::experiment_name as field::Rule on_save=rename/>
        <TemplateDialog open=marking title="Mark as template" save="Mark as template" value=first on_save=mark/>
        <share::Share open=sharing sheet query/>
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
        let runs = experiment.runs();
        let tags = experiment
            .tags
            .into_iter()
            .filter(|tag| !tag.is_internal())
            .take(6)
            .map(|tag| view! { <span class="chip">{tag.key}": "{tag.value}</span> })
            .collect_view();
        view! {
            <span>{runs}</span>
            {experiment.last_run_at.map(|at| view! { <span>"last run "<RelativeTime at/></span> })}
            {experiment.created_by.map(|by| view! { <span>"created by "{by}</span> })}
            <span>{head.project.name}</span>
            {head.template.map(|own| view! { <span>"template "<a class="link" href=format!("/templates/{}", own.id)>{own.name}</a></span> })}
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

fn body(sheet: RwSignal<Sheet>, query: Query, wish: Memo<Wish>, chosen: Chosen, work: Work, address: Address, origin: String) -> AnyView {
    let selected = RwSignal::new(Vec::<String>::new());
    let picking = Memo::new(move |_| !selected.with(Vec::is_empty));
    let keys = Signal::derive(move || sheet.with(|sheet| columns::fields(&sheet.head.metric_keys, &sheet.head.param_keys, &sheet.head.tag_keys)));
    let error = Signal::derive(move || sheet.with(|sheet| sheet.refused.clone()));
    let choices = Signal::derive(move || sheet.with(|sheet| columns::choices(&sheet.head.metric_keys, &sheet.head.param_keys, &sheet.head.tag_keys)));
    let shown = Signal::derive(move || sheet.with(|sheet| sheet.columns.iter().map(columns::Shows::key).collect::<Vec<_>>()));
    let found = move || {
        let filtered = wish.with(|wish| wish.filter.is_some()) && error.get().is_none();
        let plus = |least: bool| if least { "+" } else { "" };
        filtered.then(|| {
            sheet.with(|sheet| {
                let (found, all) = (sheet.total, &sheet.head.experiment);
                let (found, of) = (number::count(found.count) + plus(found.is_least), number::count(all.run_count) + plus(all.run_count_is_least));
                format!("{found} of {of}")
            })
        })
    };
    // Other rows are selected anew; with other columns they are the same.
    let listed = Memo::new(move |_| wish.with(|wish| (wish.id.clone(), wish.filter.clone(), wish.sort.clone(), wish.removed, wish.after.clone())));
    Effect::new(move || {
        listed.track();
        selected.set(Vec::new());
    });
    let removal = Removal::of(sheet, wish, selected, work.acting, Callback::new(move |()| query.refetch()));
    let arrangement = Arrangement::of(sheet, wish, chosen);
    let choose = Callback::new(move |columns| arrangement.choose(columns));
    let experiment = Signal::derive(move || sheet.with(|sheet| sheet.head.experiment.id.clone()));
    let tools = move || {
        if picking.get() {
            view! { <Bulk removal/> }.into_any()
        } else {
            view! { <Lifecycle address/><Facets experiment address/><Grouping sheet address/><ColumnChooser choices shown on_choose=choose/><Export sheet wish/> }.into_any()
        }
    };
    let has_rows = Memo::new(move |_| sheet.with(|sheet| !sheet.rows.is_empty()));
    let in_groups = Memo::new(move |_| !grouped(address).is_empty());
    let rows = move || {
        if in_groups.get() && has_rows.get() {
            return view! { <GroupTable sheet wish address/> }.into_any();
        }
        if has_rows.get() { filled(sheet, wish, work, removal, arrangement, address) } else { nothing(sheet, wish, address, origin.clone()) }
    };
    view! {
        <div class="toolbar runs">
            <FilterField label="Filter runs" placeholder="metrics.auc > 0.9 and params.model = 'gbdt'" words=keys error found=Signal::derive(found)/>
            <div class="tools">
                {move || work.behind.get().map(|new| view! { <Button kind=ButtonKind::Quiet icon=Icon::ROTATE_CCW on_press=move || query.refetch()>{news(new)}</Button> })}
                {tools}
            </div>
        </div>
        {rows}
    }
    .into_any()
}

/// What the button says that loads a table again which is behind.
fn news(new: i64) -> String {
    if new > 0 { format!("{}: reload", number::counted(new, "new run", "new runs")) } else { "The runs have changed: reload".to_owned() }
}

fn filled(sheet: RwSignal<Sheet>, wish: Memo<Wish>, work: Work, removal: Removal, arrangement: Arrangement, address: Address) -> AnyView {
    let selected = removal.selected;
    let toasts = use_toasts();
    let navigate = use_navigate();
    use_command(Command::key("c", "Table", "Compare the selected runs", move || {
        if selected.with_untracked(Vec::is_empty) {
            return toasts.say("Select runs first: X on a row, or its box.");
        }
        let count = selected.with_untracked(Vec::len);
        if count > RUNS_NAMED_MAX {
            toasts.say(format!("The first {RUNS_NAMED_MAX} of {} are compared.", number::counted(count as i64, "selected run", "selected runs")));
        }
        navigate(&selected.with_untracked(|selected| comparison(selected)), Default::default());
    }));
    let columns = Signal::derive(move || sheet.with(table::columns));
    let rows = Signal::derive(move || sheet.with(table::rows));
    let shown = Signal::derive(move || sheet.with(|sheet| sheet.rows.len()));
    let total = Signal::derive(move || sheet.with(|sheet| sheet.total.count));
    let least = Signal::derive(move || sheet.with(|sheet| sheet.total.is_least));
    let next = Signal::derive(move || sheet.with(|sheet| sheet.next.clone()));
    let (loading, more) = more(sheet, wish, work);
    let busy = Signal::derive(move || work.shows() || loading.get());
    let opened = RwSignal::new(None::<String>);
    let menu = RowMenu { id: row_menu::ID, on_open: Callback::new(move |id| opened.set(Some(id))) };
    view! {
        <Table label="Runs" columns rows selected=selected sort=usual() keys=true busy arrange=arrangement.arrange(address) menu on_end=more/>
        <RunMenu opened removal/>
        <Pager shown total least next of=("run", "runs") on_more=more busy=loading keys=vec![("j", ""), ("k", "move"), ("x", "select"), ("c", "compare"), ("Enter", "open"), ("/", "filter"), ("?", "all keys")]/>
    }
    .into_any()
}

fn nothing(sheet: RwSignal<Sheet>, wish: Memo<Wish>, address: Address, origin: String) -> AnyView {
    let (filtered, removed) = wish.with(|wish| (wish.filter.is_some(), wish.removed));
    if sheet.with(|sheet| sheet.refused.is_some()) {
        return view! { <Empty icon=Icon::CIRCLE_ALERT title="The filter was not understood">"Nothing was changed. Put it right above, or try "<code>"metrics.auc > 0.9 and params.model = 'gbdt'"</code>"."</Empty> }.into_any();
    }
    if let Some(further) = sheet.with(|sheet| sheet.next.clone()) {
        let further = address.with_each(&[("after", Some(further))]);
        return view! { <Empty icon=Icon::SEARCH title="None among the runs looked at so far" action=move || view! { <p class="row"><a class="button" href=further.clone()>"Look further"</a></p> }>"There are so many that they are looked through piece by piece, the newest first."</Empty> }.into_any();
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
