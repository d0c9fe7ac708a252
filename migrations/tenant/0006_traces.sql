-- Traces: what one request to a model or an agent went through, as spans. An id is the OpenTelemetry trace id.

create table traces (
    id uuid primary key,
    experiment_id uuid not null constraint traces_experiment references experiments (id) on delete cascade,
    -- Milliseconds since the epoch; no end while it goes on.
    request_ms bigint not null,
    ended_ms bigint,
    state text not null check (state in ('STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS')),
    client_request_id text,
    request_preview text,
    response_preview text,
    -- Whether the client said what the trace is as a whole; until then it follows from its spans.
    finalized boolean not null,
    created_by text not null,
    created_at timestamptz not null
);
create index traces_of_experiment on traces (experiment_id, request_ms desc, id);

create table trace_tags (
    trace_id uuid not null references traces (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (trace_id, key)
);
create index trace_tags_by_value on trace_tags (key, left(value, 200));

-- What does not change once the trace is there.
create table trace_metadata (
    trace_id uuid not null references traces (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (trace_id, key)
);
create index trace_metadata_by_value on trace_metadata (key, left(value, 200));

-- `data` is the span in protobuf's JSON, as clients read it. Ids are hexadecimal.
create table trace_spans (
    trace_id uuid not null references traces (id) on delete cascade,
    span_id text not null,
    parent_id text,
    name text not null,
    type text not null,
    status text not null,
    start_ns bigint not null,
    end_ns bigint,
    data text not null,
    primary key (trace_id, span_id)
);

create table trace_runs (
    trace_id uuid not null references traces (id) on delete cascade,
    run_id uuid not null constraint trace_runs_run references runs (id) on delete cascade,
    primary key (trace_id, run_id)
);
create index trace_runs_run_id on trace_runs (run_id);

-- Judgements of people, code and models about a trace or a span of it.
create table trace_assessments (
    trace_id uuid not null references traces (id) on delete cascade,
    id uuid not null,
    name text not null,
    kind text not null check (kind in ('feedback', 'expectation', 'issue')),
    -- The value as filters compare it: a text as it is, all else as JSON.
    value text not null,
    -- False once another one says it overrides this one.
    valid boolean not null,
    data text not null,
    created_at timestamptz not null,
    primary key (trace_id, id)
);
