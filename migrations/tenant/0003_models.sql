-- Stored bytes, artifacts of runs and logged models, and the model registry.

-- What lies in the object store, by digest. `chunks` holds one SHA-256 for each MiB of objects larger than that, so that any range can be
-- verified without reading the rest.
create table blobs (
    digest bytea primary key check (octet_length(digest) = 32),
    size bigint not null check (size >= 0),
    chunks bytea not null,
    created_at timestamptz not null,
    last_put_at timestamptz not null
);

create table logged_models (
    id uuid primary key,
    experiment_id uuid not null constraint logged_models_experiment references experiments (id) on delete cascade,
    source_run_id uuid constraint logged_models_source_run references runs (id) on delete set null,
    name text not null,
    model_type text not null,
    status text not null check (status in ('pending', 'ready', 'upload_failed')),
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    removed_at timestamptz
);
create index logged_models_experiment_created on logged_models (experiment_id, created_at desc, id);
create index logged_models_name on logged_models (name);
create index logged_models_source_run_id on logged_models (source_run_id);

create table logged_model_params (
    model_id uuid not null references logged_models (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (model_id, key)
);

create table logged_model_tags (
    model_id uuid not null references logged_models (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (model_id, key)
);

-- The latest value (greatest step, then time, then value) of each key that a run measured of a model on a dataset.
create table logged_model_metrics (
    model_id uuid not null references logged_models (id) on delete cascade,
    key text not null,
    run_id uuid not null references runs (id) on delete cascade,
    dataset_name text not null,
    dataset_digest text not null,
    value double precision not null,
    step bigint not null,
    at_ms bigint not null,
    primary key (model_id, key, run_id, dataset_name, dataset_digest)
) with (fillfactor = 70);
create index logged_model_metrics_run on logged_model_metrics (run_id);

-- Models that a run read or made.
create table run_models (
    run_id uuid not null constraint run_models_run references runs (id) on delete cascade,
    model_id uuid not null constraint run_models_model references logged_models (id) on delete cascade,
    direction text not null check (direction in ('input', 'output')),
    step bigint not null,
    primary key (run_id, model_id, direction)
);
create index run_models_model_id on run_models (model_id);

-- Each upload of a path is a version of it; the current one has not been replaced. Names sort and search by bytes ("C").
create table artifacts (
    id bigint generated always as identity primary key,
    run_id uuid constraint artifacts_run references runs (id) on delete cascade,
    model_id uuid constraint artifacts_model references logged_models (id) on delete cascade,
    owner_id uuid not null generated always as (coalesce(run_id, model_id)) stored,
    path text collate "C" not null,
    version integer not null check (version > 0),
    digest bytea not null references blobs (digest),
    size bigint not null,
    created_by text not null,
    created_at timestamptz not null,
    replaced_at timestamptz,
    constraint artifacts_one_owner check (num_nonnulls(run_id, model_id) = 1),
    constraint artifacts_version unique (owner_id, path, version)
);
create unique index artifacts_current on artifacts (owner_id, path) where replaced_at is null;
create index artifacts_digest on artifacts (digest);

create table registered_models (
    id uuid primary key,
    name text collate "C" not null constraint registered_models_name unique,
    description text not null,
    -- The highest version number ever given: numbers are not reused.
    last_version integer not null default 0,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table registered_model_tags (
    model_id uuid not null references registered_models (id) on delete cascade,
    key text not null,
    value text not null,
    primary key (model_id, key)
);

-- `source` is what the client sent; `owner_*` and `source_path` are what it was resolved to when the version was made.
create table model_versions (
    model_id uuid not null references registered_models (id) on delete cascade,
    version integer not null check (version > 0),
    source text not null,
    owner_run_id uuid constraint model_versions_owner_run references runs (id) on delete restrict,
    owner_model_id uuid constraint model_versions_owner_model references logged_models (id) on delete restrict,
    source_path text collate "C" not null,
    run_id uuid constraint model_versions_run references runs (id) on delete set null,
    run_link text not null,
    logged_model_id uuid constraint model_versions_logged_model references logged_models (id) on delete set null,
    description text not null,
    stage text not null check (stage in ('development', 'staging', 'production', 'archived')),
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (model_id, version),
    constraint model_versions_one_owner check (num_nonnulls(owner_run_id, owner_model_id) = 1)
);
create index model_versions_owner_run on model_versions (owner_run_id);
create index model_versions_owner_model on model_versions (owner_model_id);
create index model_versions_run_id on model_versions (run_id);

create table model_version_tags (
    model_id uuid not null,
    version integer not null,
    key text not null,
    value text not null,
    primary key (model_id, version, key),
    foreign key (model_id, version) references model_versions (model_id, version) on delete cascade
);

create table registered_model_aliases (
    model_id uuid not null references registered_models (id) on delete cascade,
    alias text not null,
    version integer not null,
    primary key (model_id, alias),
    constraint registered_model_aliases_version foreign key (model_id, version) references model_versions (model_id, version) on delete cascade
);
create index registered_model_aliases_by_version on registered_model_aliases (model_id, version);
