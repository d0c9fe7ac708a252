//! The registry's nouns and the rules that need no database.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use shared::{
    ids::{LoggedModelId, ProjectId, RegisteredModelId, RunId},
    key::check_key,
    limits::PAIRS_MAX,
    spelling,
};

use super::error::RegistryError;
use crate::features::artifacts::{location::Owner, path::ArtifactPath};

/// Longest name of a registered model, in characters.
pub const NAME_MAX: usize = 256;
/// Longest alias, in characters.
pub const ALIAS_MAX: usize = 255;
/// Longest value of a tag, in characters.
pub const TAG_VALUE_MAX: usize = 100_000;
/// Longest description, in bytes.
pub const DESCRIPTION_MAX: usize = 5_000;
/// What clients name as the source of a prompt, which has no files (MLflow 3.17, `mlflow/prompt/constants.py`).
const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];
/// Models with this tag set to `true` are prompts, which searches leave out unless they ask for them.
pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// A registered model's name: any text without `/` and `:` (they delimit model URIs), without control or invisible characters, and without words in which
/// a letter of another alphabet looks like a Latin one. Two spellings of the same letters are one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelName(String);

impl ModelName {
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let text = spelling::composed(text);
        let refuse = |why| Err(RegistryError::Name(text.chars().take(NAME_MAX).collect(), why));
        if text.trim().is_empty() {
            return Err(RegistryError::NameMissing);
        }
        if text.contains(['/', ':']) {
            return refuse("it may not contain '/' or ':'");
        }
        if matches!(text.as_str(), "." | "..") {
            return refuse("it may not be '.' or '..'");
        }
        if text.chars().count() > NAME_MAX {
            return refuse("it is longer than 256 characters");
        }
        if text.contains(spelling::is_invisible) {
            return refuse("it contains control or invisible characters");
        }
        if spelling::deceives(&text) {
            return refuse("it contains a letter of another alphabet that looks like a Latin one");
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A movable name for one version. `latest` and `v<digits>` mean versions by themselves and are reserved. No letter of another alphabet stands for a Latin
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Alias(String);

impl Alias {
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let fits = !text.is_empty()
            && text.chars().count() <= ALIAS_MAX
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            && !spelling::deceives(text);
        let lower = text.to_lowercase();
        let reserved = lower == "latest" || lower.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        match (fits, reserved) {
            (false, _) => Err(RegistryError::Alias(text.chars().take(ALIAS_MAX).collect())),
            (_, true) => Err(RegistryError::AliasReserved(text.to_owned())),
            _ => Ok(Self(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a version number: a positive decimal integer.
pub fn parse_version(text: &str) -> Result<i32, RegistryError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(version) if digits => Ok(version),
        _ => Err(RegistryError::Version(text.chars().take(40).collect())),
    }
}

/// The tags of one request: not too many, and each a tag.
pub fn check_tags(tags: &[(String, String)]) -> Result<(), RegistryError> {
    if tags.len() > PAIRS_MAX {
        return Err(RegistryError::TooManyTags(tags.len()));
    }
    tags.iter().try_for_each(|(key, value)| check_tag(key, value))
}

/// A tag's key: what MLflow allows in every key.
pub fn check_tag(key: &str, value: &str) -> Result<(), RegistryError> {
    check_key(key).map_err(|refused| RegistryError::TagKey(refused.0))?;
    if value.chars().count() > TAG_VALUE_MAX {
        return Err(RegistryError::TagValue(key.to_owned()));
    }
    Ok(())
}

/// A description: any text up to its limit.
pub fn check_description(text: &str) -> Result<(), RegistryError> {
    if text.len() > DESCRIPTION_MAX { Err(RegistryError::Description) } else { Ok(()) }
}

/// Where a version stands on its way to production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    Development,
    Staging,
    Production,
    Archived,
}

impl Stage {
    pub const ALL: [Stage; 4] = [Self::Development, Self::Staging, Self::Production, Self::Archived];

    /// The word in tables and the GraphQL API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Archived => "archived",
        }
    }

    /// The word MLflow uses: development is `None` there.
    pub fn mlflow(self) -> &'static str {
        match self {
            Self::Development => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// Reads MLflow's word, in any case.
    pub fn from_mlflow(text: &str) -> Result<Self, RegistryError> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.mlflow().eq_ignore_ascii_case(text))
            .ok_or_else(|| RegistryError::Stage(text.chars().take(60).collect()))
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or(())
    }
}

/// A model under a name, with its versions.
#[derive(Clone, Debug)]
pub struct RegisteredModel {
    pub id: RegisteredModelId,
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub tags: Vec<(String, String)>,
    /// Alias and the version it points at.
    pub aliases: Vec<(String, i32)>,
    /// The newest version of each stage; empty where lists do not show it.
    pub latest: Vec<ModelVersion>,
}

/// One version of a registered model.
#[derive(Clone, Debug)]
pub struct ModelVersion {
    pub model_id: RegisteredModelId,
    /// The name of the registered model.
    pub name: String,
    pub version: i32,
    /// What the client named when it made the version.
    pub source: String,
    /// The artifacts that source was resolved to; a prompt has none.
    pub owner: Option<Owner>,
    pub source_path: String,
    pub run_id: Option<RunId>,
    pub run_link: String,
    pub logged_model_id: Option<LoggedModelId>,
    pub description: String,
    pub stage: Stage,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub tags: Vec<(String, String)>,
    pub aliases: Vec<String>,
}

/// Where a new version's files come from, as the client spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Files of a run, or of a logged model (`runs:/<run>/<path>`, `models:/m-<id>`, `mlflow-artifacts:/…`).
    Artifacts { owner: Owner, path: ArtifactPath },
    /// A version that exists: `models:/<name>/<version>`.
    Version { name: ModelName, version: i32 },
    /// A prompt's text is a tag of the version.
    Prompt,
}

impl Source {
    /// The source of a version with these tags. A prompt names a fixed word, and only a prompt may.
    pub fn of(text: &str, tags: &[(String, String)]) -> Result<Self, RegistryError> {
        let is_prompt = tags.iter().any(|(key, value)| key == PROMPT_TAG && value == "true");
        match (is_prompt, PROMPT_SOURCES.contains(&text)) {
            (true, true) => Ok(Self::Prompt),
            (true, false) => Err(RegistryError::PromptSource(text.chars().take(200).collect())),
            (false, _) => Self::parse(text),
        }
    }

    /// Reads the accepted spellings. Everything else (local paths, `file:`, `http(s):`, `s3:`, `dbfs:`, …) is refused, whatever the tags say: this server
    /// never follows a URI that a client chose.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        use crate::features::artifacts::location::{Location, parse_model_id};
        let refused = || RegistryError::Source(text.chars().take(200).collect());
        if let Some(rest) = text.strip_prefix("models:/") {
            if let Some(id) = parse_model_id(rest) {
                return Ok(Self::Artifacts { owner: Owner::Model(id), path: ArtifactPath::root() });
            }
            let (name, version) = rest.rsplit_once('/').ok_or_else(refused)?;
            let name = ModelName::parse(name).map_err(|_| refused())?;
            return Ok(Self::Version { name, version: parse_version(version).map_err(|_| refused())? });
        }
        if let Some(rest) = text.strip_prefix("runs:/") {
            let (run, path) = rest.split_once('/').unwrap_or((rest, ""));
            let lower_hex = run.len() == 32 && run.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let run: RunId = if lower_hex { run.parse().map_err(|_| refused())? } else { return Err(refused()) };
            return Ok(Self::Artifacts { owner: Owner::Run(run), path: ArtifactPath::parse(path).map_err(|_| refused())? });
        }
        let Location { owner, path } = Location::from_uri(text).map_err(|_| refused())?;
        Ok(Self::Artifacts { owner, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190aaaabbbb7ccc8dddeeeeffff0001";

    #[test]
    fn names_follow_mlflow_and_hide_nothing() {
        for good in ["m", "fraud detector v2", "a.b", "...", "数据", "é", &"x".repeat(256)] {
            assert!(ModelName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "  ", "a/b", "a:b", ".", "..", "a\nb", "a\u{0}", "a\u{202e}b", "a\u{200b}b", &"x".repeat(257)] {
            assert!(ModelName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn t46_a_name_is_what_it_looks_like() {
        for good in ["модель fraud", "fraud-модель", "мороз", "β-VAE", "βVAE", "Δloss", "größe", "数据v2"] {
            assert!(ModelName::parse(good).is_ok(), "{good}");
        }
        for bad in ["fr\u{430}ud_detector", "\u{421}hurn", "m\u{3bf}del", "the \u{410}nswer", "n\u{585}w"] {
            assert!(ModelName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ModelName::parse("fraude\u{301}").ok(), ModelName::parse("fraud\u{e9}").ok());
    }

    #[test]
    fn aliases_leave_latest_and_version_numbers_alone() {
        for good in ["champion", "Prod_1-b", "v1x", "v", "1", "最新", "-"] {
            assert!(Alias::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "latest", "LATEST", "v1", "V22", "a b", "a.b", "a/b", "a@b", "ch\u{430}mpion", &"x".repeat(256)] {
            assert!(Alias::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn versions_and_stages_are_strict_where_mlflow_is() {
        assert_eq!(parse_version("12").ok(), Some(12));
        for bad in ["", "x", "1.0", "-1", "+1", " 1", "99999999999", "１"] {
            assert!(parse_version(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Stage::from_mlflow("pRoDuCtIoN").ok(), Some(Stage::Production));
        assert_eq!(Stage::from_mlflow("none").ok(), Some(Stage::Development));
        let message = Stage::from_mlflow("Live").unwrap_err().to_string();
        assert!(message.starts_with("Invalid Model Version stage: Live. Value must be one of None, Staging, Production, Archived."), "{message}");
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
    }

    #[test]
    fn t37_tag_keys_are_literal_or_refused() {
        for good in ["a", "mlflow.prompt.is_prompt", "a b:c/d-e_f.g", "数", ".hidden"] {
            assert!(check_tag(good, "").is_ok(), "{good}");
        }
        for bad in ["", "a\"b", "a`b", "a'b", "/a", "../a", "a/../b", "a//b", "a/", "./a", "..", "a\nb", &"k".repeat(10_000)] {
            assert!(check_tag(bad, "").is_err(), "{bad:?}");
        }
        assert!(check_tag("k", &"v".repeat(TAG_VALUE_MAX + 1)).is_err());
    }

    #[test]
    fn sources_inside_the_product_are_read() {
        assert_eq!(
            Source::parse(&format!("models:/m-{ID}")),
            Ok(Source::Artifacts { owner: Owner::Model(ID.parse().unwrap()), path: ArtifactPath::root() })
        );
        assert_eq!(
            Source::parse(&format!("runs:/{ID}/a/b")),
            Ok(Source::Artifacts { owner: Owner::Run(ID.parse().unwrap()), path: ArtifactPath::parse("a/b").unwrap() })
        );
        assert_eq!(
            Source::parse(&format!("mlflow-artifacts:/0/{ID}/artifacts/m")),
            Ok(Source::Artifacts { owner: Owner::Run(ID.parse().unwrap()), path: ArtifactPath::parse("m").unwrap() })
        );
        assert_eq!(Source::parse("models:/my model/3"), Ok(Source::Version { name: ModelName::parse("my model").unwrap(), version: 3 }));
    }

    #[test]
    fn t21_every_other_source_is_refused() {
        for source in [
            "",
            "/etc",
            "etc/passwd",
            "./x",
            "file:///etc",
            "file:/etc",
            "FILE:///etc",
            "file://localhost/etc",
            "http:///#/../../",
            "http://h/x",
            "https://h/x",
            "mlflow-artifacts:/../x",
            "mlflow-artifacts:/x",
            "s3://b/../c",
            "s3://b/c",
            "gs://b/c",
            "dbfs:/",
            "dbfs:/x",
            "ftp://h/x",
            "hdfs://h/x",
            "wasbs://c@h/x",
            "abfss://c@h/x",
            "models:/",
            "models:/m-1",
            "models:/name",
            "models:/name@alias",
            "models:/name/latest",
            "models:/../1",
            "models:/a/b/1",
            "runs:/",
            "runs:/x/y",
            "runs:///etc",
            &format!("runs:/{ID}/../../x"),
            &format!("runs:/{ID}/%2e%2e/x"),
            &format!("runs://host/{ID}/x"),
            &format!("runs:/{ID}/x;params"),
            &format!("runs:/{ID}#frag"),
            &format!("models:/m-{ID}/../x"),
            &format!("models:/m-{ID}?x"),
            "\\..\\..\\etc",
            "C:\\x",
            "file:C:/x",
        ] {
            assert!(matches!(Source::parse(source), Err(RegistryError::Source(_))), "{source:?}");
        }
    }
}
