//! The world of a test: the real app on a real socket, real Postgres and Redis, and actors who speak
//! public APIs only. One server for all tests; every test founds an organization of its own, so all
//! of them run side by side. A test that moves the clock starts a server of its own, which
//! leaves the jobs of others alone and ends with the test.

pub mod actor;
pub mod calls;
pub mod html;
pub mod mail;
pub mod names;
pub mod phone;
pub mod process;
pub mod raw;
pub mod schema;
pub mod tracking;

use std::{net::TcpListener, path::PathBuf, sync::LazyLock};

use clap::Parser;
use serde_json::{Value, json};
use server::{
    access::{
        password,
        provision::{Founding, Issued, NewPerson},
    },
    config::Config,
    features::register_jobs,
    http::{self, Edge},
    jobs::Worker,
    platform::Clock,
    services::Services,
};
use shared::field::{Password, Slug};
use uuid::Uuid;

pub use actor::Actor;

/// The password of everybody in tests.
pub const PASSWORD: &str = "correct horse battery";

/// What one server writes down for later another may have to read.
pub const SECRET: &str = "--secret=the secret of all servers of the tests";

/// Hosts that a server must not be led to, in the ways they can be written (T71, T72).
pub const INSIDE: [&str; 21] = [
    "127.0.0.1",
    "localhost",
    "localhost.",
    "[::1]",
    "0.0.0.0",
    "0",
    "127.1",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "100.64.0.1",
    "169.254.169.254",
    "[fd00::1]",
    "[fe80::1%25eth0]",
    "\u{2460}\u{2461}\u{2466}.0.0.1",
    "user@127.0.0.1",
    "10.0.0.1",
    "192.168.1.1",
];

/// A running server.
pub struct World {
    pub url: String,
    pub clock: Clock,
    pub mail: PathBuf,
    runtime: tokio::runtime::Handle,
    services: Services,
    database: String,
    /// Whether tests that know nothing of each other use it.
    shared: bool,
    /// Ends the server when it is dropped.
    _stop: tokio::sync::oneshot::Sender<()>,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World { shared: true, ..World::start(&[], database_url(), true) });

/// The server that tests share.
pub fn world() -> &'static World {
    &WORLD
}

/// Where the tests' Postgres is.
pub fn database_url() -> String {
    std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a Postgres; infra/test starts one")
}

/// The tests' Redis, a database of this process's own.
pub fn redis_url() -> Option<String> {
    let mut url = reqwest::Url::parse(&std::env::var("TEST_REDIS_URL").ok()?).expect("TEST_REDIS_URL is an address");
    // The lower half is for the tests of commands.
    url.set_path(&(8 + std::process::id() % 8).to_string());
    Some(url.into())
}

impl World {
    /// Starts another server on the same database, with a clock of its own and no worker. More settings are as on the command line; `--redis-url=` stands
    /// for no Redis.
    pub fn replica(more: &[&str]) -> Self {
        Self::start(more, database_url(), false)
    }

    /// Starts a server with a worker on a database of its own.
    pub async fn alone(more: &[&str]) -> Self {
        Self::start(more, process::Database::create().await.0, true)
    }

    /// Starts a server without a worker on a database that others may share.
    pub fn beside(database: &process::Database, more: &[&str]) -> Self {
        Self::start(more, database.0.clone(), false)
    }

    /// The same without a worker: jobs run when the test says.
    pub async fn idle(more: &[&str]) -> Self {
        Self::start(more, process::Database::create().await.0, false)
    }

    fn start(more: &[&str], database: String, works: bool) -> Self {
        let (send, receive) = std::sync::mpsc::channel();
        let (stop, dropped) = tokio::sync::oneshot::channel::<()>();
        let folder = std::env::temp_dir().join(format!("assay-test-{}", Uuid::now_v7().simple()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let mut arguments = vec![
            "assay".to_owned(),
            format!("--database-url={database}"),
            format!("--listen=127.0.0.1:{port}"),
            format!("--blobs={}", folder.join("blobs").display()),
            format!("--mail=file:{}", folder.join("mail").display()),
            format!("--site={}", folder.join("site").display()),
            SECRET.to_owned(),
        ];
        let redis = redis_url().filter(|_| !more.iter().any(|argument| argument.starts_with("--redis-url")));
        if let Some(redis) = redis {
            arguments.push(format!("--redis-url={redis}"));
        }
        let setting = |argument: &str| argument.split('=').next().unwrap_or_default().to_owned();
        arguments.retain(|own| !more.iter().any(|argument| setting(argument) == setting(own)));
        arguments.extend(more.iter().filter(|argument| **argument != "--redis-url=").map(|argument| (*argument).to_owned()));
        let config = Settings::parse_from(arguments).config;
        let clock = Clock::system();
        let (moved, mail) = (clock.clone(), folder.join("mail"));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let services = Services::open(config, moved).await.expect("services open");
                services.vault.migrate().await.expect("migrates");
                let (end, stopped) = tokio::sync::watch::channel(false);
                if works {
                    tokio::spawn(Worker::new(services.clone(), register_jobs).work(stopped));
                }
                let server = http::serve(Edge::new(services.clone(), None), listener).expect("serves");
                send.send((services, tokio::runtime::Handle::current())).expect("the test waits");
                let handle = server.handle();
                tokio::spawn(async move {
                    let _ = dropped.await;
                    let _ = end.send(true);
                    handle.stop(false).await;
                });
                server.await.expect("runs");
            });
        });
        let (services, runtime) = receive.recv().expect("the server starts");
        Self { url: format!("http://127.0.0.1:{port}"), clock, mail, runtime, services, database, shared: false, _stop: stop }
    }

    /// Moves the clock into the middle of a window of so many seconds, so that none ends during a test.
    pub fn to_the_middle_of(&self, window: i64) {
        let gone = self.clock.now().timestamp() % window;
        self.clock.advance(chrono::TimeDelta::seconds(window + window / 2 - gone));
    }

    /// Runs something on the server's own runtime, where its connections live.
    pub async fn on_server<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.spawn(work).await.expect("runs")
    }

    /// Begins something on the server's own runtime, to be ended before its end.
    pub fn begin<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(work)
    }

    /// The server's services, for what has no public API (founding without waiting for mail).
    pub fn services(&self) -> Services {
        self.services.clone()
    }

    /// A new organization and its owner, signed in.
    pub async fn organization(&self) -> Organization<'_> {
        let email = self.found(None).await;
        let owner = Actor::sign_in(self, &email, PASSWORD).await;
        Organization { world: self, owner }
    }

    /// A new organization, with what is issued to its owner; their address.
    pub async fn found(&self, issued: Option<Issued>) -> String {
        let unique = Uuid::now_v7().simple().to_string();
        let email = format!("owner-{unique}@example.com");
        let services = self.services();
        let (name, address) = (format!("Team {unique}"), email.clone());
        self.on_server(async move {
            let hash = password::hash(Password::choose(PASSWORD).expect("valid")).await.expect("hashes");
            let founding = Founding {
                slug: Slug::from_name(&name).expect("has letters"),
                organization: name,
                person: Uuid::now_v7(),
                member: Uuid::now_v7(),
                account: Some(NewPerson { email: address, name: "Olive Owner".into(), password_hash: hash }),
                issued,
                storage_quota: services.config.storage_quota,
                request_id: "test".into(),
                address: String::new(),
            };
            services.vault.found(founding).await.expect("is founded");
        })
        .await;
        email
    }

    /// Runs every job that is due, as one worker does.
    pub async fn drain(&self) {
        let services = self.services();
        self.on_server(async move { Worker::new(services, register_jobs).drain().await.expect("drains") }).await;
    }

    /// The database, for what else runs on it.
    pub fn database(&self) -> process::Database {
        process::Database(self.database.clone())
    }

    /// A connection to the database with the owner's rights, in no organization's schema.
    pub async fn connect(&self) -> sqlx::PgConnection {
        self.database().connect().await
    }

    /// The newest link that was mailed to an address.
    pub async fn link_to(&self, email: &str) -> String {
        mail::link_to(&self.mail, email).await
    }

    /// The mails to an address in which `words` stand.
    pub fn mails_to(&self, email: &str, words: &str) -> Vec<String> {
        mail::mails_to(&self.mail, email, words)
    }

    /// Somebody who is nobody.
    pub fn anonymous(&self) -> Actor {
        Actor::anonymous(self)
    }
}

/// An organization of a test.
pub struct Organization<'w> {
    pub world: &'w World,
    pub owner: Actor,
}

impl Organization<'_> {
    /// A new member with a role, who came by an invitation.
    pub async fn member(&self, role: &str) -> Actor {
        let email = format!("{role}-{}@example.com", Uuid::now_v7().simple());
        let invited = self
            .owner
            .graphql(
                "mutation($email: String!, $role: String!) { inviteMember(email: $email, role: $role) { id } }",
                json!({ "email": email, "role": role }),
            )
            .await;
        assert!(invited["errors"].is_null(), "{invited}");
        let link = self.world.link_to(&email).await;
        Actor::accept_invitation(self.world, &link, "Mia Member", PASSWORD).await
    }

    /// An API token of the owner with all scopes.
    pub async fn script(&self) -> Actor {
        self.owner.token(&["*"]).await
    }

    /// A Postgres connection with the owner's rights, in the organization's schema: the tamperer.
    pub async fn tamperer(&self) -> sqlx::PgConnection {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(&self.world.database).await.expect("connects");
        let tenant = self.tenant().await;
        sqlx::query("select set_config('search_path', 't_' || $1 || ',public', false), set_config('app.tenant_id', $2, false)")
            .bind(tenant.simple().to_string())
            .bind(tenant.to_string())
            .execute(&mut connection)
            .await
            .expect("enters");
        connection
    }

    /// The organization's id.
    pub async fn tenant(&self) -> Uuid {
        let answer = self.owner.graphql("{ viewer { organization { id } } }", Value::Null).await;
        let id = answer["data"]["viewer"]["organization"]["id"].as_str().expect("an id").to_owned();
        id.parse::<shared::ids::TenantId>().expect("an organization's id").uuid()
    }
}

/// How many files a folder holds, however deep.
pub fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}
