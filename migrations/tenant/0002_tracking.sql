-- Experiments, runs and what runs log. Times of runs and metrics are the client's milliseconds since the epoch, kept as sent.

create table experiments (
    id uuid primary key,
    project_id uuid not null constraint experiments_project references projects (id),
    name text not null constraint experiments_name unique,
    -- The experiment that clients use without asking; the protocol knows it as "0".
    is_default boolean not null default false,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    removed_at timestamptz
);
create unique index experiments_one_default on experiments (is_default) where is_default;
create index experiments_created on experiments (created_at desc, id);

-- The default project comes with the default experiment, which has the project's UUID.
create function create_default_experiment() returns trigger language plpgsql as $$
begin
    insert into {schema}.experiments (id, project_id, name, is_default, created_by, created_at, updated_at)
    values (new.id, new.id, 'Default', true, '', date_trunc('milliseconds', new.created_at), date_trunc('milliseconds', new.created_at));
    return null;
end $$;
create trigger projects_default_experiment after insert on projects
    for each row when (new.is_default) execute function create_default_experiment();

create table experiment_tags (
    experiment_id uuid not null references experiments (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (experiment_id, key)
);

create table runs (
    id uuid primary key,
    experiment_id uuid not null constraint runs_experiment references experiments (id),
    name text not null,
    -- Who the client says ran it; `created_by` is the member whose credential created it.
    user_name text not null,
    created_by text not null,
    status text not null check (status in ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
    started_ms bigint not null,
    ended_ms bigint,
    created_at timestamptz not null,
    removed_at timestamptz,
    -- Counts the writes to anything of the run.
    revision bigint not null default 0
) with (fillfactor = 80);
create index runs_of_experiment on runs (experiment_id, started_ms desc, id);

create table run_params (
    run_id uuid not null references runs (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (run_id, key)
);
create index run_params_by_value on run_params (key, left(value, 200));

create table run_tags (
    run_id uuid not null references runs (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (run_id, key)
);
create index run_tags_by_value on run_tags (key, left(value, 200));

-- The latest value of each key (greatest step, then time, then value) and what its curve spans. `low` and `high` leave NaN out.
create table latest_metrics (
    run_id uuid not null references runs (id) on delete cascade,
    key text not null,
    value double precision not null,
    step bigint not null,
    at_ms bigint not null,
    count bigint not null,
    low double precision,
    high double precision,
    primary key (run_id, key)
) with (fillfactor = 70);

-- What was appended and not compacted yet: one row an append, with all its keys.
create table metric_batches (
    run_id uuid not null references runs (id) on delete cascade,
    id bigint generated always as identity,
    at timestamptz not null,
    points integer not null,
    data bytea not null,
    primary key (run_id, id)
);
alter table metric_batches alter column data set storage external;

-- Compacted series: sorted by (step, time, value), exact duplicates once.
create table metric_chunks (
    run_id uuid not null references runs (id) on delete cascade,
    key text not null,
    ordinal integer not null,
    points integer not null,
    first_step bigint not null,
    last_step bigint not null,
    first_ms bigint not null,
    last_ms bigint not null,
    data bytea not null,
    primary key (run_id, key, ordinal)
);
alter table metric_chunks alter column data set storage external;

-- Identity of a dataset is (experiment, name, digest).
create table datasets (
    id uuid primary key,
    experiment_id uuid not null references experiments (id) on delete cascade,
    name text not null,
    digest text not null,
    source_type text not null,
    source text not null,
    schema text,
    profile text,
    constraint datasets_identity unique (experiment_id, name, digest)
);

create table run_datasets (
    run_id uuid not null references runs (id) on delete cascade,
    dataset_id uuid not null references datasets (id) on delete cascade,
    ordinal integer not null,
    tags jsonb not null,
    primary key (run_id, dataset_id)
);
create index run_datasets_by_dataset on run_datasets (dataset_id);
