//! What requests cost the database, counted by the traces of a server of their own: on a machine that does much else at once, the time that something takes
//! tells nothing.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::RequestBuilder;

use super::{
    Trace,
    sink::{Seen, Sink},
    to,
};
use crate::support::{
    Actor, SECRET,
    actor::Answer,
    process::{Database, Process},
};

/// A server whose requests are counted. It turns nobody away for asking often, and runs no jobs.
pub struct Counted {
    pub server: Process,
    sink: Sink,
}

impl Counted {
    /// One on a database that others may have too.
    pub fn on(database: &Database) -> Self {
        let sink = Sink::open();
        let [endpoint, delay] = to(&sink);
        let room = "--otel-bsp-max-queue-size=100000";
        let server = database.serve_quietly(&[&endpoint, &delay, room, SECRET, "--asking-rate=0", "--anonymous-rate=0"]);
        Self { server, sink }
    }

    /// Sends a request; its answer, and the trace by which its cost is found at the end.
    pub async fn send(&self, actor: &Actor, request: RequestBuilder) -> (Answer, String) {
        let trace = Trace::new("01");
        let answer = actor.send(request.header("traceparent", &trace.traceparent)).await;
        (answer, trace.id)
    }

    /// Ends the server, which tells all that it has not told yet; what each request cost.
    pub async fn end(self) -> Costs {
        self.server.terminate();
        let (code, log) = self.server.ended(Duration::from_secs(30)).await;
        assert_eq!(code, Some(0), "{log}");
        let mut spans = self.sink.spans();
        // What was not answered in time is sent again.
        spans.sort_by(|one, other| one.id.cmp(&other.id));
        spans.dedup_by(|one, other| one.id == other.id);
        Costs(spans)
    }
}

/// A transaction: by which door it came in, how many statements it took, whether it was committed.
pub type Transaction = (String, i64, bool);

/// What requests cost.
pub struct Costs(Vec<Seen>);

impl Costs {
    fn parts(&self, trace: &str) -> impl Iterator<Item = &Seen> {
        let parts = self.0.iter().filter(move |span| span.trace == trace);
        assert!(parts.clone().any(|span| span.kind == SpanKind::Server), "nothing is known of {trace}");
        parts
    }

    /// The transactions of a request, in an order that does not depend on which ended first.
    pub fn of(&self, trace: &str) -> Vec<Transaction> {
        let transactions = self.parts(trace).filter(|span| span.name == "transaction");
        let mut all: Vec<Transaction> = transactions
            .map(|span| {
                let statements = span.get("assay.db.statements").parse().unwrap_or_else(|_| panic!("{span:?}"));
                (span.get("assay.db.door").to_owned(), statements, span.get("assay.db.committed") == "true")
            })
            .collect();
        all.sort();
        all
    }

    /// How many statements a request took.
    pub fn statements(&self, trace: &str) -> i64 {
        self.of(trace).iter().map(|(_, statements, _)| statements).sum()
    }

    /// The kinds of the jobs that a request asked for.
    pub fn jobs(&self, trace: &str) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.parts(trace).filter_map(|span| span.name.strip_prefix("publish ")).collect();
        kinds.sort_unstable();
        kinds
    }
}
