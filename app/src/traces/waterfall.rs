//! The spans of a trace as bars under each other.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;

use super::data::{Span, lasting};
use crate::kit::{Address, DEEPEST};

/// Spans that are shown.
pub(super) const SHOWN: usize = 1_000;

/// Spans in the order of the tree, each with its depth. A span whose parent is not here begins a tree.
pub(super) fn arranged(spans: &[Span]) -> Vec<(usize, &Span)> {
    let known: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut children: HashMap<&str, Vec<&Span>> = HashMap::new();
    let mut waiting: Vec<(usize, &Span)> = Vec::new();
    for span in spans {
        match span.parent_id.as_deref().filter(|parent| known.contains(parent) && *parent != span.id) {
            Some(parent) => children.entry(parent).or_default().push(span),
            None => waiting.push((0, span)),
        }
    }
    waiting.reverse();
    let (mut out, mut seen) = (Vec::new(), HashSet::new());
    while let Some((depth, span)) = waiting.pop() {
        if !seen.insert(span.id.as_str()) {
            continue;
        }
        out.push((depth, span));
        let below = children.get(span.id.as_str()).into_iter().flatten().rev();
        waiting.extend(below.map(|child| (depth + 1, *child)));
    }
    // Who has no beginning, because parents go round, is shown all the same.
    out.extend(spans.iter().filter(|span| !seen.contains(span.id.as_str())).map(|span| (0, span)));
    out
}

/// Where a bar begins and how long it is, as parts of the whole, 0 to 100.
fn place(span: &Span, from: f64, whole: f64) -> (f64, f64) {
    if whole <= 0.0 {
        return (0.0, 100.0);
    }
    let left = ((span.offset - from) / whole * 100.0).clamp(0.0, 100.0);
    let width = span.duration.unwrap_or(from + whole - span.offset) / whole * 100.0;
    let left = left.min(99.5);
    (left, width.min(100.0 - left).max(0.5))
}

/// Each span is a link that chooses it; the choice stands in the address.
pub(super) fn waterfall(spans: &[Span], chosen: &str, address: Address) -> AnyView {
    let from = spans.iter().map(|span| span.offset).fold(f64::INFINITY, f64::min);
    let until = spans.iter().map(|span| span.offset + span.duration.unwrap_or_default()).fold(f64::NEG_INFINITY, f64::max);
    let lines = arranged(spans).into_iter().take(SHOWN).map(|(depth, span)| {
        let (left, width) = place(span, from, until - from);
        let took = span.duration.map_or_else(|| "goes on".to_owned(), lasting);
        let current = (span.id == chosen).then_some("true");
        let bad = span.status == "ERROR";
        view! {
            <a href=address.with("span", Some(&span.id)) data-noscroll aria-current=current class:bad=bad data-depth=DEEPEST.min(depth).to_string()>
                <span class="what"><span class="text">{span.name.clone()}</span>{span.kind.clone().map(|kind| view! { <small>{kind}</small> })}{bad.then(|| view! { <small class="error">"error"</small> })}</span>
                <svg class="track" width="100%" height="10" aria-hidden="true"><rect x=format!("{left:.2}%") width=format!("{width:.2}%") height="100%" rx="3"></rect></svg>
                <span class="num">{took}</span>
            </a>
        }
    });
    view! { <nav class="waterfall" aria-label="Steps">{lines.collect_view()}</nav> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, offset: f64) -> Span {
        Span {
            id: id.into(),
            parent_id: parent.map(str::to_owned),
            name: id.into(),
            kind: None,
            status: "OK".into(),
            message: None,
            offset,
            duration: Some(10.0),
            inputs: None,
            outputs: None,
            attributes: Vec::new(),
            events: Vec::new(),
        }
    }

    #[test]
    fn children_follow_their_parents_and_nobody_is_lost() {
        let spans = [
            span("a", None, 0.0),
            span("b", Some("a"), 1.0),
            span("c", Some("b"), 2.0),
            span("d", Some("a"), 3.0),
            span("e", Some("gone"), 4.0),
            span("f", Some("g"), 5.0),
            span("g", Some("f"), 6.0),
            span("h", Some("h"), 7.0),
        ];
        let shown: Vec<(usize, &str)> = arranged(&spans).into_iter().map(|(depth, span)| (depth, span.id.as_str())).collect();
        assert_eq!(shown, [(0, "a"), (1, "b"), (2, "c"), (1, "d"), (0, "e"), (0, "h"), (0, "f"), (0, "g")]);
    }

    #[test]
    fn bars_stay_inside() {
        assert_eq!(place(&span("a", None, 5.0), 0.0, 20.0), (25.0, 50.0));
        assert_eq!(place(&span("a", None, 0.0), 0.0, 0.0), (0.0, 100.0));
        let (left, width) = place(&span("a", None, 30.0), 0.0, 20.0);
        assert!(left <= 100.0 && width > 0.0);
    }
}
