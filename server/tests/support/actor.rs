//! Somebody who uses the product.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Client, ClientBuilder, Method, redirect::Policy};
use serde_json::{Value, json};

use super::{World, process::Process};

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A browser or a script.
#[derive(Clone)]
pub struct Actor {
    client: Client,
    url: String,
    token: Option<String>,
    /// Where it calls from.
    pub address: Ipv4Addr,
    pub email: String,
}

impl Actor {
    /// Nobody.
    pub fn anonymous(world: &World) -> Self {
        if world.shared { Self::from_an_address_of_its_own(&world.url) } else { Self::visitor(&world.url) }
    }

    /// What one address may do is limited, and all tests together do more.
    fn from_an_address_of_its_own(url: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0x7f01_0001);
        let address = Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed));
        Self { address, ..Self::with(Client::builder().local_address(IpAddr::V4(address)), url) }
    }

    /// Nobody, at any address.
    pub fn visitor(url: &str) -> Self {
        Self::with(Client::builder(), url)
    }

    fn with(client: ClientBuilder, url: &str) -> Self {
        let client = client.cookie_store(true).redirect(Policy::none()).build().expect("a client");
        Self { client, url: url.to_owned(), token: None, address: Ipv4Addr::LOCALHOST, email: String::new() }
    }

    /// A script with a token that somebody else was given.
    pub fn bearer(self, secret: &str) -> Self {
        Self { token: Some(secret.to_owned()), ..self }
    }

    /// A browser after signing in.
    pub async fn sign_in(world: &World, email: &str, password: &str) -> Self {
        let actor = Self { email: email.to_owned(), ..Self::anonymous(world) };
        let answer = actor.form("/sign-in", &[("email", email), ("password", password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        actor
    }

    /// A browser after accepting an invitation.
    pub async fn accept_invitation(world: &World, link: &str, name: &str, password: &str) -> Self {
        let token = link.split("token=").nth(1).expect("a token");
        let actor = Self::anonymous(world);
        let answer = actor.form("/invitation", &[("token", token), ("name", name), ("password", password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let viewer = actor.graphql("{ viewer { email } }", Value::Null).await;
        Self { email: viewer["data"]["viewer"]["email"].as_str().expect("an address").to_owned(), ..actor }
    }

    /// A script of this member with a new API token.
    pub async fn token(&self, scopes: &[&str]) -> Self {
        let answer = self
            .graphql(
                "mutation($scopes: [String!]!) { createToken(input: { name: \"script\", scopes: $scopes }) { secret } }",
                json!({ "scopes": scopes }),
            )
            .await;
        let secret = answer["data"]["createToken"]["secret"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, token: Some(secret), ..self.clone() }
    }

    /// A job with a new token of a run that goes on, which this member makes for an hour.
    pub async fn job_token(&self, run: &str) -> Self {
        let answer = self.graphql("mutation($run: ID!) { createJobToken(run: $run, hours: 1) { secret } }", json!({ "run": run })).await;
        let secret = answer["data"]["createJobToken"]["secret"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, token: Some(secret), ..self.clone() }
    }

    /// The same caller at another server.
    pub fn at(&self, world: &World) -> Self {
        Self { url: world.url.clone(), ..self.clone() }
    }

    /// The same caller at a server in a process of its own, on the same database.
    pub fn at_process(&self, process: &Process) -> Self {
        Self { url: process.url.clone(), ..self.clone() }
    }

    /// The token's secret.
    pub fn secret(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request, ready to be changed further.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            // What a browser says of a request that our own page makes.
            None => request.header("sec-fetch-site", "same-origin"),
        }
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.expect("a body").to_vec() }
    }

    /// Posts a form, as a browser without scripts does.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.filled(path, fields)).await
    }

    /// A form that is filled in, ready to be changed further.
    pub fn filled(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let encoded: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded").body(encoded.join("&"))
    }

    /// Asks GraphQL; the whole response.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let answer = self.send(self.request(Method::POST, "/graphql").json(&json!({ "query": query, "variables": variables }))).await;
        let body = answer.json();
        if body.is_null() { json!({ "status": answer.status, "text": answer.text() }) } else { body }
    }

    /// The code of the first error of a GraphQL response or of an answer, or an empty text.
    pub fn code(response: &Value) -> &str {
        response["errors"][0]["extensions"]["code"].as_str().or_else(|| response["error"]["code"].as_str()).unwrap_or_default()
    }

    /// Calls the MLflow API below `/api/2.0/mlflow/`: a GET with a query in the path, or a body.
    pub async fn mlflow(&self, method: &str, path: &str, body: Value) -> Answer {
        let method: Method = method.parse().expect("a method");
        let request = self.request(method.clone(), &format!("/api/2.0/mlflow/{path}"));
        self.send(if method == Method::GET { request } else { request.json(&body) }).await
    }

    /// Gets a page or file.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }
}

fn encode(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
