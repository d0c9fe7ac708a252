//! The binary as operators run it, on a database of its own.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use super::{Actor, PASSWORD, database_url};

/// A new, empty database.
pub struct Database(pub String);

impl Database {
    /// Creates it beside the tests' own.
    pub async fn create() -> Self {
        let url = database_url();
        let name = format!("assay_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&url).await.expect("connects");
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await.expect("creates");
        let (server, _) = url.rsplit_once('/').expect("a path");
        Self(format!("{server}/{name}"))
    }

    /// A connection with the owner's rights.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.0).await.expect("connects")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        let folder = std::env::temp_dir().join(format!("assay-test-{}", Uuid::now_v7().simple()));
        command.args(arguments).env("DATABASE_URL", &self.0).env_remove("REDIS_URL").stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
            command.env_remove(name);
        }
        command.env("ASSAY_BLOBS", folder.join("blobs")).env("ASSAY_SITE", folder.join("site"));
        command.env("ASSAY_MAIL", format!("file:{}", folder.join("mail").display()));
        command
    }

    /// Runs a command to its end: what it prints, and what it logs.
    pub fn run(&self, arguments: &[&str]) -> (Value, String) {
        let output = self.command(arguments).output().expect("runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {log}");
        (serde_json::from_slice(&output.stdout).expect("JSON"), log)
    }

    /// Runs a command that may fail: its exit status, and the text that it prints.
    pub fn attempt(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command that is refused: its exit status, and what it logs.
    pub fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Serves with everything in its log, and returns once it listens.
    pub fn serve(&self, more: &[&str]) -> Process {
        self.start("serve", "listen", Some("debug"), more)
    }

    /// Serves as it comes, with the log that operators see.
    pub fn serve_quietly(&self, more: &[&str]) -> Process {
        self.start("serve", "listen", None, more)
    }

    /// Runs jobs, with the log that operators see; it is asked where it is measured.
    pub fn work(&self, more: &[&str]) -> Process {
        self.start("worker", "metrics-listen", None, more)
    }

    fn start(&self, role: &str, listens: &str, log_filter: Option<&str>, more: &[&str]) -> Process {
        let port = free_port();
        let listen = format!("--{listens}=127.0.0.1:{port}");
        let arguments: Vec<&str> = [role, &listen].into_iter().chain(more.iter().copied()).collect();
        let mut command = self.command(&arguments);
        command.env_remove("ASSAY_LOG").envs(log_filter.map(|filter| ("ASSAY_LOG", filter)));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut reader = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut log = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line).expect("reads");
            assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&log));
            log.extend_from_slice(&line);
            let line = String::from_utf8_lossy(&line).into_owned();
            if line.contains("\"message\":\"serving\"") || line.contains("\"message\":\"working\"") {
                break;
            }
        }
        let rest = std::thread::spawn(move || {
            std::io::copy(&mut reader, &mut log).expect("reads");
            log
        });
        Process { url: format!("http://127.0.0.1:{port}"), child, log: Some(rest) }
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A server in a process of its own. Dropped, it ends.
pub struct Process {
    pub url: String,
    child: Child,
    log: Option<JoinHandle<Vec<u8>>>,
}

impl Process {
    /// Somebody who is nobody.
    pub fn visitor(&self) -> Actor {
        Actor::visitor(&self.url)
    }

    /// The password that the first owner chooses with the one-time one that the seed told.
    pub async fn first_password(&self, told: &Value) -> &'static str {
        let form = [("token", told["password"].as_str().expect("a password")), ("password", PASSWORD)];
        assert_eq!(self.visitor().form("/reset-password", &form).await.status, 303);
        PASSWORD
    }

    /// How many passwords it has hashed.
    pub async fn hashes(&self) -> u64 {
        let metrics = self.visitor().get("/metrics").await.text();
        let count = metrics.lines().find_map(|line| line.strip_prefix("assay_password_seconds_count "));
        count.map_or(0, |count| count.parse().unwrap_or_else(|_| panic!("{metrics}")))
    }

    /// The most memory it has had at any time, in bytes.
    pub fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        peak.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") << 10
    }

    /// The names of its threads.
    pub fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("a running process");
        tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok()).map(|name| name.trim().to_owned()).collect()
    }

    /// Asks it to stop, as an orchestrator does.
    pub fn terminate(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("asks");
        assert!(asked.success());
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    /// Its exit code and its log, once it has ended by itself; panics when that takes too long.
    pub async fn ended(mut self, patience: Duration) -> (Option<i32>, String) {
        let deadline = Instant::now() + patience;
        while self.runs() {
            assert!(Instant::now() < deadline, "it still runs after {patience:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let code = self.child.wait().expect("a process").code();
        (code, String::from_utf8(self.log.take().expect("one log").join().expect("reads")).expect("UTF-8"))
    }

    /// Ends it and returns everything it logged.
    pub fn end(mut self) -> Vec<u8> {
        self.child.kill().expect("ends");
        self.log.take().expect("one log").join().expect("reads")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
