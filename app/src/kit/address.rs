//! The state of a list lives in the address: it survives a reload, can be shared, works without the
//! app, and the server sees it. `sort=auc`, `sort=-auc` (descending), `columns=…` (repeated),
//! `after=<cursor>`, `filter=…`.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

type Pairs = Vec<(String, String)>;

/// Makes addresses that differ from the present one in a few parameters. Tracks the address.
#[derive(Clone, Copy)]
pub struct Address {
    path: Memo<String>,
    query: Memo<Pairs>,
}

/// The present address. The query is read here and not by the router, which decodes values twice:
/// a filter like `name LIKE '%ab%'` would not survive.
pub fn use_address() -> Address {
    let location = use_location();
    let search = location.search;
    Address { path: location.pathname, query: Memo::new(move |_| search.with(|search| parse(search))) }
}

impl Address {
    /// A parameter's value; empty counts as absent.
    pub fn get(self, name: &str) -> Option<String> {
        self.query.with(|query| query.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.clone())).filter(|value| !value.is_empty())
    }

    /// All values of a repeated parameter, in order.
    pub fn all(self, name: &str) -> Vec<String> {
        self.query.with(|query| query.iter().filter(|(own, _)| own == name).map(|(_, value)| value.clone()).collect())
    }

    /// The address with one parameter changed; `None` drops it. The page begins anew, because
    /// `after` belongs to another list.
    pub fn with(self, name: &'static str, value: Option<&str>) -> String {
        self.with_all(name, value.map(str::to_owned).into_iter().collect(), &[])
    }

    /// The address with all values of a repeated parameter changed, and without some others.
    pub fn with_all(self, name: &'static str, values: Vec<String>, without: &[&str]) -> String {
        let mut query = self.query.get();
        query.retain(|(own, _)| own != name && own != "after" && !without.contains(&own.as_str()));
        query.extend(values.into_iter().map(|value| (name.to_owned(), value)));
        write(self.path.get(), &query)
    }

    /// The address with several parameters changed at once, one that is named twice to both values; the others stay, `after` too.
    pub fn with_each(self, changes: &[(&'static str, Option<String>)]) -> String {
        let mut query = self.query.get_untracked();
        query.retain(|(own, _)| !changes.iter().any(|(name, _)| own == name));
        for (name, value) in changes {
            query.extend(value.clone().map(|value| ((*name).to_owned(), value)));
        }
        write(self.path.get_untracked(), &query)
    }

    /// Every parameter except some, for the hidden fields of a form.
    pub fn rest(self, without: &[&str]) -> Vec<(String, String)> {
        self.query.with(|query| query.iter().filter(|(name, _)| !without.contains(&name.as_str())).cloned().collect())
    }

    /// The order asked for.
    pub fn sort(self) -> Option<Sort> {
        self.get("sort").map(|text| Sort::parse(&text))
    }
}

/// A column and a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column's key.
    pub key: String,
    /// Largest first.
    pub descending: bool,
}

impl Sort {
    /// Reads `auc` or `-auc`.
    pub fn parse(text: &str) -> Self {
        text.strip_prefix('-').map_or_else(|| Self { key: text.to_owned(), descending: false }, |key| Self { key: key.to_owned(), descending: true })
    }

    /// As it stands in the address.
    pub fn as_param(&self) -> String {
        if self.descending { format!("-{}", self.key) } else { self.key.clone() }
    }
}

/// Reads `name=value&…` as forms write it.
fn parse(search: &str) -> Pairs {
    let parts = search.trim_start_matches('?').split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (decode(name), decode(value))).collect()
}

/// `+` is a space, `%XX` a byte; anything else stands for itself.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|byte| (*byte as char).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An address of a path and its parameters.
pub fn address_of(path: &str, query: &[(String, String)]) -> String {
    write(path.to_owned(), query)
}

fn write(path: String, query: &[(String, String)]) -> String {
    let mut address = path;
    for (at, (name, value)) in query.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        encode(&mut address, name);
        address.push('=');
        encode(&mut address, value);
    }
    address
}

/// Encodes what has a meaning of its own in an address, and nothing else: addresses are read and
/// shared by people.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b',' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let query: Pairs = ["name LIKE '%ab%' and a = \"b+c&d\"", "\u{6570}\u{636E} 100%", "", "-metrics.log_loss"]
            .into_iter()
            .map(|value| ("filter".to_owned(), value.to_owned()))
            .collect();
        let address = write("/experiments/1".to_owned(), &query);
        assert_eq!(parse(address.split_once('?').expect("a query").1), query);
        assert!(address.ends_with("filter=-metrics.log_loss"));
    }

    #[test]
    fn broken_encodings_are_kept_as_they_are() {
        assert_eq!(
            parse("?a=%zz&b=%4&c&&=x"),
            [("a", "%zz"), ("b", "%4"), ("c", ""), ("", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
