//! An MLflow server as it is asked.

use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    model::Credentials,
    wire::{Files, History, PageOf},
};
use crate::platform::{Outbound, OutboundError, Peer};

/// Largest answer that is read as a whole, in bytes.
const ANSWER_MAX: usize = 256 << 20;
/// How often a question that may be answered later is asked, and the pause before the second time; it doubles.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(400);
/// How often a server is greeted that does not answer: somebody waits to be told that it is the wrong address.
const GREETINGS: u32 = 3;
/// Points of one answer; MLflow gives no more.
pub const POINTS_MAX: usize = 25_000;

type Answer<T> = Result<T, OutboundError>;

/// A server and how it is signed in to. Cloning shares its connections.
#[derive(Clone)]
pub struct Source {
    peer: Peer,
    credentials: Credentials,
}

/// Whose files are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'a> {
    Run(&'a str),
    Model(&'a str),
}

impl Source {
    /// Resolves the address; nothing is sent yet.
    ///
    /// # Errors
    /// What [`Outbound::connect`] says.
    pub async fn open(outbound: &Outbound, address: &str, credentials: Credentials) -> Answer<Self> {
        Ok(Self { peer: outbound.connect(address).await?, credentials })
    }

    /// Whether it is there, speaks MLflow, and accepts the credentials.
    ///
    /// # Errors
    /// Why not.
    pub async fn greet(&self) -> Answer<()> {
        let body = json!({ "max_results": 1, "view_type": "ACTIVE_ONLY" });
        let answer = self.ask_times(GREETINGS, || Ok(self.request(Method::POST, "/api/2.0/mlflow/experiments/search")?.json(&body))).await?;
        read::<PageOf>(&answer).map(drop)
    }

    /// A page of the experiments that are not deleted.
    pub async fn experiments(&self, token: &str) -> Answer<PageOf> {
        let body = json!({ "max_results": 1000, "view_type": "ACTIVE_ONLY", "page_token": token, "order_by": ["experiment_id ASC"] });
        self.post("/api/2.0/mlflow/experiments/search", &body).await
    }

    /// A page of an experiment's runs that are not deleted, the oldest first: a run that starts meanwhile comes last.
    pub async fn runs(&self, experiment: &str, token: &str) -> Answer<PageOf> {
        let body = json!({
            "experiment_ids": [experiment], "max_results": 500, "run_view_type": "ACTIVE_ONLY", "page_token": token,
            "order_by": ["attributes.start_time ASC"],
        });
        self.post("/api/2.0/mlflow/runs/search", &body).await
    }

    /// A page of an experiment's logged models. Servers before MLflow 3 have none.
    pub async fn models(&self, experiment: &str, token: &str) -> Answer<PageOf> {
        let body = json!({ "experiment_ids": [experiment], "max_results": 50, "page_token": token });
        match self.post("/api/2.0/mlflow/logged-models/search", &body).await {
            Err(OutboundError::Absent) => Ok(PageOf::default()),
            answer => answer,
        }
    }

    /// A page of the registered models.
    pub async fn registered_models(&self, token: &str) -> Answer<PageOf> {
        self.get("/api/2.0/mlflow/registered-models/search", &[("max_results", "200"), ("page_token", token)]).await
    }

    /// Every version of a registered model.
    pub async fn versions(&self, name: &str) -> Answer<Vec<Value>> {
        let quote = if name.contains('\'') { '"' } else { '\'' };
        let filter = format!("name={quote}{name}{quote}");
        let (mut rows, mut token) = (Vec::new(), String::new());
        loop {
            let query = [("filter", filter.as_str()), ("max_results", "1000"), ("page_token", &token)];
            let page: PageOf = self.get("/api/2.0/mlflow/model-versions/search", &query).await?;
            rows.extend(page.rows);
            token = page.next_page_token;
            if token.is_empty() {
                return Ok(rows);
            }
        }
    }

    /// The points of a metric of several runs, sorted by run, as text: at most [`POINTS_MAX`], more are cut off.
    pub async fn bulk_history(&self, runs: &[&str], key: &str) -> Answer<Bytes> {
        let most = POINTS_MAX.to_string();
        let query: Vec<(&str, &str)> = runs.iter().map(|run| ("run_id", *run)).chain([("metric_key", key), ("max_results", &most)]).collect();
        self.ask(|| Ok(self.request(Method::GET, "/ajax-api/2.0/mlflow/metrics/get-history-bulk")?.query(&query))).await
    }

    /// A page of the points of a metric of one run.
    pub async fn history(&self, run: &str, key: &str, token: &str) -> Answer<History> {
        let most = POINTS_MAX.to_string();
        self.get("/api/2.0/mlflow/metrics/get-history", &[("run_id", run), ("metric_key", key), ("max_results", &most), ("page_token", token)]).await
    }

    /// What lies directly in a folder; the empty path is the root.
    pub async fn files(&self, holder: Holder<'_>, folder: &str) -> Answer<Files> {
        match holder {
            Holder::Run(run) => self.get("/api/2.0/mlflow/artifacts/list", &[("run_id", run), ("path", folder)]).await,
            Holder::Model(model) => {
                let path = format!("/api/2.0/mlflow/logged-models/{model}/artifacts/directories");
                self.get(&path, &[("artifact_directory_path", folder)]).await
            }
        }
    }

    /// A file's bytes as they come.
    pub async fn file(&self, holder: Holder<'_>, path: &str) -> Answer<impl Stream<Item = Answer<Bytes>> + Send + use<>> {
        let request = match holder {
            Holder::Run(run) => self.request(Method::GET, "/get-artifact")?.query(&[("run_id", run), ("run_uuid", run), ("path", path)]),
            Holder::Model(model) => {
                let address = format!("/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files");
                self.request(Method::GET, &address)?.query(&[("artifact_file_path", path)])
            }
        };
        self.peer.stream(request).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Answer<T> {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|_, value| value.as_str() != Some(""));
        }
        read(&self.ask(|| Ok(self.request(Method::POST, path)?.json(&body))).await?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Answer<T> {
        let query: Vec<_> = query.iter().filter(|(_, value)| !value.is_empty()).collect();
        read(&self.ask(|| Ok(self.request(Method::GET, path)?.query(&query))).await?)
    }

    fn request(&self, method: Method, path: &str) -> Answer<RequestBuilder> {
        let request = self.peer.request(method, path)?;
        let Credentials { token, username, password } = &self.credentials;
        Ok(match (token.is_empty(), username.is_empty()) {
            (false, _) => request.bearer_auth(token),
            (true, false) => request.basic_auth(username, Some(password)),
            (true, true) => request,
        })
    }

    async fn ask(&self, request: impl Fn() -> Answer<RequestBuilder>) -> Answer<Bytes> {
        self.ask_times(TRIES, request).await
    }

    async fn ask_times(&self, tries: u32, request: impl Fn() -> Answer<RequestBuilder>) -> Answer<Bytes> {
        let mut pause = PAUSE;
        for _ in 1..tries {
            match self.peer.read(request()?, ANSWER_MAX).await {
                Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
                answer => return answer,
            }
            pause *= 2;
        }
        self.peer.read(request()?, ANSWER_MAX).await
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|_| OutboundError::Unreadable)
}
