//! Where an artifact belongs, and how the MLflow protocol spells that.

use std::fmt;

use shared::ids::{LoggedModelId, RunId};

use super::path::{ArtifactPath, PathError};

/// What owns a tree of artifacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    Run(RunId),
    Model(LoggedModelId),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(id) => id.fmt(f),
            Self::Model(id) => id.fmt(f),
        }
    }
}

/// A path inside the tree of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub owner: Owner,
    pub path: ArtifactPath,
}

/// Why a text names no location. The message is public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(
        "Invalid path: artifacts belong to a run ('<experiment>/<run>/artifacts/…') or a logged model ('<experiment>/models/<model>/artifacts/…')."
    )]
    Shape,
    #[error("Invalid artifact URI: only 'mlflow-artifacts:/<path>' without host, query or fragment is accepted.")]
    Scheme,
}

impl Location {
    /// Reads `<experiment>/<run>/artifacts[/<path>]` and `<experiment>/models/<model>/artifacts[/<path>]`, the paths below the artifact root that
    /// clients are given. The experiment's part is not looked at: the id of the owner is unique.
    pub fn from_proxy_path(path: &ArtifactPath) -> Result<Self, LocationError> {
        let mut parts = path.as_str().splitn(3, '/');
        let (Some(_experiment), Some(owner), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return Err(LocationError::Shape) };
        let (owner, rest) = if owner == "models" {
            let (model, rest) = rest.split_once('/').ok_or(LocationError::Shape)?;
            (Owner::Model(parse_model_id(model).ok_or(LocationError::Shape)?), rest)
        } else {
            (Owner::Run(parse_run_id(owner).ok_or(LocationError::Shape)?), rest)
        };
        let inner = match rest.strip_prefix("artifacts") {
            Some("") => "",
            Some(inner) => inner.strip_prefix('/').ok_or(LocationError::Shape)?,
            None => return Err(LocationError::Shape),
        };
        Ok(Self { owner, path: ArtifactPath::parse(inner)? })
    }

    /// Reads `mlflow-artifacts:/<proxy path>`. The URI is taken as text: an escape in it is a character of a name.
    pub fn from_uri(uri: &str) -> Result<Self, LocationError> {
        let path = uri.strip_prefix("mlflow-artifacts:/").ok_or(LocationError::Scheme)?;
        if path.starts_with('/') || path.contains(['?', '#']) {
            return Err(LocationError::Scheme);
        }
        Self::from_proxy_path(&ArtifactPath::parse(path.strip_suffix('/').unwrap_or(path))?)
    }
}

/// The address of a download, relative to this server.
pub fn url(owner: Owner, path: &str) -> String {
    let (kind, id) = match owner {
        Owner::Run(id) => ("runs", id.to_string()),
        Owner::Model(id) => ("models", id.to_string()),
    };
    let mut url = format!("/artifacts/{kind}/{id}/");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// A logged model's id as MLflow shows it: `m-` and 32 hexadecimal characters. Its client tells ids from names by that shape.
pub fn show_model_id(id: LoggedModelId) -> String {
    format!("m-{}", id.hex())
}

/// Reads [`show_model_id`]'s form.
pub fn parse_model_id(text: &str) -> Option<LoggedModelId> {
    let hex = text.strip_prefix("m-")?;
    is_hex(hex).then(|| hex.parse().ok()).flatten()
}

fn parse_run_id(text: &str) -> Option<RunId> {
    is_hex(text).then(|| text.parse().ok()).flatten()
}

fn is_hex(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The URI under which a client finds the tree of `owner`. `experiment` is the experiment's id as MLflow shows it.
pub fn root_uri(experiment: &str, owner: Owner) -> String {
    match owner {
        Owner::Run(id) => format!("mlflow-artifacts:/{experiment}/{}/artifacts", id.hex()),
        Owner::Model(id) => format!("mlflow-artifacts:/{experiment}/models/{}/artifacts", show_model_id(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "0190aaaabbbb7ccc8dddeeeeffff0001";

    fn proxy(text: &str) -> Result<Location, LocationError> {
        Location::from_proxy_path(&ArtifactPath::parse(text)?)
    }

    #[test]
    fn download_addresses_are_encoded_once() {
        let run: RunId = RUN.parse().unwrap();
        assert_eq!(url(Owner::Run(run), "d d/é%.txt"), format!("/artifacts/runs/{run}/d%20d/%C3%A9%25.txt"));
    }

    #[test]
    fn both_shapes_read_back() {
        let run = Owner::Run(RUN.parse().unwrap());
        let model = Owner::Model(RUN.parse().unwrap());
        assert_eq!(proxy(&format!("0/{RUN}/artifacts/a/b.txt")).map(|l| (l.owner, l.path.to_string())), Ok((run, "a/b.txt".into())));
        assert_eq!(proxy(&format!("0/{RUN}/artifacts")).map(|l| (l.owner, l.path.is_root())), Ok((run, true)));
        assert_eq!(proxy(&format!("0/models/m-{RUN}/artifacts/MLmodel")).map(|l| (l.owner, l.path.to_string())), Ok((model, "MLmodel".into())));
        for owner in [run, model] {
            let uri = root_uri("0", owner);
            assert_eq!(Location::from_uri(&uri).map(|l| l.owner), Ok(owner));
            assert_eq!(Location::from_uri(&format!("{uri}/x/y")).map(|l| l.path.to_string()), Ok("x/y".into()));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "a",
            "0/x",
            &format!("0/{RUN}"),
            &format!("0/{RUN}/artifactsx"),
            &format!("0/{RUN}/other/a"),
            &format!("0/models/{RUN}/artifacts"),
            "0/traces/tr-1/artifacts/traces.json",
        ] {
            assert_eq!(proxy(text), Err(LocationError::Shape), "{text}");
        }
        assert!(proxy(&format!("0/{}/artifacts/a", RUN.to_uppercase())).is_err(), "one spelling an artifact");
    }

    #[test]
    fn t21_t22_foreign_uris_are_refused() {
        let inside = format!("0/{RUN}/artifacts");
        for uri in [
            "",
            "/etc",
            "etc",
            "file:///etc",
            "file:/etc",
            "FILE:///etc",
            "http://169.254.169.254/",
            "http:///#/../../",
            "https://h/x",
            "s3://b/../c",
            "gs://b/c",
            "dbfs:/",
            "runs:/x/y",
            "mlflow-artifacts:/../x",
            "mlflow-artifacts:/",
            "mlflow-artifacts:",
            &format!("mlflow-artifacts://host/{inside}"),
            &format!("mlflow-artifacts:///{inside}"),
            &format!("mlflow-artifacts:{inside}"),
            &format!("mlflow-artifacts:/{inside}/../../x"),
            &format!("mlflow-artifacts:/{inside}/%2e%2e/x"),
            &format!("mlflow-artifacts:/{inside}?x=1"),
            &format!("mlflow-artifacts:/{inside}#x"),
            &format!("mlflow-artifacts:/{inside}/x;y"),
            &format!("Mlflow-Artifacts:/{inside}"),
            &format!(" mlflow-artifacts:/{inside}"),
            &format!("mlflow-artifacts:/{inside}\0"),
        ] {
            assert!(Location::from_uri(uri).is_err(), "{uri:?}");
        }
    }
}
