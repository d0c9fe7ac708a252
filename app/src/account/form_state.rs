use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// What became of a form that was posted: the server answers 422 with the same page and provides
/// this by context. Passwords are never among the values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormState {
    /// Why it was not accepted.
    pub error: Option<String>,
    /// The field to blame; `None` when it is the whole form.
    pub field: Option<String>,
    /// What was typed, by field.
    pub values: BTreeMap<String, String>,
}

impl FormState {
    /// The error of one field.
    pub fn error_of(&self, field: &str) -> Option<String> {
        self.error.clone().filter(|_| self.field.as_deref() == Some(field))
    }

    /// The error that belongs to none of the fields a form shows.
    pub fn error_beside(&self, fields: &[&str]) -> Option<String> {
        self.error.clone().filter(|_| self.field.as_deref().is_none_or(|field| !fields.contains(&field)))
    }

    /// What was typed into a field.
    pub fn value(&self, field: &str) -> String {
        self.values.get(field).cloned().unwrap_or_default()
    }

    /// What was posted under a name, else what the address says: `token`, `next`.
    pub(super) fn carried(&self, name: &str) -> String {
        self.values.get(name).cloned().or_else(|| use_query_map().with_untracked(|query| query.get(name))).unwrap_or_default()
    }
}

/// The state of the form on this page; it travels with the page, so that hydration sees the same.
pub(crate) fn use_form_state() -> FormState {
    SharedValue::new(|| use_context::<FormState>().unwrap_or_default()).into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_once() {
        let state = FormState { error: Some("no".into()), field: Some("token".into()), ..Default::default() };
        assert_eq!(state.error_beside(&["email"]), Some("no".into()));
        assert_eq!(state.error_of("email"), None);
        assert_eq!(state.error_beside(&["token"]), None);
    }
}
