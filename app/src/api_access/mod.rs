//! How BI tools, notebooks and scripts read Assay: queries to copy, filled with the reader's own address and experiment.

mod data;
mod snippets;

use leptos::{callback::Callable, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::Permission;

use crate::{
    api::{Answer, ask, use_api},
    frame::may,
    kit::{Button, ButtonLink, Card, CodeBlock, Empty, Glyph, Icon, Page, Select, loaded, use_address},
    visit::use_origin,
};
use data::Data;
use snippets::Snippets;

/// Where a token is made that may read runs and the names of experiments, and nothing else.
const TOKEN: &str = "/tokens?name=BI&scope=runs:read&scope=experiments:read";

/// The page at `/api-access`.
#[component]
pub fn ApiAccessPage() -> impl IntoView {
    if !may(Permission::RunsRead) || !may(Permission::ExperimentsRead) {
        crate::respond_with(403);
        return view! { <Page title="API & BI"><Empty icon=Icon::BAN title="Not for your role">"Your roles do not include reading runs. An owner or admin can change that."</Empty></Page> }.into_any();
    }
    let origin = StoredValue::new(use_origin());
    let (address, api) = (use_address(), use_api());
    let query: Answer<Data> = ask(move || address.get("experiment"), move |chosen| data::fetch(api.clone(), chosen));
    let facts = || view! { <span>"The runs of an experiment as one table, for BI tools, notebooks and scripts"</span> };
    let actions = || {
        view! {
            <a class="button" href="/schema.graphql" rel="external" download><Glyph icon=Icon::DOWNLOAD/>"Schema"</a>
            <a class="button" href="/graphiql" rel="external">"Open GraphiQL"</a>
            {may(Permission::TokensOwn).then(|| view! { <ButtonLink href=Signal::stored(TOKEN.to_owned()) kind=crate::kit::ButtonKind::Primary icon=Icon::KEY_ROUND>"Create a read token"</ButtonLink> })}
        }
    };
    view! {
        <Page title="API & BI" facts=facts actions=actions>
            {loaded(query, move |data: Data| ways(data, &origin.get_value()))}
        </Page>
    }
    .into_any()
}

fn ways(data: Data, origin: &str) -> AnyView {
    let Some(chosen) = data.chosen else {
        return view! { <Empty icon=Icon::FLASK_CONICAL title="No experiment yet" action=|| view! { <p class="row"><a class="button" href="/experiments">"To the experiments"</a></p> }>"Log a first run, and the queries for your tools stand here with its params and metrics."</Empty> }.into_any();
    };
    let snippets = Snippets::of(origin, &chosen);
    let (id, host) = (chosen.id.clone(), origin.to_owned());
    let files = move || {
        let link = |ending: &'static str| {
            let href = format!("/experiments/{id}/table.{ending}");
            view! { <a class="button small" href=href rel="external" download><Glyph icon=Icon::DOWNLOAD/>{ending}</a> }
        };
        ["csv", "parquet", "arrow"].map(link).into_iter().collect_view()
    };
    view! {
        <div class="api-access">
            <Chooser experiments=data.experiments chosen=chosen.id/>
            <Card title="Power BI" actions=|| "Get data \u{203A} Blank query \u{203A} Advanced editor">
                <p>"Make a text parameter "<code>"AssayToken"</code>" with your token, paste this, and choose "<b>"Anonymous"</b>" when you are asked how to connect: the token travels in a header. Numbers and times arrive as such."</p>
                <CodeBlock code=snippets.power_bi label="Power Query"/>
            </Card>
            <Card title="Grafana" actions=|| "Infinity data source">
                <p>"Under "<b>"Authentication"</b>" choose "<b>"Bearer token"</b>" and allow "<code>{host}</code>". In a panel choose type "<b>"GraphQL"</b>", parser "<b>"Backend"</b>", the address below, and "<code>"data.runTable.rows"</code>" as rows."</p>
                <CodeBlock code=snippets.endpoint label="URL"/>
                <CodeBlock code=snippets.grafana label="GraphQL query"/>
            </Card>
            <Card title="pandas">
                <p>"The whole table with its types. "<code>"ASSAY_TOKEN"</code>" holds your token."</p>
                <CodeBlock code=snippets.pandas label="Python with pandas"/>
            </Card>
            <Card title="GraphQL from Python" actions=|| "pip install \"gql[requests]\"">
                <p>"Page by page, with whatever else of a run the schema has."</p>
                <CodeBlock code=snippets.gql label="Python with gql"/>
            </Card>
            <Card title="curl" actions=files>
                <p>"The same table as "<code>".csv"</code>", "<code>".parquet"</code>" or "<code>".arrow"</code>", narrowed by "<code>"filter"</code>", "<code>"order"</code>" and "<code>"columns"</code>"."</p>
                <CodeBlock code=snippets.curl label="Shell"/>
            </Card>
        </div>
    }
    .into_any()
}

/// Which experiment the queries name. A plain form; in the browser a choice is taken at once.
#[component]
fn Chooser(experiments: Vec<data::Named>, chosen: String) -> impl IntoView {
    let navigate = use_navigate();
    let address = use_address();
    let options = experiments.into_iter().map(|one| (one.id, one.name)).collect::<Vec<_>>();
    let go = Callback::new(move |id: String| {
        navigate(&untrack(|| address.with("experiment", Some(&id))), NavigateOptions { scroll: false, ..Default::default() });
    });
    view! {
        <form class="api-chooser" method="get" action="/api-access">
            <Select name="experiment" label="Queries for the experiment" options value=chosen on_change=Callback::new(move |id| go.run(id))/>
            <Button>"Show"</Button>
        </form>
    }
    .into_any()
}
