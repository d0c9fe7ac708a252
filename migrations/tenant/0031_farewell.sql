-- Exports of the whole organization (infra/decisions/0032-leaving.md). The archive and the files it is made of lie in the object store, as parts of an upload
-- that has the export's id: the archive is number 0.

create table exports (
    id uuid primary key,
    requested_by text not null,
    member_id uuid not null,
    state text not null check (state in ('running', 'done', 'failed', 'cancelled', 'removed')),
    phase text not null,
    -- One that is not the present one does nothing.
    step bigint not null default 0,
    -- Where the phase goes on.
    cursor text not null default '',
    -- The number that the next file gets.
    next_file bigint not null default 1,
    -- Bytes of artifacts that are to be taken, those that were checked, and bytes of the archive so far.
    artifact_bytes bigint not null default 0,
    checked_bytes bigint not null default 0,
    packed_bytes bigint not null default 0,
    -- How many artifacts are damaged in the store and left out.
    damaged bigint not null default 0,
    -- How often the present step came to no good.
    troubles integer not null default 0,
    reason text not null default '',
    -- The archive, once it is there.
    size bigint,
    digest bytea,
    chunks bytea,
    downloads bigint not null default 0,
    created_at timestamptz not null,
    finished_at timestamptz,
    expires_at timestamptz
);
create unique index exports_one_running on exports (state) where state = 'running';

-- How much of each kind was taken.
create table export_counts (
    export_id uuid not null references exports (id) on delete cascade,
    kind text not null,
    files bigint not null,
    rows bigint not null,
    bytes bigint not null,
    primary key (export_id, kind)
);

-- The files of an archive that is being made, in their order; gone when it is made.
create table export_files (
    export_id uuid not null references exports (id) on delete cascade,
    number bigint not null,
    path text not null,
    -- SHA-256 and bytes of the content.
    digest bytea not null,
    size bigint not null,
    -- Of one that was made for the archive: whether it lies in the store compressed, its bytes and their SHA-256 there, and the checksum of the content. Null of an
    -- artifact, which lies in the store as it is.
    deflated boolean,
    packed bigint,
    packed_digest bytea,
    crc bigint,
    damaged boolean not null default false,
    primary key (export_id, number)
);
create index export_files_digest on export_files (export_id, digest) where packed is null;

-- The checksum that archives have of a file, computed at the first export of it.
alter table blobs add column crc32 bigint;
create index blobs_unchecked on blobs (digest) where crc32 is null;

alter table notifications drop constraint notifications_kind_check;
alter table notifications add constraint notifications_kind_check check (kind in ('mention', 'reply', 'resolve', 'disconnect', 'export'));

-- Roles of organizations that are there already. (A new one gets its rows when it is founded.)
insert into role_permissions (role, permission)
select role, permission from (values ('owner', 'organization:export'), ('admin', 'organization:export'), ('owner', 'organization:close')) as r (role, permission)
where exists (select from role_permissions p where p.role = r.role)
on conflict do nothing;
