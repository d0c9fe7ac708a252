//! The filter for people who choose: what the latest runs have in common, as links that change its text.

use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::json;

use super::columns::written;
use crate::{
    api::{Operation, use_api},
    kit::{Address, Glyph, Icon, number, use_toasts},
};

const FACETS: Operation = Operation(include_str!("facets.graphql"));

#[derive(Deserialize)]
struct Data {
    experiment: Option<Found>,
}

#[derive(Deserialize)]
struct Found {
    facets: Vec<Facet>,
}

#[derive(Clone, Deserialize)]
struct Facet {
    field: String,
    values: Vec<Value>,
}

#[derive(Clone, Deserialize)]
struct Value {
    value: String,
    count: i64,
}

/// A button with the values to choose among. They are asked for when it opens.
#[component]
pub(super) fn Facets(
    /// The id of the experiment.
    #[prop(into)]
    experiment: Signal<String>,
    address: Address,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let found = RwSignal::new(None::<Vec<Facet>>);
    let ask = move |_| {
        let (api, id) = (api.clone(), experiment.get_untracked());
        spawn_local(async move {
            match api.query::<Data>(FACETS, json!({ "id": id })).await {
                Ok(data) => drop(found.try_set(Some(data.experiment.map(|experiment| experiment.facets).unwrap_or_default()))),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let entries = move || {
        let filter = address.get("filter").unwrap_or_default();
        match found.get() {
            None => view! { <p class="why">"Counting\u{2026}"</p> }.into_any(),
            Some(facets) if facets.is_empty() => {
                view! { <p class="why">"When there are runs, their states, params and tags are here to choose from."</p> }.into_any()
            }
            Some(facets) => facets.into_iter().map(|facet| group(&facet, &filter, address)).collect_view().into_any(),
        }
    };
    view! {
        <button class="button" type="button" popovertarget="facets" on:click=ask><Glyph icon=Icon::SLIDERS_HORIZONTAL/>"Filters"</button>
        <div class="menu end facets" id="facets" popover="auto">{entries}</div>
    }
    .into_any()
}

fn group(facet: &Facet, filter: &str, address: Address) -> AnyView {
    let terms: Vec<Option<String>> = facet.values.iter().map(|value| term(&facet.field, &value.value)).collect();
    let known: Vec<String> = terms.iter().flatten().cloned().collect();
    let links = facet.values.iter().zip(terms).filter_map(|(Value { value, count }, term)| {
        let term = term?;
        let on = conjuncts(filter).0.contains(&term.as_str());
        let next = compose(filter, &term, &known);
        let href = address.with("filter", Some(next.as_str()).filter(|next| !next.is_empty()));
        let words = if facet.field == "attributes.status" { value.to_lowercase() } else { value.clone() };
        Some(view! { <a href=href aria-current=on.then_some("true") data-noscroll=""><i class="check" class:on=on></i><span class="text">{words}</span><span class="count">{number::count(*count)}</span></a> })
    });
    view! { <div class="group">{title(&facet.field)}</div>{links.collect_view()} }.into_any()
}

fn title(field: &str) -> String {
    match field {
        "attributes.status" => "State".to_owned(),
        "attributes.user_id" => "User".to_owned(),
        _ => field.split_once('.').map_or(field, |(_, name)| name).to_owned(),
    }
}

/// What a filter says of a field and a value; `None` when no quotes can hold it.
pub(super) fn term(field: &str, value: &str) -> Option<String> {
    let quote = ['\'', '"'].into_iter().find(|quote| !value.contains(*quote))?;
    let field = match field.split_once('.')? {
        (entity, name) if name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c)) => format!("{entity}.{name}"),
        (_, name) if name.contains('`') && name.contains('"') => return None,
        (entity, name) => written(entity, name),
    };
    Some(format!("{field} = {quote}{value}{quote}"))
}

/// The parts of a filter that all must hold. One that holds when either of two does is one part; whether it is such a one.
fn conjuncts(filter: &str) -> (Vec<&str>, bool) {
    let (mut parts, mut from, mut quote, mut depth) = (Vec::new(), 0, None, 0);
    let word = |at: usize, word: &str| filter.get(at..at + word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word));
    for (at, c) in filter.char_indices() {
        match c {
            _ if quote.is_some() => quote = quote.filter(|open| *open != c),
            '\'' | '"' | '`' => quote = Some(c),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && word(at, " or ") => return (vec![filter.trim()], true),
            _ if depth == 0 && word(at, " and ") => {
                parts.push(filter[from..at].trim());
                from = at + " and ".len();
            }
            _ => {}
        }
    }
    parts.push(filter.get(from..).unwrap_or_default().trim());
    parts.retain(|part| !part.is_empty());
    (parts, false)
}

/// The filter with a term chosen, or without it when it was. Of the terms of one field only one holds.
fn compose(filter: &str, term: &str, known: &[String]) -> String {
    let (parts, either) = conjuncts(filter);
    let on = parts.contains(&term);
    let kept = parts.into_iter().filter(|part| !known.iter().any(|own| own == part));
    let kept = kept.map(|part| if either { format!("({part})") } else { part.to_owned() });
    kept.chain((!on).then(|| term.to_owned())).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_joins_the_filter_leaves_it_and_takes_the_place_of_its_kin() {
        let known = ["a = '1'", "a = '2'"].map(str::to_owned);
        assert_eq!(compose("", "a = '1'", &known), "a = '1'");
        assert_eq!(compose("m > 1 AND a = '1'", "a = '1'", &known), "m > 1");
        assert_eq!(compose("m > 1 and a = '1' and b = ' and '", "a = '2'", &known), "m > 1 and b = ' and ' and a = '2'");
        assert_eq!(compose("m > 1 or n > 1", "a = '1'", &known), "(m > 1 or n > 1) and a = '1'");
        assert_eq!(compose("(m > 1 or n > 1) and a = '1'", "a = '1'", &known), "(m > 1 or n > 1)");
        assert_eq!(compose("b = 'x or y'", "a = '1'", &known), "b = 'x or y' and a = '1'");
    }

    #[test]
    fn what_is_chosen_stands_in_quotes_that_hold_it() {
        assert_eq!(term("params.model", "it's").as_deref(), Some("params.model = \"it's\""));
        assert_eq!(term("params.learning rate", "0.1").as_deref(), Some("params.`learning rate` = '0.1'"));
        assert_eq!(term("params.a", "'\""), None);
    }
}
