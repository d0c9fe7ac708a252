use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    data::{self, Assessment, Trace},
    span,
    waterfall::{SHOWN, arranged, waterfall},
};
use crate::{
    api::{ApiError, Operation, use_query},
    experiments::Tag,
    kit::{Address, Card, Chip, Copyable, Crumb, Empty, Fact, Facts, Failure, Icon, Page, RelativeTime, Shape, Tone, number, steady_as, use_address},
};

const TRACE: Operation = Operation(include_str!("trace.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    trace: Option<Trace>,
}

/// The page at `/traces/:id`.
#[component]
pub fn TracePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let address = use_address();
    let query = use_query::<_, Data>(TRACE, move || json!({ "id": id.get() }));
    steady_as(Shape::Cards, query, move |held| match held.get_untracked().trace {
        Some(trace) => page(trace, address),
        None => {
            let error = ApiError::absent("There is no trace at this address, or it belongs to another organization.");
            view! { <Page title="Trace"><Failure error/></Page> }.into_any()
        }
    })
}

fn page(trace: Trace, address: Address) -> AnyView {
    let traces = format!("/experiments/{}/traces", trace.experiment.id);
    let crumbs = vec![
        Crumb::new("Experiments", "/experiments"),
        Crumb::new(trace.experiment.name.clone(), format!("/experiments/{}", trace.experiment.id)),
        Crumb::new("Traces", traces),
    ];
    let title = trace.name.clone().unwrap_or_else(|| "Trace".to_owned());
    let (tone, word) = data::state(&trace.state);
    let (took, began, steps) = (trace.duration, trace.started_at, trace.spans.len() as i64);
    let facts = move || {
        view! {
            <Chip tone dot=true>{word}</Chip>
            <span>"began "<RelativeTime at=began/></span>
            {took.map(|ms| view! { <span>{format!("took {}", data::lasting(ms as f64))}</span> })}
            <span>{number::counted(steps, "step", "steps")}</span>
        }
    };
    let about = about(&trace);
    view! {
        <Page title=Signal::stored(title) crumbs facts>
            <div class="split">
                <div class="stack">{steps_of(trace, address)}</div>
                <aside class="stack" aria-label="About the trace">{about}</aside>
            </div>
        </Page>
    }
    .into_any()
}

fn steps_of(trace: Trace, address: Address) -> AnyView {
    if trace.spans.is_empty() {
        return view! { <section class="card"><Empty icon=Icon::SCROLL_TEXT title="No steps">"The client told of this trace as a whole and sent no spans."</Empty></section> }.into_any();
    }
    let first = arranged(&trace.spans).first().map(|(_, span)| span.id.clone()).unwrap_or_default();
    let spans = StoredValue::new(trace.spans);
    let chosen = Memo::new(move |_| {
        address.get("span").filter(|id| spans.with_value(|spans| spans.iter().any(|span| span.id == *id))).unwrap_or_else(|| first.clone())
    });
    let bars = move || spans.with_value(|spans| waterfall(spans, &chosen.get(), address));
    let detail = move || spans.with_value(|spans| spans.iter().find(|span| span.id == chosen.get()).cloned().map(span::shown));
    let more = spans.with_value(Vec::len).saturating_sub(SHOWN);
    let rest = (more > 0).then(|| view! { <p class="note faint xs">{format!("{} more steps are not shown", number::count(more as i64))}</p> });
    view! { <Card title="Steps" flush=true>{bars}{rest}</Card>{detail} }.into_any()
}

fn about(trace: &Trace) -> AnyView {
    let pairs = |list: &[Tag]| {
        let shown: Vec<Tag> = list.iter().filter(|tag| !tag.is_internal() && tag.value.len() < 400).cloned().collect();
        shown.into_iter().map(|tag| view! { <Fact label=tag.key><Copyable text=tag.value what="the value"/></Fact> }).collect_view()
    };
    let (id, experiment) = (trace.id.clone(), trace.experiment.clone());
    let (tags, metadata) = (pairs(&trace.tags), pairs(&trace.metadata));
    let run = trace.run.clone().map(|run| view! { <Fact label="Run"><a class="link" href=format!("/runs/{}", run.id)>{run.name}</a></Fact> });
    let assessments = (!trace.assessments.is_empty()).then(|| {
        let lines = trace.assessments.iter().cloned().map(assessment).collect_view();
        view! { <Card title="Assessments"><ul class="lines">{lines}</ul></Card> }
    });
    view! {
        <Card title="About">
            <Facts>
                <Fact label="Trace id"><Copyable text=id.clone() shown=crate::kit::shortened(&id) what="the trace id"/></Fact>
                <Fact label="Experiment"><a class="link" href=format!("/experiments/{}", experiment.id)>{experiment.name}</a></Fact>
                {run}
                {tags}
                {metadata}
            </Facts>
        </Card>
        {assessments}
    }
    .into_any()
}

fn assessment(one: Assessment) -> AnyView {
    let tone = match (one.kind.as_str(), one.value.as_str()) {
        ("feedback", "true" | "yes") => Tone::Good,
        ("feedback", "false" | "no") | ("issue", _) => Tone::Bad,
        _ => Tone::Plain,
    };
    let value: String = one.value.chars().take(80).collect();
    let over = (!one.valid).then(|| view! { <small class="faint">"overridden"</small> });
    view! {
        <li>
            <span class="name">{one.name}</span><Chip tone>{value}</Chip>{over}
            {one.rationale.map(|why| view! { <span class="muted">{why}</span> })}
            {one.source.map(|source| view! { <small class="faint">{source}</small> })}
        </li>
    }
    .into_any()
}
