-- The core of an organization: projects, what roles may do, and the audit log.

create table projects (
    id uuid primary key,
    name text not null constraint projects_name unique,
    is_default boolean not null default false,
    created_at timestamptz not null
);

create table role_permissions (
    role text not null,
    permission text not null,
    primary key (role, permission)
);

-- The audit log: append-only, hash-chained. `hash` of an entry is
-- sha256('chain1' || hash of the entry before || sha256(0x00 || canonical text of the entry)).
create table audit_entries (
    seq bigint primary key,
    at timestamptz not null,
    actor_kind text not null,
    actor_id text not null,
    actor text not null,
    credential_id text not null,
    action text not null,
    subject_kind text not null,
    subject_id text not null,
    subject_name text not null,
    outcome text not null check (outcome in ('done', 'denied')),
    detail text not null,
    request_id text not null,
    address text not null,
    hash bytea not null
);
create index audit_entries_actor on audit_entries (actor, seq desc);
create index audit_entries_action on audit_entries (action, seq desc);
create index audit_entries_subject on audit_entries (subject_id, seq desc);

create table audit_head (
    one boolean primary key default true check (one),
    seq bigint not null,
    at timestamptz not null,
    hash bytea not null
);
insert into audit_head (seq, at, hash) values (0, 'epoch', sha256(convert_to('{tenant}', 'UTF8')));

-- Stable, as `convert_to` is: only so is it expanded where it stands, and not called field by field.
create function audit_field(value text) returns text language sql stable strict as $$
    select octet_length(convert_to(value, 'UTF8'))::text || ':' || value || ','
$$;

-- Appends entries, in order, under the lock of the head. All arrays have the same length.
create function audit_append(
    p_at timestamptz, p_actor_kind text[], p_actor_id text[], p_actor text[], p_credential_id text[],
    p_action text[], p_subject_kind text[], p_subject_id text[], p_subject_name text[],
    p_outcome text[], p_detail text[], p_request_id text[], p_address text[]
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head {schema}.audit_head%rowtype;
    entry text;
    hashes bytea[] := '{}';
begin
    select * into strict head from {schema}.audit_head for update;
    head.at := greatest(head.at, date_trunc('microseconds', p_at));
    for i in 1 .. cardinality(p_action) loop
        entry := {schema}.audit_field('assay-audit-1') || {schema}.audit_field('{tenant}')
            || {schema}.audit_field((head.seq + i)::text)
            || {schema}.audit_field((extract(epoch from head.at) * 1000000)::bigint::text)
            || {schema}.audit_field(p_actor_kind[i]) || {schema}.audit_field(p_actor_id[i]) || {schema}.audit_field(p_actor[i])
            || {schema}.audit_field(p_credential_id[i])
            || {schema}.audit_field(p_action[i]) || {schema}.audit_field(p_subject_kind[i])
            || {schema}.audit_field(p_subject_id[i]) || {schema}.audit_field(p_subject_name[i])
            || {schema}.audit_field(p_outcome[i]) || {schema}.audit_field(p_detail[i])
            || {schema}.audit_field(p_request_id[i]) || {schema}.audit_field(p_address[i]);
        head.hash := sha256(convert_to('chain1', 'UTF8') || head.hash || sha256('\x00'::bytea || convert_to(entry, 'UTF8')));
        hashes := hashes || head.hash;
    end loop;
    insert into {schema}.audit_entries
    select head.seq + e.place, head.at, e.actor_kind, e.actor_id, e.actor, e.credential_id, e.action,
        e.subject_kind, e.subject_id, e.subject_name, e.outcome, e.detail, e.request_id, e.address, e.hash
    from unnest(p_actor_kind, p_actor_id, p_actor, p_credential_id, p_action, p_subject_kind, p_subject_id, p_subject_name,
            p_outcome, p_detail, p_request_id, p_address, hashes) with ordinality
        as e (actor_kind, actor_id, actor, credential_id, action, subject_kind, subject_id, subject_name,
            outcome, detail, request_id, address, hash, place)
    order by e.place;
    head.seq := head.seq + cardinality(p_action);
    update {schema}.audit_head set seq = head.seq, at = head.at, hash = head.hash;
    return head.seq;
end $$;

-- Prevention against mistakes; the hashes are what detects tampering.
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using errcode = '42501';
end $$;
create trigger audit_entries_append_only before update or delete or truncate on audit_entries
    for each statement execute function audit_is_append_only();
