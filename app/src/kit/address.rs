//! The state of a list lives in the address: it survives a reload, can be shared, works without the
//! app, and the server sees it. `sort=auc`, `sort=-auc` (descending), `columns=…` (repeated),
//! `after=<cursor>`, `filter=…`.

use leptos::prelude::*;
use leptos_router::{
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};

/// Makes addresses that differ from the present one in a few parameters. Tracks the address.
#[derive(Clone, Copy)]
pub struct Address {
    path: Memo<String>,
    query: Memo<ParamsMap>,
}

/// The present address.
pub fn use_address() -> Address {
    Address { path: use_location().pathname, query: use_query_map() }
}

impl Address {
    /// A parameter's value; empty counts as absent.
    pub fn get(self, name: &str) -> Option<String> {
        self.query.with(|query| query.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of a repeated parameter, in order.
    pub fn all(self, name: &str) -> Vec<String> {
        self.query.with(|query| query.get_all(name)).unwrap_or_default()
    }

    /// The address with one parameter changed; `None` drops it. The page begins anew, because
    /// `after` belongs to another list.
    pub fn with(self, name: &'static str, value: Option<&str>) -> String {
        self.with_all(name, value.map(str::to_owned).into_iter().collect())
    }

    /// The address with all values of a repeated parameter changed.
    pub fn with_all(self, name: &'static str, values: Vec<String>) -> String {
        let mut query = self.query.get();
        query.remove(name);
        query.remove("after");
        for value in values {
            query.insert(name, value);
        }
        let text = query.to_query_string();
        self.path.with(|path| if text.len() > 1 { format!("{path}{text}") } else { path.clone() })
    }

    /// The address with several parameters changed at once.
    pub fn with_each(self, changes: &[(&'static str, Option<String>)]) -> String {
        let mut query = self.query.get_untracked();
        for (name, value) in changes {
            query.remove(name);
            if let Some(value) = value {
                query.insert(*name, value.clone());
            }
        }
        let text = query.to_query_string();
        self.path.with_untracked(|path| if text.len() > 1 { format!("{path}{text}") } else { path.clone() })
    }

    /// Every parameter except some, for the hidden fields of a form.
    pub fn rest(self, without: &[&str]) -> Vec<(String, String)> {
        self.query.with(|query| query.clone().into_iter().map(|(name, value)| (name.to_string(), value)).filter(|(name, _)| !without.contains(&name.as_str())).collect())
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
