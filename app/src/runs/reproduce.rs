//! How the run is run again, and what it ran in.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use super::{diff, model, open::use_open, preview::Text};
use crate::{
    api::{Answer, Operation, ask, use_api},
    frame::may,
    kit::{Callout, Card, CodeBlock, Copyable, Fact, Facts, Glyph, Icon, Skeleton, Tone, number, shortened, steady},
};

const REPRODUCTION: Operation = Operation(include_str!("reproduction.graphql"));

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    environment: Environment,
    reproduction: Reproduction,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Environment {
    captured: bool,
    commit: Option<String>,
    branch: Option<String>,
    remote: Option<String>,
    dirty: Option<bool>,
    command: Vec<String>,
    directory: Option<String>,
    python: Option<String>,
    os: Option<String>,
    cpu: Option<String>,
    memory: Option<i64>,
    gpus: Vec<String>,
    /// None for a reader who may not see artifacts.
    #[serde(default)]
    diff: Option<File>,
    #[serde(default)]
    lock: Option<File>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    path: String,
    url: String,
    size: Option<i64>,
    digest: Option<String>,
    text: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reproduction {
    script: String,
    url: String,
    gaps: Vec<Gap>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    what: String,
    how: String,
}

type Query = Answer<Option<Told>>;

/// What is told of the run of the page; `None` while another tab is open. The page asks, not the tab, for the reason that
/// [`super::artifacts::Files`] gives.
#[derive(Clone, Copy)]
pub(super) struct Recipe(Query);

impl Recipe {
    /// Asks while the tab is open, and provides the answer to it.
    pub fn provide(id: Memo<String>) {
        let (api, path, files) = (use_api(), use_location().pathname, may(Permission::ArtifactsRead));
        let wish = Memo::new(move |_| path.with(|path| path.trim_end_matches('/').ends_with("/reproduce")).then(|| id.get()));
        let query: Query = ask(
            move || wish.get(),
            move |wish| {
                let api = api.clone();
                async move {
                    match wish {
                        Some(id) => model::part(&api, REPRODUCTION, json!({ "id": id, "files": files })).await.map(Some),
                        None => Ok(None),
                    }
                }
            },
        );
        provide_context(Self(query));
    }
}

/// The commands that run it again, what is missing, and what it ran in.
#[component]
pub fn RunReproduce() -> impl IntoView {
    let open = use_open();
    let Recipe(query) = expect_context();
    // What it logs while it is under way is told too.
    let state = Memo::new(move |_| open.run.with(|run| run.tags.clone()));
    Effect::new(move |before: Option<Vec<crate::experiments::Tag>>| {
        let now = state.get();
        if before.is_some_and(|before| before != now) {
            query.refetch();
        }
        now
    });
    steady(query, |held| {
        (move || match held.get() {
            None => view! { <Skeleton/> }.into_any(),
            Some(told) => shown(told),
        })
        .into_any()
    })
}

fn shown(told: Told) -> AnyView {
    let Told { environment, reproduction } = told;
    let download = reproduction.url.clone();
    let script = reproduction.script.clone();
    let button = move || view! { <a class="button small" href=download.clone() download="reproduce.sh" rel="external"><Glyph icon=Icon::DOWNLOAD/>"Download reproduce.sh"</a> };
    let captured = environment.captured;
    let about = facts(environment.clone());
    view! {
        <div class="split">
            <div class="stack">
                {verdict(&reproduction)}
                {(!captured).then(capture)}
                <Card title="Commands" actions=button>
                    <p class="s muted">"They make a new folder with the code, its changes, the packages and the data, and run the command there. What it logs is a new run, tagged with this one."</p>
                    <div class="commands"><CodeBlock code=script label="reproduce.sh"/></div>
                </Card>
                {environment.diff.map(changes)}
                {environment.lock.map(packages)}
            </div>
            <aside class="stack" aria-label="What it ran in">{about}</aside>
        </div>
    }
    .into_any()
}

fn verdict(reproduction: &Reproduction) -> AnyView {
    if reproduction.gaps.is_empty() {
        return view! { <Callout tone=Tone::Good><b>"Everything is known. "</b>"The code, its changes, the packages, Python and the command were logged."</Callout> }.into_any();
    }
    let lines = reproduction
        .gaps
        .iter()
        .map(|gap| view! { <li><span>{gap.what.clone()}</span>" "<span class="muted">{gap.how.clone()}</span></li> })
        .collect_view();
    view! { <Callout tone=Tone::Warn><b>"Not everything is known. "</b>"Missing to run it again exactly:"<ul class="gaps">{lines}</ul></Callout> }
        .into_any()
}

/// How the next run logs its environment.
fn capture() -> AnyView {
    let code = "import assay_environment\n\nwith mlflow.start_run():\n    assay_environment.capture()\n";
    view! {
        <Card title="Log the environment the next time" actions=|| view! { <a class="button small" href="/assay_environment.py" download="assay_environment.py" rel="external"><Glyph icon=Icon::DOWNLOAD/>"Download the module"</a> }>
            <p class="s muted">"One file of Python beside your training. It logs the commit, changes that are not committed, packages, hardware and the command with your MLflow client; never environment variables or credentials."</p>
            <div class="commands"><CodeBlock code=code.to_owned() label="Python"/></div>
        </Card>
    }
    .into_any()
}

fn changes(file: File) -> AnyView {
    let text = file.text.clone().unwrap_or(Text { text: String::new(), truncated: false });
    let (added, removed) = diff::counts(&text.text);
    let words = format!("+{} \u{2212}{}", number::count(added as i64), number::count(removed as i64));
    let rest = text.truncated.then(|| view! { <p class="note faint xs">"It goes on: download the whole."</p> });
    let beside = move || view! { <span class="count">{words.clone()}</span> };
    let actions = move || download(&file);
    view! { <Card title="Not committed" flush=true beside actions>{diff::lines(&text.text)}{rest}</Card> }.into_any()
}

fn packages(file: File) -> AnyView {
    let text = file.text.clone().map(|text| text.text).unwrap_or_default();
    let count = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
    let words = number::count(count as i64);
    let name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let beside = move || view! { <span class="count">{words.clone()}</span> };
    let actions = move || download(&file);
    view! { <Card title="Packages" beside actions><div class="commands"><CodeBlock code=text label=name/></div></Card> }.into_any()
}

fn download(file: &File) -> AnyView {
    let name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let digest = file.digest.clone().map(|digest| view! { <Copyable text=digest.clone() shown=shortened(&digest) what="the digest"/> });
    view! { {digest}<a class="button small" href=file.url.clone() download=name.clone() rel="external"><Glyph icon=Icon::DOWNLOAD/>{format!("Download {name}")}</a> }.into_any()
}

fn facts(environment: Environment) -> AnyView {
    let code = |label: &'static str, text: Option<String>, what: &'static str| text.map(|text| view! { <Fact label><Copyable text what/></Fact> });
    let plain = |label: &'static str, text: Option<String>| text.map(|text| view! { <Fact label>{text}</Fact> });
    let command = (!environment.command.is_empty()).then(|| environment.command.join(" "));
    let dirty = environment.dirty.map(|dirty| if dirty { "not committed" } else { "none" }.to_owned());
    let memory = environment.memory.map(number::bytes);
    let gpus = environment.gpus.clone().into_iter().map(|gpu| view! { <Fact label="GPU">{gpu}</Fact> }).collect_view();
    let known = [&environment.commit, &environment.branch, &environment.remote, &environment.python, &environment.os, &environment.cpu];
    if known.iter().all(|fact| fact.is_none()) && command.is_none() {
        return view! { <Card title="Environment"><p class="faint s">"This run logged nothing of what it ran in."</p></Card> }.into_any();
    }
    let short = |commit: &String| commit.chars().take(8).collect::<String>();
    let commit = environment
        .commit
        .clone()
        .map(|commit| view! { <Fact label="Commit"><Copyable text=commit.clone() shown=short(&commit) what="the commit"/></Fact> });
    view! {
        <Card title="Environment">
            <Facts>
                {code("Command", command, "the command")}
                {code("Folder", environment.directory, "the folder")}
                {commit}
                {plain("Changes", dirty)}
                {code("Branch", environment.branch, "the branch")}
                {code("Repository", environment.remote, "the repository")}
                {plain("Python", environment.python)}
                {plain("System", environment.os)}
                {plain("CPU", environment.cpu)}
                {plain("Memory", memory)}
                {gpus}
            </Facts>
        </Card>
    }
    .into_any()
}
