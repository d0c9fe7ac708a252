//! Registered models and versions as the pages see them.

use serde::{Deserialize, Serialize};

use crate::{api::Moment, kit::Tone};

/// The project a model is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub name: String,
    pub slug: String,
}

impl Project {
    /// Whether scripts have to name it: all but the first do.
    pub fn is_named(&self) -> bool {
        self.slug != "default"
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    pub name: String,
    pub project: Project,
    pub description: String,
    pub updated_at: Moment,
    pub versions: Vec<Staged>,
    pub aliases: Vec<Alias>,
    pub tags: Vec<Tag>,
}

/// A version's number and stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    pub version: i64,
    pub stage: String,
}

/// A name that points to a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub alias: String,
    pub version: i64,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// One registered model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub name: String,
    pub project: Project,
    pub description: String,
    pub created_at: Moment,
    pub updated_at: Moment,
    pub tags: Vec<Tag>,
    pub aliases: Vec<Alias>,
    pub versions: Vec<Version>,
}

/// One version of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    pub version: i64,
    pub stage: String,
    pub description: String,
    pub created_at: Moment,
    pub created_by: Option<String>,
    pub source: String,
    pub run: Option<RunLink>,
    pub tags: Vec<Tag>,
    pub aliases: Vec<String>,
}

/// The run a version came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLink {
    pub id: String,
    pub name: String,
}

/// The stages in the order of a version's life.
pub(super) const STAGES: [&str; 4] = ["development", "staging", "production", "archived"];

/// The colour of a stage.
pub(super) fn stage_tone(stage: &str) -> Tone {
    match stage {
        "production" => Tone::Good,
        "staging" => Tone::Gold,
        _ => Tone::Plain,
    }
}

/// Where a model's page is.
pub(super) fn path(project: &Project, name: &str) -> String {
    let within = if project.is_named() { format!("?project={}", project.slug) } else { String::new() };
    format!("/models/{}{within}", leptos_router::location::Url::escape(name))
}

/// A tag in few words: `team: fraud`.
pub(super) fn tag_words(tag: &Tag) -> String {
    if tag.value.is_empty() { tag.key.clone() } else { format!("{}: {}", tag.key, tag.value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_the_path() {
        let project = |slug: &str| Project { name: slug.to_owned(), slug: slug.to_owned() };
        assert_eq!(path(&project("default"), "credit risk/eu"), "/models/credit%20risk%2Feu");
        assert_eq!(path(&project("team-a"), "churn"), "/models/churn?project=team-a");
    }
}
