//! What the binary can do.

mod audit;
mod quota;
mod second_factor;
mod seed;
mod support;

use std::{
    net::TcpListener,
    process::ExitCode,
    time::{Duration, Instant},
};

use actix_web::dev::ServerHandle;
use clap::{Args, Parser, Subcommand};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use crate::{
    config::Config,
    fault::Fault,
    features::register_jobs,
    http::{self, Edge},
    jobs::{self, Worker},
    platform::{Clock, telemetry::Traces},
    services::Services,
};

/// How often measurements are summed up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Assay: experiments, models and their runs for a whole organization.
#[derive(Parser)]
#[command(name = "assay", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve and work in one process.
    Up(Config),
    /// Serve the web app and the APIs.
    Serve(Config),
    /// Run background jobs.
    Worker(Config),
    /// Bring the database to the newest version.
    Migrate(Config),
    /// Create the first organization with its owner and print how to sign in.
    Seed(seed::Seed),
    /// Print the GraphQL schema.
    Schema,
    /// Print every route as JSON.
    Routes,
    /// Work with the audit log.
    Audit(AuditArgs),
    /// Help whoever has lost their second factor.
    SecondFactor(SecondFactorArgs),
    /// Help an organization that has opened support access.
    Support(SupportArgs),
    /// Show what an organization stores and what it may, or change that.
    Quota(quota::Quota),
}

#[derive(Args)]
struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Recompute the hash chains and report the first entry that does not fit.
    Verify(audit::Verify),
}

#[derive(Args)]
struct SecondFactorArgs {
    #[command(subcommand)]
    command: SecondFactorCommand,
}

#[derive(Subcommand)]
enum SecondFactorCommand {
    /// Turn off somebody's second factor: the audit log says why, and the person is mailed.
    Remove(second_factor::Remove),
}

#[derive(Args)]
struct SupportArgs {
    #[command(subcommand)]
    command: SupportCommand,
}

#[derive(Subcommand)]
enum SupportCommand {
    /// Print an address that begins a session: the organization's audit log says whose, and its owners are mailed.
    Enter(support::Enter),
}

/// Runs a command.
pub fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Schema => {
            print!("{}", crate::graphql::sdl());
            ExitCode::SUCCESS
        }
        Command::Routes => {
            let rows: Vec<_> = http::routes::routes()
                .map(|route| (route.method.as_ref().map_or("*", |method| method.as_str()), route.path, route.who.word()))
                .collect();
            println!("{}", serde_json::json!(rows));
            ExitCode::SUCCESS
        }
        Command::Up(config) => block_on(up(config, true, true)),
        Command::Serve(config) => block_on(up(config, true, false)),
        Command::Worker(config) => block_on(up(config, false, true)),
        Command::Migrate(config) => block_on(migrate(config)),
        Command::Seed(seed) => block_on(seed.run()),
        Command::Audit(AuditArgs { command: AuditCommand::Verify(verify) }) => block_on(verify.run()),
        Command::SecondFactor(SecondFactorArgs { command: SecondFactorCommand::Remove(remove) }) => block_on(remove.run()),
        Command::Support(SupportArgs { command: SupportCommand::Enter(enter) }) => block_on(enter.run()),
        Command::Quota(quota) => block_on(quota.run()),
    }
}

fn block_on(work: impl Future<Output = Result<ExitCode, Fault>>) -> ExitCode {
    init_log();
    let outcome = actix_web::rt::System::new().block_on(work);
    outcome.unwrap_or_else(|fault| {
        eprintln!("{}", fault.message());
        ExitCode::FAILURE
    })
}

fn init_log() {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_env("ASSAY_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    // One JSON object a line: what a name holds is escaped and cannot forge a line.
    let _ = fmt().json().flatten_event(true).with_span_list(false).with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn migrate(config: Config) -> Result<ExitCode, Fault> {
    let services = Services::open(config, Clock::system()).await?;
    let applied = services.vault.migrate().await?;
    println!("{applied} migrations applied");
    Ok(ExitCode::SUCCESS)
}

async fn up(config: Config, serve: bool, work: bool) -> Result<ExitCode, Fault> {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    let traces = Traces::start(&config.traces)?;
    tokio::spawn(keep_up(handle.clone()));
    let services = Services::open(config, Clock::system()).await?;
    services.vault.migrate().await?;
    let (stop, stopped) = watch::channel(false);
    let monitor = services.config.metrics_listen.as_deref().map(|address| monitor(address, &services, &handle)).transpose()?;
    let worker = work.then(|| tokio::spawn(Worker::new(services.clone(), register_jobs).work(stopped)));
    let worked = async move {
        if let Some(worker) = worker {
            let _ = worker.await;
        }
    };
    let background = tokio::spawn(background(services.clone()));
    tokio::spawn(jobs::ring(services.clone()));
    let (live, signalled) = (services.vault.live().clone(), signalled()?);
    let told = async move {
        signalled.await;
        // Pages that listen stay open: without this, stopping would wait for them.
        live.close();
        let _ = stop.send(true);
    };
    if serve {
        let listener = TcpListener::bind(&services.config.listen).map_err(Fault::internal)?;
        tracing::info!(listen = services.config.listen, url = services.config.public_url(), "serving");
        let edge = Edge::new(services.clone(), Some(handle));
        let server = http::serve(edge.clone(), listener).map_err(Fault::internal)?;
        let running = server.handle();
        let stopping = async {
            told.await;
            let (begun, patience) = (Instant::now(), Duration::from_secs(services.config.drain_seconds));
            // The server's threads last: connections to the database are theirs.
            let (answered, ()) = tokio::join!(edge.draining.drain(&running, patience), worked);
            let _ = services.vault.flush_uses().await;
            let _ = services.vault.flush_decisions().await;
            // What is still being sent has the rest of the time.
            let rest = patience.saturating_sub(begun.elapsed()).max(Duration::from_secs(1));
            let _ = tokio::time::timeout(rest, running.stop(answered)).await;
        };
        tokio::select! {
            ended = server => ended.map_err(Fault::internal)?,
            () = stopping => {}
        }
    } else {
        tracing::info!("working");
        told.await;
        worked.await;
        let _ = services.vault.flush_uses().await;
        let _ = services.vault.flush_decisions().await;
    }
    background.abort();
    if let Some(monitor) = monitor {
        monitor.stop(false).await;
    }
    if let Some(traces) = traces {
        traces.close().await;
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Serves the measurements at an address of their own.
fn monitor(address: &str, services: &Services, handle: &PrometheusHandle) -> Result<ServerHandle, Fault> {
    let listener = TcpListener::bind(address).map_err(Fault::internal)?;
    let server = http::monitor(services.clone(), handle.clone(), listener).map_err(Fault::internal)?;
    let stop = server.handle();
    tokio::spawn(server);
    tracing::info!(listen = address, "measurements are served");
    Ok(stop)
}

/// Sums up what was measured: until then every single measurement is kept, whether anybody asks for them or not.
async fn keep_up(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        handle.run_upkeep();
    }
}

/// Writes what was decided every five seconds, and when credentials were last used every half minute.
async fn background(services: Services) {
    for turn in 1_u64.. {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Err(error) = services.vault.flush_some_decisions().await {
            tracing::warn!(%error, "could not write what was decided");
        }
        if turn % 6 == 0
            && let Err(error) = services.vault.flush_uses().await
        {
            tracing::warn!(%error, "could not write when credentials were used");
        }
    }
}

/// Hears from now on when the process is told to stop, and ends then.
fn signalled() -> Result<impl Future<Output = ()>, Fault> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Fault::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Fault::internal)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
