-- Imports of other tracking servers.

create table imports (
    id uuid primary key,
    -- The address, without a slash at its end and without credentials.
    source text not null,
    -- Experiments to take, by name; empty: all.
    experiments text[] not null,
    with_files boolean not null,
    with_registry boolean not null,
    -- Sealed; empty once the import has ended.
    credentials bytea not null,
    started_by text not null,
    state text not null check (state in ('running', 'done', 'failed', 'cancelled')),
    phase text not null check (phase in ('connecting', 'listing', 'runs', 'models', 'files', 'registry')),
    phase_at timestamptz not null,
    -- Where listing goes on.
    cursor text not null default '',
    -- Which step is to run; one that is behind changes nothing.
    step bigint not null default 0,
    -- Steps that could not reach the source, one after the other.
    troubles integer not null default 0,
    -- Why it failed, or what it waits for.
    reason text not null default '',
    created_at timestamptz not null,
    finished_at timestamptz
);
create index imports_created on imports (created_at desc, id desc);
create unique index imports_one_running on imports (source) where state = 'running';

-- What an import found. `payload` is what the source said of it, for as long as that is needed.
create table import_items (
    import_id uuid not null references imports (id) on delete cascade,
    kind text not null check (kind in ('experiment', 'run', 'model', 'run_files', 'model_files', 'registered_model')),
    source_id text collate "C" not null,
    label text not null,
    payload text not null,
    fingerprint bytea not null,
    state text not null check (state in ('waiting', 'taken', 'failed')),
    -- Why it could not be taken, or what of it could not.
    reason text not null default '',
    primary key (import_id, kind, source_id)
);
create index import_items_waiting on import_items (import_id, kind, source_id) where state = 'waiting';
create index import_items_problems on import_items (import_id, kind, source_id) where reason <> '';
create index import_items_links on import_items (import_id, source_id) where kind = 'run' and state = 'taken' and payload <> '';

-- How far an import is with each kind. `amount` is points for runs and bytes for files.
create table import_counts (
    import_id uuid not null references imports (id) on delete cascade,
    kind text not null,
    found bigint not null default 0,
    taken bigint not null default 0,
    unchanged bigint not null default 0,
    failed bigint not null default 0,
    amount bigint not null default 0,
    primary key (import_id, kind)
);

-- What came from where, and what the source said of it then: an import that runs again takes what is new or changed.
create table import_origins (
    source text not null,
    kind text not null,
    source_id text collate "C" not null,
    local_id uuid not null,
    fingerprint bytea not null,
    primary key (source, kind, source_id)
);
