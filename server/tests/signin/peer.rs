//! An identity provider that says what a test tells it to: OpenID Connect, and GitHub's OAuth 2 beside it.

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::{Actor, World, actor::Answer};

pub const CLIENT: &str = "assay";
pub const SECRET: &str = "a secret / with + signs";

/// What a code is good for, once.
struct Granted {
    challenge: String,
    callback: String,
    token: String,
}

/// What the provider is told to do otherwise.
#[derive(Default)]
pub struct Ways {
    /// What discovery says of the issuer, if not the truth.
    pub calls_itself: Option<String>,
    /// Answers everything with this status and a place to go to.
    pub redirects_to: Option<String>,
    /// What the user info endpoint says.
    pub user_info: Value,
    /// Whether discovery promises that answers name their issuer.
    pub names_issuer: bool,
    /// GitHub's answers: user, addresses, teams.
    pub github: [Value; 3],
}

struct Inner {
    url: String,
    key: Mutex<(String, EcdsaKeyPair)>,
    codes: Mutex<HashMap<String, Granted>>,
    ways: Mutex<Ways>,
    asked: Mutex<Vec<String>>,
}

/// A running provider. It ends with the process.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

/// Where a browser was sent to.
pub struct Sent {
    pub address: String,
    pub parameters: HashMap<String, String>,
}

impl Sent {
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 303, "{}", answer.text());
        let address = answer.header("location").to_owned();
        let url = reqwest::Url::parse(&address).unwrap_or_else(|_| panic!("not sent elsewhere: {address}"));
        Self { parameters: url.query_pairs().into_owned().collect(), address }
    }

    pub fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
}

fn new_key() -> (String, EcdsaKeyPair) {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a key");
    (Uuid::now_v7().to_string(), pair)
}

impl Provider {
    /// Starts one on a free port of this machine.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Inner { url, key: Mutex::new(new_key()), codes: Mutex::default(), ways: Mutex::default(), asked: Mutex::default() };
        let provider = Self(Arc::new(inner));
        let shared = provider.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || App::new().app_data(web::Data::new(shared.clone())).default_service(web::to(answer));
                HttpServer::new(app).workers(1).listen(listener).expect("listens").run().await.expect("runs");
            });
        });
        provider
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub fn ways(&self, change: impl FnOnce(&mut Ways)) {
        change(&mut self.0.ways.lock().expect("no panic"));
    }

    /// Signs with another key from now on, under another name.
    pub fn rotate(&self) {
        *self.0.key.lock().expect("no panic") = new_key();
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.0.asked.lock().expect("no panic").iter().filter(|asked| *asked == path).count()
    }

    /// The claims of somebody who signs in now.
    pub fn claims(&self, world: &World, sent: &Sent, subject: &str, email: &str) -> Value {
        let now = world.clock.now().timestamp();
        json!({
            "iss": self.url(), "sub": subject, "aud": CLIENT, "nonce": sent.get("nonce"), "iat": now, "exp": now + 300,
            "email": email, "email_verified": true, "name": "Grace Hopper",
        })
    }

    /// A token with these claims, under this header; `alg` and `kid` are right where the header does not say otherwise.
    pub fn token(&self, header: Value, claims: &Value) -> String {
        let key = self.0.key.lock().expect("no panic");
        let mut whole = json!({ "alg": "ES256", "kid": key.0, "typ": "JWT" });
        whole.as_object_mut().expect("an object").extend(header.as_object().expect("an object").clone());
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(whole.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = key.1.sign(&SystemRandom::new(), message.as_bytes()).expect("signs");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A code that is exchanged for a token.
    pub fn code(&self, sent: &Sent, token: String) -> String {
        let code = Uuid::new_v4().to_string();
        let granted = Granted { challenge: sent.get("code_challenge").into(), callback: sent.get("redirect_uri").into(), token };
        self.0.codes.lock().expect("no panic").insert(code.clone(), granted);
        code
    }

    /// Sends a browser through: begins, signs in as somebody, comes back.
    pub async fn sign_in(&self, world: &World, browser: &Actor, slug: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let sent = Sent::of(&browser.get(&format!("/sso/begin/{slug}")).await);
        let mut claims = self.claims(world, &sent, "grace", "grace@example.com");
        change(&mut claims);
        let code = self.code(&sent, self.token(json!({}), &claims));
        browser.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await
    }

    fn exchange(&self, request: &HttpRequest, form: &HashMap<String, String>) -> HttpResponse {
        let escape = |text: &str| {
            text.bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() {
                        (b as char).to_string()
                    } else if b == b' ' {
                        "+".into()
                    } else {
                        format!("%{b:02X}")
                    }
                })
                .collect::<String>()
        };
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", CLIENT, escape(SECRET))));
        let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wrong = |error: &str| HttpResponse::BadRequest().json(json!({ "error": error }));
        if given != basic {
            return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
        }
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        let Some(granted) = self.0.codes.lock().expect("no panic").remove(&text("code")) else { return wrong("invalid_grant") };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
        if text("grant_type") != "authorization_code" || challenge != granted.challenge || text("redirect_uri") != granted.callback {
            return wrong("invalid_grant");
        }
        HttpResponse::Ok().json(json!({ "access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "id_token": granted.token }))
    }

    fn discovery(&self, ways: &Ways) -> Value {
        let url = self.url();
        json!({
            "issuer": ways.calls_itself.as_deref().unwrap_or(url),
            "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"), "userinfo_endpoint": format!("{url}/me"),
            "authorization_response_iss_parameter_supported": ways.names_issuer,
        })
    }

    fn keys(&self) -> Value {
        let key = self.0.key.lock().expect("no panic");
        let point = key.1.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": key.0, "use": "sig", "alg": "ES256", "x": part(1..33), "y": part(33..65) }] })
    }
}

async fn answer(request: HttpRequest, provider: web::Data<Provider>, body: web::Bytes) -> HttpResponse {
    let path = request.path().to_owned();
    provider.0.asked.lock().expect("no panic").push(path.clone());
    let form: HashMap<String, String> =
        reqwest::Url::parse(&format!("http://x/?{}", String::from_utf8_lossy(&body))).expect("a form").query_pairs().into_owned().collect();
    let ways = provider.0.ways.lock().expect("no panic");
    if let Some(elsewhere) = &ways.redirects_to {
        return HttpResponse::Found().insert_header(("location", elsewhere.clone())).finish();
    }
    match path.as_str() {
        "/.well-known/openid-configuration" => HttpResponse::Ok().json(provider.discovery(&ways)),
        "/keys" => HttpResponse::Ok().json(provider.keys()),
        "/token" | "/login/oauth/access_token" => provider.exchange(&request, &form),
        "/me" => HttpResponse::Ok().json(&ways.user_info),
        "/api/v3/user" => HttpResponse::Ok().json(&ways.github[0]),
        "/api/v3/user/emails" => HttpResponse::Ok().json(&ways.github[1]),
        "/api/v3/user/teams" => HttpResponse::Ok().json(&ways.github[2]),
        "/api/v3/user/orgs" => HttpResponse::Ok().json(json!([{ "login": "northwind" }])),
        _ => HttpResponse::NotFound().finish(),
    }
}
