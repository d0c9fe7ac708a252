use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    model,
    open::use_open,
    preview::{self, Preview, Text},
    versions::{self, Version},
};
use crate::{
    api::{Answer, Api, ApiError, Operation, ask, use_api},
    kit::{Address, CodeBlock, DEEPEST, Empty, Glyph, Icon, Skeleton, number, steady, use_address},
};

const ARTIFACTS: Operation = Operation(include_str!("artifacts.graphql"));

/// A file or a folder of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    pub path: String,
    pub name: String,
    pub is_folder: bool,
    pub size: Option<i64>,
    pub digest: Option<String>,
    pub content_type: Option<String>,
    pub url: Option<String>,
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    artifact: Artifact,
    depth: usize,
    open: bool,
}

/// The tree with the folders around `chosen` open, and what is in the chosen file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tree {
    nodes: Vec<Node>,
    chosen: String,
    /// Of the chosen file, the newest first.
    versions: Vec<Version>,
    /// The number of the one that is shown; nothing for the current one.
    version: Option<i32>,
    text: Option<Text>,
    /// Why the text could not be had.
    refused: Option<String>,
}

#[derive(Deserialize)]
struct Listing {
    artifacts: Vec<Artifact>,
}

type Query = Answer<Option<Tree>>;

/// The files of the run of the page; `None` while another tab is open.
///
/// The page asks for them, not the tab: what is asked for inside the content of another query has a
/// different number on the server than in the browser, so that hydration would not find it.
#[derive(Clone, Copy)]
pub(super) struct Files(Query);

impl Files {
    /// Asks while the tab is open, and provides the answer to it.
    pub fn provide(id: Memo<String>) {
        let address = use_address();
        let api = use_api();
        let path = use_location().pathname;
        let wish = Memo::new(move |_| {
            let is_open = path.with(|path| path.trim_end_matches('/').ends_with("/artifacts"));
            is_open.then(|| (id.get(), address.get("path").unwrap_or_default(), address.get("version").and_then(|number| number.parse().ok())))
        });
        let query: Query = ask(
            move || wish.get(),
            move |wish| {
                let api = api.clone();
                async move {
                    match wish {
                        Some((id, path, version)) => fetch(api, id, path, version).await.map(Some),
                        None => Ok(None),
                    }
                }
            },
        );
        provide_context(Self(query));
    }
}

/// Files of the run: the tree, and a preview of one of them. The choice stands in the address.
#[component]
pub fn RunArtifacts() -> impl IntoView {
    let open = use_open();
    let address = use_address();
    let Files(query) = expect_context();
    // While the run is under way new files appear.
    let state = Memo::new(move |_| open.run.with(|run| run.revision.clone()));
    Effect::new(move |before: Option<String>| {
        let now = state.get();
        if before.is_some_and(|before| before != now) {
            query.refetch();
        }
        now
    });
    steady(query, move |tree| show(tree, address))
}

async fn fetch(api: Api, id: String, path: String, version: Option<i32>) -> Result<Tree, ApiError> {
    let mut nodes = list(&api, &id, "", 0).await?;
    let mut at = 0;
    // Open what is around the chosen path, from the outside in.
    while at < nodes.len() {
        let own = &nodes[at].artifact;
        if own.is_folder && (path == own.path || path.strip_prefix(own.path.as_str()).is_some_and(|rest| rest.starts_with('/'))) {
            let inside = list(&api, &id, &own.path.clone(), nodes[at].depth + 1).await?;
            nodes[at].open = true;
            nodes.splice(at + 1..at + 1, inside);
        }
        at += 1;
    }
    let mut tree = Tree { nodes, chosen: path, version, ..Tree::default() };
    let Some(is_text) = tree.file().map(preview::is_text) else { return Ok(tree) };
    tree.versions = versions::of(&api, &id, &tree.chosen).await?;
    // One that is not there any more, or never was: the file as it is.
    tree.version = version.filter(|number| tree.versions.iter().any(|one| one.number == *number && !one.is_current));
    if is_text {
        match preview::text(&api, &id, &tree.chosen, tree.version).await {
            Ok(text) => tree.text = text,
            Err(error) => tree.refused = Some(error.message),
        }
    }
    Ok(tree)
}

async fn list(api: &Api, id: &str, path: &str, depth: usize) -> Result<Vec<Node>, ApiError> {
    let listing: Listing = model::part(api, ARTIFACTS, json!({ "id": id, "path": path })).await?;
    let mut artifacts = listing.artifacts;
    artifacts.sort_by(|a, b| b.is_folder.cmp(&a.is_folder).then_with(|| a.name.cmp(&b.name)));
    Ok(artifacts.into_iter().map(|artifact| Node { artifact, depth, open: false }).collect())
}

impl Tree {
    /// The chosen file.
    fn file(&self) -> Option<&Artifact> {
        self.nodes.iter().map(|node| &node.artifact).find(|artifact| !artifact.is_folder && artifact.path == self.chosen)
    }
}

fn show(held: RwSignal<Option<Tree>>, address: Address) -> AnyView {
    let empty = Memo::new(move |_| held.with(|tree| tree.as_ref().map(|tree| tree.nodes.is_empty())));
    let tree = Signal::derive(move || held.get().unwrap_or_default());
    (move || match empty.get() {
        None => view! { <Skeleton/> }.into_any(),
        Some(true) => nothing(),
        Some(false) => filled(tree, address),
    })
    .into_any()
}

fn nothing() -> AnyView {
    let code = "mlflow.log_artifact(\"report.html\")\nmlflow.log_dict({\"threshold\": 0.42}, \"settings.json\")\nmlflow.sklearn.log_model(model, name=\"model\")\n";
    view! { <section class="card"><Empty icon=Icon::FOLDER title="No artifacts yet" action=move || view! { <CodeBlock code=code.to_owned() label="Python"/> }>"Files this run logs appear here: models, plots, reports, tables."</Empty></section> }.into_any()
}

fn filled(tree: Signal<Tree>, address: Address) -> AnyView {
    let lines = move || tree.with(|tree| tree.nodes.iter().map(|node| line(node, &tree.chosen, address)).collect_view());
    let chosen =
        Memo::new(move |_| tree.with(|tree| (tree.file().cloned(), tree.versions.clone(), tree.version, tree.text.clone(), tree.refused.clone())));
    let preview = move || {
        match chosen.get() {
        (Some(file), versions, version, text, refused) => view! { <Preview file versions version text refused/> }.into_any(),
        _ => view! { <Empty icon=Icon::FILE title="Choose a file">"Text, JSON, CSV and images are shown here; everything else can be downloaded."</Empty> }.into_any(),
    }
    };
    view! {
        <div class="files">
            <nav class="card tree" aria-label="Files">{lines}</nav>
            <section class="card preview" aria-label="Preview">{preview}</section>
        </div>
    }
    .into_any()
}

fn line(node: &Node, chosen: &str, address: Address) -> AnyView {
    let Node { artifact, depth, open } = node;
    let depth = DEEPEST.min(*depth).to_string();
    let current = (artifact.path == chosen).then_some("true");
    // A folder that is open closes: the address names what is around it.
    let target = if *open && artifact.path == chosen {
        artifact.path.rsplit_once('/').map(|(around, _)| around.to_owned())
    } else {
        Some(artifact.path.clone())
    };
    let icon = match artifact.content_type.as_deref() {
        _ if artifact.is_folder => Icon::FOLDER,
        Some(kind) if kind.starts_with("image/") => Icon::FILE_IMAGE,
        _ if preview::is_text(artifact) => Icon::FILE_TEXT,
        _ => Icon::FILE,
    };
    let arrow = artifact.is_folder.then(|| view! { <Glyph icon=if *open { Icon::CHEVRON_DOWN } else { Icon::CHEVRON_RIGHT }/> });
    view! {
        <a href=address.with_all("path", target.into_iter().collect(), &["version"]) data-noscroll aria-current=current aria-expanded=artifact.is_folder.then(|| open.to_string()) data-depth=depth>
            <span class="arrow">{arrow}</span><Glyph icon/><span class="text">{artifact.name.clone()}</span>
            {artifact.size.filter(|_| !artifact.is_folder).map(|size| view! { <small class="num">{number::bytes(size)}</small> })}
        </a>
    }
    .into_any()
}
