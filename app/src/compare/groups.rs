use leptos::prelude::*;
use shared::comparison::{GROUPS_MAX, GroupWish, Unit, Wish};

use super::data::{Comparison, Named, Sheet};
use crate::kit::{Button, ButtonKind, Glyph, Icon, moment, number, use_clock};

const DAY: f64 = 86_400_000.0;

/// What is compared: a chip for each group, and the form that changes it. The form is an address with other words: it works before the app is loaded.
#[component]
pub(super) fn Groups(sheet: RwSignal<Sheet>) -> impl IntoView {
    let chips = move || sheet.with(|sheet| sheet.comparison.as_ref().map(chips));
    let now = untrack(|| use_clock().now());
    let form = move || sheet.with(|sheet| form(&sheet.wish, &sheet.experiments, sheet.comparison.as_ref(), now));
    let open = untrack(|| sheet.with(|sheet| sheet.comparison.as_ref().is_none_or(|found| found.groups.len() < 2)));
    view! {
        {chips}
        <details class="card choose" open=open>
            <summary><Glyph icon=Icon::SLIDERS_HORIZONTAL/>"What is compared"</summary>
            {form}
        </details>
    }
    .into_any()
}

fn chips(found: &Comparison) -> AnyView {
    let each = found.groups.iter().enumerate().map(|(at, group)| {
        let failed = (group.failed_count > 0).then(|| format!(", {} failed", group.failed_count));
        let setups = (group.setup_count > 1).then(|| format!(", {}", number::counted(group.setup_count as i64, "setup", "setups")));
        view! {
            <li>
                <i class=format!("dot s{}", at % 6 + 1)></i><b>{group.name.clone()}</b>
                <small>{number::counted(group.run_count as i64, "run", "runs")}{setups}{failed}{(at == 0).then_some(", baseline")}</small>
            </li>
        }
    });
    view! { <ul class="groups" aria-label="Groups">{each.collect_view()}</ul> }.into_any()
}

fn form(wish: &Wish, experiments: &[Named], found: Option<&Comparison>, now: f64) -> AnyView {
    let empty = GroupWish::default();
    let shown = (wish.groups.len() + 1).clamp(2, GROUPS_MAX);
    let rows = (0..shown).map(|at| row(at + 1, wish.groups.get(at).unwrap_or(&empty), experiments)).collect_view();
    let runs = wish.runs.iter().map(|run| view! { <input type="hidden" name="run" value=run.clone()/> }).collect_view();
    let named = (!wish.runs.is_empty()).then(|| {
        let words = if wish.groups.is_empty() { "grouped by their params, seeds aside" } else { "as one more group" };
        view! { <p class="faint xs">{number::counted(wish.runs.len() as i64, "chosen run", "chosen runs")}", "{words}"."</p> }
    });
    let metric = wish.metric.clone();
    let metrics = found.map(|found| {
        let own = found.focus.as_ref().map(|focus| focus.key.clone()).unwrap_or(metric.clone());
        let mut keys: Vec<String> = found.metrics.iter().map(|row| row.key.clone()).collect();
        keys.sort();
        let options = keys.into_iter().map(|key| {
            let chosen = key == own;
            view! { <option value=key.clone() selected=chosen>{key.clone()}</option> }
        });
        view! { <label class="field"><span class="label">"Metric"</span><select class="input" name="metric">{options.collect_view()}</select></label> }
    });
    let by_setup = wish.unit == Unit::Setup;
    view! {
        <form method="get" action="/compare">
            {rows}{runs}{named}
            <div class="row last">
                {metrics}
                <label class="field">
                    <span class="label">"One value is"</span>
                    <select class="input" name="unit"><option value="run" selected=!by_setup>"a run"</option><option value="setup" selected=by_setup>"a setup: the mean of its seeds"</option></select>
                </label>
                <Button kind=ButtonKind::Plain icon=Icon::GIT_COMPARE>"Compare"</Button>
            </div>
        </form>
        {against_the_past(wish, now)}
    }
    .into_any()
}

fn row(at: usize, group: &GroupWish, experiments: &[Named]) -> AnyView {
    // An address may hold the id as MLflow shows it.
    let bare = |id: &str| id.trim_start_matches("exp_").to_owned();
    let own = bare(&group.experiment);
    let known = experiments.iter().any(|one| bare(&one.id) == own) || group.experiment.is_empty();
    let other = (!known).then(|| view! { <option value=group.experiment.clone() selected=true>{group.experiment.clone()}</option> });
    let options = experiments
        .iter()
        .map(|one| {
            let chosen = bare(&one.id) == own;
            view! { <option value=one.id.clone() selected=chosen>{one.name.clone()}</option> }
        })
        .collect_view();
    let label = move |what: &str| format!("{what} of group {at}");
    view! {
        <fieldset class="wish">
            <legend class="hidden">{format!("Group {at}")}</legend>
            <i class=format!("dot s{}", (at - 1) % 6 + 1)></i>
            <select class="input" name=format!("e{at}") aria-label=label("Experiment")><option value="">"No experiment"</option>{other}{options}</select>
            <input class="input mono" name=format!("f{at}") value=group.filter.clone() aria-label=label("Filter") placeholder="Filter: params.model = 'gbdt'" autocomplete="off" spellcheck="false"/>
            <input class="input" type="date" name=format!("from{at}") value=group.from.clone() aria-label=label("First day") title="First day (UTC)"/>
            <input class="input" type="date" name=format!("to{at}") value=group.to.clone() aria-label=label("Last day") title="Last day (UTC)"/>
            <input class="input" name=format!("n{at}") value=group.name.clone() aria-label=label("Name") placeholder="Name" maxlength="120" autocomplete="off"/>
        </fieldset>
    }
    .into_any()
}

/// One group without a period is usually held against its own past.
fn against_the_past(wish: &Wish, now: f64) -> Option<AnyView> {
    let group = wish.groups.first().filter(|group| wish.groups.len() == 1 && group.from.is_empty() && group.to.is_empty())?.clone();
    let day = |ms: f64| moment::rfc3339(ms).chars().take(10).collect::<String>();
    let links = [
        ("The last 7 days against the 7 before", 7.0),
        ("The last 30 days against the 30 before", 30.0),
        ("The last 90 days against the 90 before", 90.0),
    ]
    .map(|(words, days)| {
        let period = |from: f64, to: f64| GroupWish { from: day(now - from * DAY), to: day(now - to * DAY), ..group.clone() };
        let both = vec![period(2.0 * days - 1.0, days), period(days - 1.0, 0.0)];
        view! { <a class="button small" href=Wish { groups: both, ..wish.clone() }.address()>{words}</a> }
    });
    Some(view! { <p class="row presets">{links.collect_view()}</p> }.into_any())
}
