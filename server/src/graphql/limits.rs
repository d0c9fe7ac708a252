//! What one operation may cost, checked before anything runs.

use async_graphql::{
    Request, SchemaBuilder,
    parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet},
};
use shared::ErrorCode;

use super::{Mutation, Query, Subscription};
use crate::fault::Fault;

/// Bytes of a request.
pub const BODY_MAX: usize = 256 * 1024;
/// Operations in a batch.
pub const BATCH_MAX: usize = 5;
const DEPTH: usize = 10;
/// What clients ask of the schema itself nests deeper: a type in a list in a list. It reads nothing but the schema.
const DEPTH_OF_SCHEMA: usize = 20;
const COMPLEXITY: usize = 4_000;
const RECURSION: usize = 24;
const DIRECTIVES: usize = 5;
const TOKENS: usize = 4_000;
/// Brackets within brackets. The parser goes down a step of the stack with each; what is asked within [`DEPTH_OF_SCHEMA`] needs half of them.
const NESTING: usize = 50;
const FIELDS: usize = 600;
const ROOT_FIELDS: usize = 20;
const ALIASES: usize = 30;
const DIRECTIVES_IN_ALL: usize = 50;

/// The limits that async-graphql counts itself.
pub fn apply(builder: SchemaBuilder<Query, Mutation, Subscription>) -> SchemaBuilder<Query, Mutation, Subscription> {
    builder.limit_complexity(COMPLEXITY).limit_recursive_depth(RECURSION).limit_directives(DIRECTIVES).disable_suggestions()
}

/// What a page of rows costs: every ten rows cost what is asked of one, and no page costs less than that.
pub fn page_cost(first: i32, child: usize) -> usize {
    let rows = usize::try_from(first).unwrap_or(0).clamp(1, shared::limits::PAGE_MAX);
    1 + (rows * child.max(1) / 10).max(child)
}

/// The limits that async-graphql does not count so: tokens, fields after fragments, aliases, root
/// fields, directives in all, depth.
pub fn check(request: &mut Request) -> Result<(), Fault> {
    let refused = |what: &str, most: usize| Err(too_many(what, most));
    readable(&request.query)?;
    // What cannot be parsed is refused by the executor with the place of the mistake.
    let Ok(document) = request.parsed_query() else { return Ok(()) };
    let mut count = Count::default();
    for (_, operation) in document.operations.iter() {
        let mut path = Vec::new();
        count.root_fields += operation.node.selection_set.node.items.len();
        count.directives += operation.node.directives.len();
        count.selection(document, &operation.node.selection_set.node, &mut path, Level::default());
    }
    if count.too_deep {
        return Err(Fault::new(ErrorCode::LimitExceeded, format!("The query is nested too deep; the most is {DEPTH}.")));
    }
    if count.fields > FIELDS {
        return refused("fields", FIELDS);
    }
    if count.aliases > ALIASES {
        return refused("aliases", ALIASES);
    }
    if count.root_fields > ROOT_FIELDS {
        return refused("root fields", ROOT_FIELDS);
    }
    if count.directives > DIRECTIVES_IN_ALL {
        return refused("directives", DIRECTIVES_IN_ALL);
    }
    Ok(())
}

fn too_many(what: &str, most: usize) -> Fault {
    Fault::new(ErrorCode::LimitExceeded, format!("The query has too many {what}; the most is {most}."))
}

/// Whether a text may be given to the parser.
fn readable(query: &str) -> Result<(), Fault> {
    if tokens(query) > TOKENS {
        return Err(too_many("tokens", TOKENS));
    }
    if nesting(query) > NESTING {
        return Err(too_many("brackets within brackets", NESTING));
    }
    Ok(())
}

/// How many fields of the root a request asks for, whatever names they are given and however fragments hold them; at least one.
pub fn attempts(request: &mut Request) -> u32 {
    if readable(&request.query).is_err() {
        return 1;
    }
    let Ok(document) = request.parsed_query() else { return 1 };
    let (mut looked_at, mut roots) = (0, 0);
    for (_, operation) in document.operations.iter() {
        count_roots(document, &operation.node.selection_set.node, &mut looked_at, &mut roots);
    }
    roots.max(1)
}

/// Whether a request does more than ask. One that is not [`readable`] is not looked into: it is refused when its turn comes.
pub fn changes(request: &mut Request) -> bool {
    let asks = |document: &ExecutableDocument| document.operations.iter().all(|(_, operation)| operation.node.ty == OperationType::Query);
    readable(&request.query).is_ok() && request.parsed_query().is_ok_and(|document| !asks(document))
}

/// Stops at the limit of fields, so that a bomb of fragments, or a cycle, ends.
fn count_roots(document: &ExecutableDocument, set: &SelectionSet, looked_at: &mut usize, roots: &mut u32) {
    for item in &set.items {
        *looked_at += 1;
        if *looked_at > FIELDS {
            return;
        }
        match &item.node {
            Selection::Field(_) => *roots += 1,
            Selection::InlineFragment(fragment) => count_roots(document, &fragment.node.selection_set.node, looked_at, roots),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(spread.node.fragment_name.node.as_str()) {
                    count_roots(document, &fragment.node.selection_set.node, looked_at, roots);
                }
            }
        }
    }
}

/// Words and punctuators, counted without building anything.
fn tokens(query: &str) -> usize {
    let mut count = 0;
    let mut in_word = false;
    for byte in query.bytes() {
        let word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        count += usize::from(word && !in_word) + usize::from(!word && !byte.is_ascii_whitespace() && byte != b',');
        in_word = word;
    }
    count
}

/// How many brackets are open at most, of any kind. Those in texts and comments are none; in a text that does not end, which a parser may take for something
/// else, those that open are counted and none closes.
fn nesting(query: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    let mut rest = query.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'#' => rest = &rest[rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())..],
            b'"' => match after_text(rest) {
                Some(after) => rest = after,
                None => return most.max(open + rest.iter().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count()),
            },
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// What follows a text, given what follows its first quote.
fn after_text(rest: &[u8]) -> Option<&[u8]> {
    let (mut rest, end): (_, &[u8]) = match rest.strip_prefix(b"\"\"") {
        Some(block) => (block, b"\"\"\""),
        None => (rest, b"\""),
    };
    loop {
        if let Some(after) = rest.strip_prefix(end) {
            return Some(after);
        }
        rest = match rest {
            [b'\\', escaped @ ..] if end.len() == 1 => escaped.get(1..)?,
            [b'\\', escaped @ ..] => escaped.strip_prefix(end).unwrap_or(escaped),
            [_, after @ ..] => after,
            [] => return None,
        };
    }
}

#[derive(Default)]
struct Count {
    fields: usize,
    aliases: usize,
    root_fields: usize,
    directives: usize,
    too_deep: bool,
}

/// Where in an operation a selection stands.
#[derive(Clone, Copy, Default)]
struct Level {
    depth: usize,
    /// Below `__schema` or `__type`.
    of_schema: bool,
}

impl Level {
    fn below(self, field: &str) -> Self {
        Self { depth: self.depth + 1, of_schema: self.of_schema || self.depth == 0 && matches!(field, "__schema" | "__type") }
    }

    fn is_too_deep(self) -> bool {
        self.depth > if self.of_schema { DEPTH_OF_SCHEMA } else { DEPTH }
    }
}

impl Count {
    /// Walks a selection with its fragments spread out; stops once past the limit, so that a bomb
    /// of fragments costs no more than an honest query.
    fn selection<'d>(&mut self, document: &'d ExecutableDocument, set: &'d SelectionSet, path: &mut Vec<&'d str>, level: Level) {
        for item in &set.items {
            if self.fields > FIELDS {
                return;
            }
            match &item.node {
                Selection::Field(field) => {
                    self.fields += 1;
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.directives += field.node.directives.len();
                    let below = level.below(&field.node.name.node);
                    self.too_deep |= below.is_too_deep();
                    self.selection(document, &field.node.selection_set.node, path, below);
                }
                Selection::InlineFragment(fragment) => {
                    self.fields += 1;
                    self.directives += fragment.node.directives.len();
                    self.selection(document, &fragment.node.selection_set.node, path, level);
                }
                Selection::FragmentSpread(spread) => {
                    self.fields += 1;
                    self.directives += spread.node.directives.len();
                    let name = spread.node.fragment_name.node.as_str();
                    if path.contains(&name) {
                        continue; // a cycle: refused by validation
                    }
                    if let Some(fragment) = document.fragments.get(name) {
                        path.push(name);
                        self.selection(document, &fragment.node.selection_set.node, path, level);
                        path.pop();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t52_attempts_are_counted_under_every_name_and_in_fragments() {
        let count = |query: &str| attempts(&mut Request::new(query));
        assert_eq!(count("{ viewer { name email } }"), 1);
        assert_eq!(count("{ a: viewer { name } b: viewer { name } ...f ... { c: viewer { name } } } fragment f on Query { d: viewer { name } }"), 4);
        assert_eq!((count("nonsense {"), count("{ ...a } fragment a on Query { ...a }")), (1, 1));
        let bomb: String = (0..40).map(|n| format!("fragment f{n} on Query {{ ...f{m} ...f{m} }} ", m = n + 1)).collect();
        assert!(count(&format!("{{ ...f0 }} {bomb} fragment f40 on Query {{ viewer {{ name }} }}")) <= FIELDS as u32);
    }

    #[test]
    fn t57_a_page_costs_no_less_than_what_is_asked_of_a_row() {
        for (first, child, cost) in [(200, 10, 201), (197, 10, 198), (10, 862, 863), (1, 862, 863), (0, 862, 863), (-1, 1, 2), (i32::MAX, 1, 21)] {
            assert_eq!(page_cost(first, child), cost, "{first} of {child}");
        }
    }

    #[test]
    fn t51_brackets_are_counted_as_the_parser_meets_them() {
        let lists = |count: usize| "[".repeat(count);
        for (query, expected) in [
            ("{ a(b: [{ c: 1 }]) { d } }".to_owned(), 4),
            (format!("{{ a(b: {}", lists(1_000)), 1_002),
            (r#"{ a(b: "[[[", c: """ [[ \""" [[ """, d: "\"[[", e: "") }"#.into(), 2),
            ("{ # [[[[\n a # }\r b # }\n { c } }".into(), 2),
            // Texts and comments close nothing.
            (r#"[ "]" [ """]""" [ "\\" [ "\"]" ["#.into(), 5),
            ("[ # ]\n [ # ]\r [".into(), 3),
            // A text that does not end.
            (r#"{ a(b: "" """ ] [ ] [ ] [ "" ] ["#.into(), 6),
            (r#"{ a "[ ] [ \"#.into(), 3),
        ] {
            assert_eq!(nesting(&query), expected, "{query:.60}");
        }
        for query in [format!("{{ viewer(a: {}", lists(3_900)), format!("query($a: {}Int", lists(3_900)), "{ viewer(a: {b: ".repeat(700)] {
            let mut request = Request::new(query);
            assert!(check(&mut request).is_err() && attempts(&mut request) == 1 && !changes(&mut request));
        }
    }

    fn refuses(query: String) -> bool {
        check(&mut Request::new(query)).is_err()
    }

    #[test]
    fn t51_t52_t54_bombs_are_refused_before_they_run() {
        assert!(!refuses("{ viewer { name } }".into()));
        let aliases: String = (0..1000).map(|n| format!("a{n}: viewer {{ name }} ")).collect();
        assert!(refuses(format!("{{ {aliases} }}")));
        let roots = "viewer { name } ".repeat(21);
        assert!(refuses(format!("{{ {roots} }}")));
        assert!(refuses(format!("{{ viewer {{ {} }} }}", "name ".repeat(10_000))));
        assert!(refuses(format!("{{ viewer {} {{ name }} }}", "@skip(if: false) ".repeat(60))));
        let mut fan_out = String::from("query { ...f0 } ");
        for n in 0..30 {
            fan_out += &format!("fragment f{n} on Query {{ ...f{m} ...f{m} }} ", m = n + 1);
        }
        fan_out += "fragment f30 on Query { viewer { name } }";
        assert!(refuses(fan_out));
        let cycle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        assert!(!refuses(cycle.into()), "a cycle is left to validation, and counting it ends");
    }
}
