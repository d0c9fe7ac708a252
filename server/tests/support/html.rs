//! What a browser would make of a page: its elements and attributes, and its scripts' texts.

/// An element: its name, its attributes, and the text inside when it is a script.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub script: String,
}

impl Element {
    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What a page shows, for comparing two: without scripts, what is new each time, and what was typed.
pub fn shape(html: &str, typed: &str) -> Vec<String> {
    let shown = elements(&html.replace(typed, "E")).into_iter().filter(|element| element.name != "script");
    let shown = shown.map(|element| {
        let attributes: Vec<_> = element.attributes.into_iter().filter(|(name, _)| name != "nonce").collect();
        format!("{} {attributes:?}", element.name)
    });
    shown.collect()
}

/// The elements of a page, as far as the HTML standard's tokenizer is needed to find them.
pub fn elements(html: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (mut element, after) = tag(rest);
            rest = after;
            if element.name == "script" {
                let end = rest.to_ascii_lowercase().find("</script").unwrap_or(rest.len());
                element.script = rest[..end].to_owned();
                rest = &rest[end..];
            }
            found.push(element);
        }
    }
    found
}

fn tag(text: &str) -> (Element, &str) {
    let ends_name = |c: char| c.is_whitespace() || c == '>' || c == '/';
    let end = text.find(ends_name).unwrap_or(text.len());
    let mut element = Element { name: text[..end].to_ascii_lowercase(), ..Element::default() };
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (element, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (element, after);
        }
        let end = rest.char_indices().skip(1).find(|(_, c)| ends_name(*c) || *c == '=').map_or(rest.len(), |(end, _)| end);
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
            };
        }
        element.attributes.push((name, value.to_owned()));
    }
}
