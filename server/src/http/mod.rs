//! The HTTP edge: pages, forms, files, health. It translates and never decides.

mod assets;
pub mod body;
mod caller;
mod digests;
mod downloads;
mod draining;
mod explorer;
mod fields;
pub mod files;
mod forms;
mod graphql;
mod guard;
mod health;
mod monitor;
mod once;
pub mod pages;
mod projects;
mod render;
mod reports;
mod reproduce;
pub mod routes;
mod second_factor;
mod sso;
mod stream;
mod tables;

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::{Compress, from_fn},
    web,
};

pub use assets::Assets;
pub use caller::{ForJobs, authenticate, credential, is_known, known, let_go, note_reading, request_info, scope_of, spend};
pub use draining::Draining;
pub use guard::Pattern;
pub use monitor::monitor;
pub use render::{RETRY_AFTER, response as error_response};

use tokio::sync::Semaphore;

use crate::{graphql::Schema, services::Services};

/// Pages that a thread renders side by side: one waits for the database while another is at work.
const PAGES_A_THREAD: usize = 2;

/// What every handler can ask for.
#[derive(Clone)]
pub struct Edge {
    pub services: Services,
    pub schema: Schema,
    pub assets: Assets,
    pub metrics: Option<metrics_exporter_prometheus::PrometheusHandle>,
    /// What is under way, for stopping.
    pub draining: Draining,
    /// The paths of the pages, a parameter as `{name}`.
    pages: Arc<[String]>,
    /// Pages that can be rendered at one time.
    rendering: Arc<Semaphore>,
}

impl Edge {
    /// Builds the schema and loads the site's files.
    pub fn new(services: Services, metrics: Option<metrics_exporter_prometheus::PrometheusHandle>) -> Self {
        pages::start_executor();
        let rendering = Arc::new(Semaphore::new(services.config.threads * PAGES_A_THREAD));
        // What stands for everything else is no page.
        let pages = pages::routes().iter().filter(|path| !path.starts_with("/{")).cloned().collect();
        Self {
            schema: crate::graphql::schema(services.clone()),
            assets: Assets::load(&services.config.site),
            services,
            metrics,
            draining: Draining::default(),
            pages,
            rendering,
        }
    }
}

/// Adds every route to an app. Tests build the same app in process.
pub fn configure(edge: Edge) -> impl Fn(&mut web::ServiceConfig) + Clone {
    move |app| {
        app.app_data(web::Data::new(edge.clone()))
            .app_data(forms::limits())
            // A request is held against one path after the other: what is asked for most stands first.
            .configure(crate::mlflow::configure)
            .configure(routes::configure)
            .default_service(web::to(pages::page).wrap(Compress::default()));
    }
}

/// Starts to serve on a socket that is already listening. It hears no signals: whoever starts it stops it, after [`Draining::drain`].
///
/// # Errors
/// When the socket cannot be used.
pub fn serve(edge: Edge, listener: TcpListener) -> std::io::Result<Server> {
    let (threads, drain) = (edge.services.config.threads, edge.services.config.drain_seconds);
    let server = HttpServer::new(move || App::new().wrap(from_fn(guard::guard)).configure(configure(edge.clone())))
        .workers(threads)
        .client_request_timeout(Duration::from_secs(15))
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(drain)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}
