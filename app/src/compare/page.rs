use leptos::prelude::*;
use shared::{Permission, comparison::Wish};

use super::{
    charts::Charts,
    data::{self, Comparison, Insight, Sheet},
    differences::{Metrics, Params},
    environments::environments,
    groups::Groups,
    saved::SavedList,
    tests_of_pairs::Pairs,
};
use crate::{
    api::{Answer, ask, use_api},
    frame::may,
    kit::{
        Button, ButtonKind, Callout, Command, Crumb, Empty, Glyph, Icon, Menu, NameDialog, Page, Saving, Shape, Tone, number, steady_as, use_address,
        use_command, use_toasts,
    },
};

/// Runs and groups of runs beside each other: what differs first, how sure it is, what there is to say, and the charts.
#[component]
pub fn ComparePage() -> impl IntoView {
    let address = use_address();
    let api = use_api();
    let wish = Memo::new(move |_| {
        let pairs = address.rest(&[]);
        Wish::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    });
    let query: Answer<Sheet> = ask(move || wish.get(), move |wish| data::fetch(api.clone(), wish));
    steady_as(Shape::Cards, query, move |sheet| page(sheet, query))
}

fn page(sheet: RwSignal<Sheet>, query: Answer<Sheet>) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let saving = RwSignal::new(false);
    let may_save = may(Permission::ExperimentsWrite);
    let wish = move || sheet.with(|sheet| sheet.wish.clone());
    let there = Memo::new(move |_| sheet.with(|sheet| sheet.comparison.is_some()));
    let save = Callback::new(move |name: String| -> Saving {
        let (api, wish) = (api.clone(), sheet.with_untracked(|sheet| sheet.wish.clone()));
        Box::pin(async move {
            data::save(api, name.clone(), wish).await?;
            toasts.say(format!("{name} is saved. Everybody in the organization finds it under Compare."));
            Ok(())
        })
    });
    if may_save {
        use_command(Command {
            icon: Some(Icon::TAG),
            ..Command::key("s", "Compare", "Save this comparison", move || {
                if there.get_untracked() {
                    saving.set(true)
                }
            })
        });
    }
    let report = move || {
        let wish = wish();
        let latin = sheet.with(|sheet| sheet.comparison.as_ref().is_none_or(Comparison::is_latin));
        let links = [("pdf", "PDF"), ("html", "HTML"), ("md", "Markdown"), ("csv", "CSV")]
            .map(|(format, words)| {
                let href = wish.under("/compare/report", &[("format", format)]);
                view! { <a href=href rel="external" download=""><Glyph icon=Icon::FILE_TEXT/>{words}</a> }
            })
            .collect_view();
        view! {
            {links}
            {(!latin).then(|| view! { <p class="why">"The PDF shows only Latin characters: some of this comparison's names become “?” in it. Use HTML, which shows all of them."</p> })}
        }
    };
    // What stands in the head is made once; what changes in it are closures of its own.
    let actions = move || {
        (move || {
            there.get().then(|| {
                view! {
                    <Menu id="report" label="Report" icon=Icon::DOWNLOAD labelled=true>{report}</Menu>
                    {may_save.then(|| view! { <Button kind=ButtonKind::Primary icon=Icon::TAG on_press=move || saving.set(true)>"Save"</Button> })}
                }
            })
        })
        .into_any()
    };
    let facts = move || {
        (move || {
            sheet.with(|sheet| {
                sheet.comparison.as_ref().map(|found| {
                    let runs: usize = found.groups.iter().map(|group| group.run_count).sum();
                    view! {
                        <span>{number::counted(found.groups.len() as i64, "group", "groups")}</span>
                        <span>{number::counted(runs as i64, "run", "runs")}</span>
                        <span>"figures are of all of them"</span>
                    }
                })
            })
        })
        .into_any()
    };
    let crumbs = move || {
        if there.get() {
            vec![Crumb::new("Experiments", "/experiments"), Crumb::new("Compare", "/compare")]
        } else {
            vec![Crumb::new("Experiments", "/experiments")]
        }
    };
    let title = Signal::derive(move || sheet.with(|sheet| sheet.comparison.as_ref().map_or_else(|| "Compare".to_owned(), title)));
    view! {
        <Page title crumbs=untrack(crumbs) facts actions>
            <div class="compare">
                <Groups sheet/>
                {move || body(sheet, there.get(), query, may_save)}
            </div>
        </Page>
        <NameDialog open=saving title="Save this comparison" label="Name" save="Save comparison" hint="Its filters and periods are kept, not its runs: who opens it later sees the runs of then." on_save=save/>
    }
    .into_any()
}

/// `A against B`.
fn title(found: &Comparison) -> String {
    let names: Vec<&str> = found.groups.iter().take(2).map(|group| group.name.as_str()).collect();
    match found.groups.len() {
        0 => "Compare".to_owned(),
        1 => names[0].to_owned(),
        2 => names.join(" against "),
        count => format!("{} and {} more", names[0], count - 1),
    }
}

/// What the reader may do is asked before: this runs when the server writes the page, where nobody is known any more.
fn body(sheet: RwSignal<Sheet>, there: bool, query: Answer<Sheet>, may_save: bool) -> AnyView {
    if !there {
        if let Some(refused) = sheet.with(|sheet| sheet.refused.clone()) {
            return view! { <Callout tone=Tone::Bad><b>"This comparison was refused. "</b>{refused}" Put it right above."</Callout> }.into_any();
        }
        return view! {
            <Empty icon=Icon::GIT_COMPARE title="Choose what to compare">
                "Name an experiment for each group above, with a filter or a period: this month against the last, one optimizer against another. Or select runs in an experiment's table and press "<kbd>"c"</kbd>"."
            </Empty>
            <SavedList sheet query may_remove=may_save/>
        }
        .into_any();
    }
    let found = Signal::derive(move || sheet.with(|sheet| sheet.comparison.clone()));
    view! {
        {move || found.get().map(|found| insights(found.insights))}
        {move || found.get().map(|found| view! { <Metrics found=found.clone() wish=sheet.with(|sheet| sheet.wish.clone())/><Pairs found=found.clone()/><Params found/> })}
        {move || sheet.with(environments)}
        <Charts sheet/>
    }
    .into_any()
}

fn insights(all: Vec<Insight>) -> AnyView {
    if all.is_empty() {
        return ().into_any();
    }
    let each = all.into_iter().map(|Insight { tone, text }| {
        let (tone, icon) = match tone.as_str() {
            "GOOD" => ("good", Icon::CIRCLE_CHECK),
            "BAD" => ("bad", Icon::CIRCLE_X),
            "WARN" => ("warn", Icon::TRIANGLE_ALERT),
            _ => ("info", Icon::INFO),
        };
        view! { <li class=tone><Glyph icon/><span>{text}</span></li> }
    });
    view! { <section class="card insights" aria-label="Findings"><ul>{each.collect_view()}</ul></section> }.into_any()
}
