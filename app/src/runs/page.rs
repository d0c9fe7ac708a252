use leptos::prelude::*;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_params_map},
};
use shared::Permission;

use super::{
    actions,
    artifacts::Files,
    groups::Group,
    metrics,
    model::{self, Run},
    open::Open,
    overview, plots,
    reproduce::Recipe,
    similar::Done,
};
use crate::{
    api::{ask, use_api},
    discussion::{PointDialog, Talk},
    frame::may,
    kit::{
        Button, Callout, Chip, Crumb, Dialog, Elapsed, Icon, Menu, MenuItem, NameDialog, Page, RelativeTime, RunStatus, Saving, Shape, Tab, Tabs,
        Tone, field, steady_as, use_address,
    },
    links::{LinkTo, Links},
    parts,
    templates::{self, TemplateDialog},
};

/// What stands around the tabs of a run.
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let (api, path, address) = (use_api(), use_location().pathname, use_address());
    let sees_models = may(Permission::ModelsRead);
    Files::provide(id);
    Recipe::provide(id);
    let done = Done::provide(id);
    let talk = Talk::provide(Signal::derive(move || id.with(|id| if id.starts_with("run_") { id.clone() } else { format!("run_{id}") })));
    let query = ask(
        move || id.get(),
        move |id| {
            let api = api.clone();
            let (path, find, smoothing) = untrack(|| (path.get(), address.get("find").unwrap_or_default(), metrics::smoothing(address)));
            async move {
                let mut run = model::fetch(api.clone(), id, sees_models).await?;
                // Asked at the same time: what came after the run would push away what is read already.
                done.arrived().await;
                talk.arrived().await;
                if cfg!(feature = "ssr") {
                    run.curves = plots::arriving(&api, &run.id, &charts(&run, &path, &find), smoothing).await;
                }
                Ok(run)
            }
        },
    );
    steady_as(Shape::Tabbed, query, move |run| inside(Open::provide(run), id, talk))
}

/// The charts that the tab at `path` begins with.
fn charts(run: &Run, path: &str, find: &str) -> Vec<Group> {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("metrics") => metrics::first_charts(&run.metrics, find),
        Some("artifacts" | "reproduce") => Vec::new(),
        _ => overview::charts(&run.metrics),
    }
}

/// `id` is the run as the address names it, by its own id or the one MLflow knows: the tabs stay at that address.
fn inside(open: Open, id: Memo<String>, talk: Talk) -> AnyView {
    let run = open.run;
    talk.is_here();
    let title = Signal::derive(move || run.with(|run| run.name.clone()));
    let crumbs = run.with_untracked(|run| {
        vec![Crumb::new("Experiments", "/experiments"), Crumb::new(run.experiment.name.clone(), format!("/experiments/{}", run.experiment.id))]
    });
    let colour = run.with_untracked(|run| super::colour(&run.id));
    let has_artifacts = may(Permission::ArtifactsRead);
    let tabs = Signal::derive(move || {
        let path = format!("/runs/{}", id.get());
        let own =
            [Tab::new("Overview", path.clone()), Tab::new("Metrics", format!("{path}/metrics")).count(run.with(|run| run.metrics.len() as i64))];
        own.into_iter()
            .chain(has_artifacts.then(|| Tab::new("Artifacts", format!("{path}/artifacts"))))
            .chain([Tab::new("Reproduce", format!("{path}/reproduce"))])
            .collect()
    });
    let renaming = RwSignal::new(false);
    let rename = Callback::new(move |name: String| -> Saving {
        let work = actions::rename(open.api(), open.id(), name);
        Box::pin(async move {
            work.await?;
            open.refresh();
            Ok(())
        })
    });
    let marking = RwSignal::new(false);
    let mark = Callback::new(move |(name, about): (String, String)| -> Saving {
        let (work, said) = (templates::create(open.api(), open.id(), name.clone(), about), format!("{name} is a template now."));
        Box::pin(async move {
            work.await?;
            open.toasts.say(said);
            open.refresh();
            Ok(())
        })
    });
    let first = Signal::derive(move || (run.with(|run| run.name.clone()), String::new()));
    let (may_share, sharing) = (may(Permission::ProjectsShare), RwSignal::new(false));
    let logging = RwSignal::new(false);
    let actions = move || {
        let share = may_share.then(|| view! { <Button icon=Icon::LINK on_press=move || sharing.set(true)>"Share"</Button> });
        view! { {share}{open.may_write.then(|| buttons(open, renaming, marking, logging))} }
    };
    view! {
        <Page title crumbs mark=move || view! { <i class=format!("dot s{colour}")></i> } facts=move || facts(run) actions>
            {move || removed(open)}
            <Tabs tabs label="Parts of the run"/>
            <Outlet/>
        </Page>
        <PointDialog talk/>
        <Dialog open=sharing title=Signal::stored("Share this run".to_owned())>{move || share(run)}</Dialog>
        <Dialog open=logging title=Signal::stored("Token for a job".to_owned())>
            {move || logging.get().then(|| parts::in_dialog(parts::job_tokens(open.id())))}
        </Dialog>
        <TemplateDialog open=marking title="Mark as template" save="Mark as template" value=first on_save=mark/>
        <NameDialog open=renaming title="Rename run" label="Name" save="Rename" rule=field::run_name as field::Rule value=title on_save=rename/>
    }
    .into_any()
}

/// The links by which others read this run.
fn share(run: RwSignal<Run>) -> AnyView {
    let (experiment, id, removed) = run.with_untracked(|run| (run.experiment.id.clone(), run.id.clone(), run.is_removed()));
    if removed {
        return view! { <p>"This run is removed. Restore it before you share it."</p> }.into_any();
    }
    view! { <Links experiment to=LinkTo::Run(id)/> }.into_any()
}

fn buttons(open: Open, renaming: RwSignal<bool>, marking: RwSignal<bool>, logging: RwSignal<bool>) -> AnyView {
    let gone = Memo::new(move |_| open.run.with(Run::is_removed));
    // Whoever starts from it relies on how it came out.
    let may_mark = Memo::new(move |_| open.run.with(|run| run.status == "FINISHED" && run.template.is_none() && !run.is_removed()));
    let goes_on = Memo::new(move |_| open.run.with(|run| matches!(run.status.as_str(), "RUNNING" | "SCHEDULED") && !run.is_removed()));
    view! {
        <Button icon=Icon::PENCIL on_press=move || renaming.set(true)>"Rename"</Button>
        <Menu id="run-menu" label="More for this run">
            {move || may_mark.get().then(|| view! { <MenuItem icon=Icon::COPY on_press=move || marking.set(true)>"Mark as template"</MenuItem> })}
            {move || goes_on.get().then(|| view! { <MenuItem icon=Icon::KEY_ROUND on_press=move || logging.set(true)>"Token for a job"</MenuItem> })}
            {move || if gone.get() {
                view! { <MenuItem icon=Icon::UNDO_2 on_press=move || actions::remove(open, false)>"Restore"</MenuItem> }
            } else {
                view! { <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || actions::remove(open, true)>"Remove run"</MenuItem> }
            }}
        </Menu>
    }
    .into_any()
}

pub(super) fn facts(run: RwSignal<Run>) -> AnyView {
    let state = Memo::new(move |_| {
        run.with(|run| (run.status.clone(), run.started_at, run.ended_at, run.created_by.clone().or(run.user.clone()), run.is_by_service))
    });
    let template = Memo::new(move |_| run.with(|run| run.template.clone()));
    (move || {
        let (status, started, ended, by, is_service) = state.get();
        let running = status == "RUNNING";
        view! {
            <RunStatus status/>
            {running.then(|| view! { <Chip tone=Tone::Good dot=true>"live"</Chip> })}
            <span>"started "<RelativeTime at=started/>{by.map(|by| format!(" by {by}"))}{is_service.then(|| view! { " "<Chip>"service account"</Chip> })}</span>
            {template.get().map(|own| view! { <span>"template "<a class="link" href=format!("/templates/{}", own.id)>{own.name}</a></span> })}
            {(running || ended.is_some()).then(|| view! { <span>{if running { "for " } else { "took " }}<Elapsed from=started until=ended/></span> })}
        }
    })
    .into_any()
}

/// Says that the run, or its experiment, was removed.
fn removed(open: Open) -> Option<AnyView> {
    let (own, around) = open.run.with(|run| (run.is_removed(), run.experiment.lifecycle == "DELETED"));
    (own || around).then(|| {
        let words = if own { "This run was removed." } else { "The experiment of this run was removed." };
        let restore = (own && open.may_write).then(|| view! { <Button small=true on_press=move || actions::remove(open, false)>"Restore"</Button> });
        view! { <div class="notice"><Callout tone=Tone::Warn><b>{words}</b>" Everything it logged is kept and can be read. "{restore}</Callout></div> }.into_any()
    })
}
