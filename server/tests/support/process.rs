//! The binary as operators run it, on a database of its own.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use super::{Actor, database_url};

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

    /// Serves, and returns once it listens.
    pub fn serve(&self, more: &[&str]) -> Process {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let listen = format!("--listen=127.0.0.1:{port}");
        let arguments: Vec<&str> = ["serve", &listen].into_iter().chain(more.iter().copied()).collect();
        let mut child = self.command(&arguments).env("ASSAY_LOG", "debug").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut reader = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut log = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line).expect("reads");
            assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&log));
            log.extend_from_slice(&line);
            if String::from_utf8_lossy(&line).contains("\"message\":\"serving\"") {
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

    /// The most memory it has had at any time, in bytes.
    pub fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        peak.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") << 10
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
