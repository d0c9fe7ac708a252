use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation, use_api},
    kit::{Button, ButtonKind, Callout, Copyable, Field, Glyph, Icon, RelativeTime, Select, Tone, field, use_toasts},
};

const LINKS: Operation = Operation(include_str!("links.graphql"));
const CREATE: Operation = Operation(include_str!("create_link.graphql"));
const REVOKE: Operation = Operation(include_str!("revoke_link.graphql"));
const LIVES: [(&str, &str); 5] = [("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year")];

/// What a new link shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkTo {
    Experiment,
    /// The run of this id.
    Run(String),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    id: String,
    label: String,
    hint: String,
    created_by: String,
    expires_at: Moment,
    last_used_at: Option<Moment>,
    run: Option<Named>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Named {
    id: String,
    name: String,
}

async fn fetch(api: &Api, experiment: &str) -> Result<Vec<Link>, ApiError> {
    #[derive(Deserialize)]
    struct Data {
        links: Nodes,
    }
    #[derive(Deserialize)]
    struct Nodes {
        nodes: Vec<Link>,
    }
    api.query::<Data>(LINKS, json!({ "experiment": experiment })).await.map(|data| data.links.nodes)
}

async fn create(api: &Api, experiment: &str, to: &LinkTo, label: &str, days: i32) -> Result<String, ApiError> {
    let shows = match to {
        LinkTo::Experiment => json!({ "experiment": experiment }),
        LinkTo::Run(id) => json!({ "run": id }),
    };
    let data: Value = api.query(CREATE, json!({ "input": { "shows": shows, "label": label, "expiresInDays": days } })).await?;
    Ok(data["createLink"]["url"].as_str().unwrap_or_default().to_owned())
}

/// The links to an experiment or to one of its runs, and a form for another. Inside a dialog: it asks when it is opened.
#[component]
pub(crate) fn Links(
    /// The experiment's id.
    experiment: String,
    to: LinkTo,
) -> impl IntoView {
    let api = StoredValue::new(use_api());
    let about = StoredValue::new((experiment, to));
    let links = RwSignal::new(None::<Result<Vec<Link>, ApiError>>);
    let fresh = RwSignal::new(None::<String>);
    let load = move || {
        spawn_local(async move {
            let found = fetch(&api.get_value(), &about.get_value().0).await;
            links.try_set(Some(found));
        });
    };
    load();
    let list = move || match links.get() {
        None => view! { <p class="faint xs" role="status">"Loading the links"</p> }.into_any(),
        Some(Err(error)) => view! { <Callout tone=Tone::Bad>{error.message}</Callout> }.into_any(),
        Some(Ok(all)) => {
            let own: Vec<Link> = all.into_iter().filter(|link| about.with_value(|(_, to)| shows(link, to))).collect();
            let rows = own.into_iter().map(|link| row(link, api, load)).collect_view();
            view! { <ul class="links">{rows}</ul> }.into_any()
        }
    };
    let made = Callback::new(move |url: String| {
        fresh.set(Some(url));
        load();
    });
    view! {
        <section class="stack" aria-label="Links">
            <h3>"Read-only links"</h3>
            <p class="faint xs">"Whoever has such a link sees runs, parameters, metrics and charts without an account, until it expires or you revoke it. No artifacts, no comments, nothing else of the organization."</p>
            {move || fresh.get().map(|url| view! { <Callout tone=Tone::Good><b>"Copy the link now. "</b>"It is shown only this once."<br/><Copyable text=url.clone() shown=url what="the link"/></Callout> })}
            <NewLink api about on_made=made/>
            {list}
        </section>
    }
    .into_any()
}

/// Whether a link is among those of a dialog: for an experiment all of them, for a run its own.
fn shows(link: &Link, to: &LinkTo) -> bool {
    match to {
        LinkTo::Experiment => true,
        LinkTo::Run(id) => link.run.as_ref().is_some_and(|run| run.id == *id),
    }
}

#[component]
fn NewLink(api: StoredValue<Api>, about: StoredValue<(String, LinkTo)>, on_made: Callback<String>) -> impl IntoView {
    let (label, days) = (RwSignal::new(String::new()), RwSignal::new("30".to_owned()));
    let (wrong, refused, busy) = (RwSignal::new(None::<String>), RwSignal::new(None::<ApiError>), RwSignal::new(false));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (name, life) = (label.get_untracked().trim().to_owned(), days.get_untracked().parse().unwrap_or(30));
        wrong.set(None);
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let (experiment, to) = about.get_value();
            let answer = create(&api.get_value(), &experiment, &to, &name, life).await;
            busy.try_set(false);
            match answer {
                Ok(url) => {
                    label.try_set(String::new());
                    on_made.try_run(url);
                }
                Err(error) if error.field.as_deref() == Some("label") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let lives = LIVES.map(|(days, words)| (days.to_owned(), words.to_owned())).to_vec();
    view! {
        <form class="new-link" method="post" on:submit=submit>
            {move || refused.get().map(|error| view! { <Callout tone=Tone::Bad>{error.message}</Callout> })}
            <div class="two">
                <Field name="link-label" label="For whom" hint="A customer, a reviewer, a paper." value=String::new() bind=label error=wrong rule=field::name as field::Rule/>
                <Select name="link-life" label="Expires after" options=lives value="30" bind=days/>
            </div>
            <div class="row end"><Button kind=ButtonKind::Primary busy icon=Icon::LINK>"Make a link"</Button></div>
        </form>
    }
    .into_any()
}

fn row(link: Link, api: StoredValue<Api>, load: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let (id, label) = (StoredValue::new(link.id), StoredValue::new(link.label.clone()));
    let revoke = move || {
        busy.set(true);
        let label = label.get_value();
        spawn_local(async move {
            match api.get_value().query::<Value>(REVOKE, json!({ "id": id.get_value() })).await {
                Ok(_) => toasts.say(format!("The link for {label} is revoked.")),
                Err(error) => toasts.fail(&error),
            }
            busy.try_set(false);
            load();
        });
    };
    let used = link.last_used_at.map_or_else(|| "never opened".into_any(), |at| view! { "opened "<RelativeTime at/> }.into_any());
    view! {
        <li>
            <Glyph icon=Icon::LINK/>
            <div class="grow">
                <b>{link.label.clone()}</b>
                {link.run.map(|run| view! { <span class="faint">{format!(" \u{00B7} only {}", run.name)}</span> })}
                <small class="faint">"ends "<RelativeTime at=link.expires_at/>", "{used}", by "{link.created_by}", …"{link.hint}</small>
            </div>
            <Button small=true busy on_press=revoke>"Revoke"</Button>
        </li>
    }
    .into_any()
}
