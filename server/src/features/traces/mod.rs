//! Traces: what one request to a model or an agent went through, and what was thought of it.
//!
//! What must stay true: a trace belongs to one experiment; its spans may come before it, after it and twice; what a client says of the whole wins over
//! what follows from the spans; spans and whole traces are telemetry, what people do with them later has an audit entry.

mod correlation;
mod error;
pub mod graphql;
mod metrics;
mod model;
pub mod otlp;
mod prompts;
mod python;
mod repo;
mod search;
mod service;
mod shown;

pub use correlation::{Correlation, correlate};
pub use error::TraceError;
pub use metrics::{Aggregate, MetricsQuery, Point, View, metrics};
pub use model::{Assessment, AssessmentKind, Span, State, Trace, TraceId};
pub use prompts::link_prompts;
pub use search::{GRAMMAR, TraceQuery, Traces, search};
pub use service::{
    Removal, assess, assessment, complete, get, get_many, link, log_spans, reassess, remove, remove_assessment, remove_tag, run_counts, set_tag,
    spans, start,
};
pub use shown::{ShownEvent, ShownSpan, show};

use crate::access::{Permission, Reads, Writes};

/// See traces: a part of what runs did.
pub struct ReadTraces;
impl Permission for ReadTraces {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// Log traces, tag and judge them.
pub struct WriteTraces;
impl Permission for WriteTraces {
    const NAME: shared::Permission = shared::Permission::RunsWrite;
    type Mode = Writes;
}
