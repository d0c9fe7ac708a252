//! A server in Slack's place: it keeps what is posted to each webhook, and answers as a test tells it to.

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// How a webhook answers.
#[derive(Clone)]
pub struct Says {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: &'static str,
    pub after: Duration,
}

impl Says {
    pub fn status(status: u16, body: &'static str) -> Self {
        Self { status, headers: Vec::new(), body, after: Duration::ZERO }
    }
}

#[derive(Default)]
struct Webhook {
    heard: Vec<Value>,
    /// Answers in their order; then it takes everything.
    says: Vec<Says>,
}

static WEBHOOKS: LazyLock<Mutex<HashMap<String, Webhook>>> = LazyLock::new(Mutex::default);

/// Where it is.
pub static URL: LazyLock<String> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = || App::new().default_service(web::to(answer));
            HttpServer::new(app).workers(2).listen(listener).expect("listens").run().await.expect("runs");
        });
    });
    url
});

fn with<T>(path: &str, work: impl FnOnce(&mut Webhook) -> T) -> T {
    work(WEBHOOKS.lock().unwrap_or_else(PoisonError::into_inner).entry(path.to_owned()).or_default())
}

async fn answer(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let message = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let says = with(request.path(), |webhook| {
        webhook.heard.push(message);
        if webhook.says.is_empty() { Says::status(200, "ok") } else { webhook.says.remove(0) }
    });
    tokio::time::sleep(says.after).await;
    let mut response = HttpResponse::build(says.status.try_into().expect("a status"));
    for (name, value) in &says.headers {
        response.insert_header((*name, value.as_str()));
    }
    response.body(says.body)
}

/// A webhook of the sink's.
pub struct Hook(String);

impl Hook {
    /// A new one.
    pub fn new() -> Self {
        Self(format!("/services/T0/B0/{}", uuid::Uuid::now_v7().simple()))
    }

    pub fn address(&self) -> String {
        format!("{}{}", *URL, self.0)
    }

    /// The part of the address that nobody else knows.
    pub fn secret(&self) -> &str {
        self.0.rsplit('/').next().expect("a secret")
    }

    pub fn says(&self, says: Says) {
        with(&self.0, |webhook| webhook.says.push(says));
    }

    /// What was posted so far.
    pub fn heard(&self) -> Vec<Value> {
        with(&self.0, |webhook| webhook.heard.clone())
    }

    /// What was posted, once it is so many messages.
    pub async fn wait(&self, count: usize) -> Vec<Value> {
        for _ in 0..400 {
            let heard = self.heard();
            if heard.len() >= count {
                assert_eq!(heard.len(), count, "{heard:?}");
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} messages and not {count}: {:?}", self.heard().len(), self.heard());
    }
}
