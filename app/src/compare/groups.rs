use leptos::prelude::*;
use shared::comparison::{GROUPS_MAX, GroupWish, Unit, Wish};

use super::data::{Comparison, Named, Sheet};
use crate::kit::{Button, ButtonKind, Clock, Day, Glyph, Icon, moment, number, use_clock};

const DAY: f64 = 86_400_000.0;

/// What is compared: a chip for each group, and the form that changes it. The form is an address with other words: it works before the app is loaded.
#[component]
pub(super) fn Groups(sheet: RwSignal<Sheet>) -> impl IntoView {
    let chips = move || sheet.with(|sheet| sheet.comparison.as_ref().map(chips));
    let clock = use_clock();
    let form = move || sheet.with(|sheet| form(&sheet.wish, &sheet.experiments, sheet.comparison.as_ref(), clock));
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

fn form(wish: &Wish, experiments: &[Named], found: Option<&Comparison>, clock: Clock) -> AnyView {
    let empty = GroupWish::default();
    let shown = (wish.groups.len() + 1).clamp(2, GROUPS_MAX);
    let rows = (0..shown).map(|at| row(at + 1, wish.groups.get(at).unwrap_or(&empty), experiments, clock)).collect_view();
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
        {against_the_past(wish, clock)}
    }
    .into_any()
}

fn row(at: usize, group: &GroupWish, experiments: &[Named], clock: Clock) -> AnyView {
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
            {day_field("from", at, &group.from, clock)}
            {day_field("to", at, &group.to, clock)}
            <input class="input" name=format!("n{at}") value=group.name.clone() aria-label=label("Name") placeholder="Name" maxlength="120" autocomplete="off"/>
        </fieldset>
    }
    .into_any()
}

/// The field of a first or last day, and beside it, for nobody to see, the zone that it is a day in: the one it was in as long as it is the same day, else
/// the reader's. A page whose app is not loaded leaves that out, which is UTC.
fn day_field(name: &'static str, at: usize, text: &str, clock: Clock) -> AnyView {
    let kept = Day::parse(text);
    let date = RwSignal::new(kept.as_ref().map(|day| day.date.clone()).unwrap_or_default());
    let day = move || {
        let date = date.get();
        let kept = kept.clone().filter(|day| day.date == date);
        kept.or_else(|| if name == "from" { Day::first(&date, clock) } else { Day::last(&date, clock) })
    };
    let words = if name == "from" { "First day" } else { "Last day" };
    let shown = day.clone();
    let title = move || format!("{words} ({})", moment::zone(shown().map_or_else(|| clock.offset(clock.now()), |day| day.offset)));
    let zone = move || day().map(|day| day.zone()).unwrap_or_default();
    let written = untrack(zone.clone());
    let typed = move |event: leptos::ev::Event| date.set(event_target_value(&event));
    view! {
        <input class="input" type="date" name=format!("{name}{at}") value=untrack(move || date.get()) on:input=typed aria-label=format!("{words} of group {at}") title=title/>
        <input type="hidden" name=format!("{name}zone{at}") value=written prop:value=zone/>
    }
    .into_any()
}

/// One group without a period is usually held against its own past.
fn against_the_past(wish: &Wish, clock: Clock) -> Option<AnyView> {
    let group = wish.groups.first().filter(|group| wish.groups.len() == 1 && group.from.is_empty() && group.to.is_empty())?.clone();
    let now = untrack(|| clock.now());
    // The reader's days, once their zone is known.
    let date = move |ms: f64| moment::rfc3339(ms + clock.offset(ms) * 60_000.0).chars().take(10).collect::<String>();
    let first = move |ms: f64| Day::first(&date(ms), clock).map(|day| day.to_string()).unwrap_or_default();
    let last = move |ms: f64| Day::last(&date(ms), clock).map(|day| day.to_string()).unwrap_or_default();
    let links = [
        ("The last 7 days against the 7 before", 7.0),
        ("The last 30 days against the 30 before", 30.0),
        ("The last 90 days against the 90 before", 90.0),
    ]
    .map(|(words, days)| {
        let (group, wish) = (group.clone(), wish.clone());
        let period = move |from: f64, to: f64| GroupWish { from: first(now - from * DAY), to: last(now - to * DAY), ..group.clone() };
        let href = move || Wish { groups: vec![period(2.0 * days - 1.0, days), period(days - 1.0, 0.0)], ..wish.clone() }.address();
        view! { <a class="button small" href=href>{words}</a> }
    });
    Some(view! { <p class="row presets">{links.collect_view()}</p> }.into_any())
}
