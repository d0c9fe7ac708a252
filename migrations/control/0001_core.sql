-- The control plane: who belongs to which organization, and what waits to be done.
-- The application's role (assay_app) is not the owner of these tables. It sees rows of the tenant
-- that `app.tenant_id` names, or, behind one of the two doors that `access` alone opens
-- (`app.door` = lobby or dispatch), what signing in and the job queue need.

create table public.tenants (
    id uuid primary key,
    slug text not null unique,
    name text not null,
    cell text not null default 'main',
    authz_epoch bigint not null default 1,
    created_at timestamptz not null
);

create table public.people (
    id uuid primary key,
    email text not null unique,
    name text not null,
    password_hash text not null,
    disabled boolean not null default false,
    created_at timestamptz not null
);

create table public.memberships (
    id uuid primary key,
    tenant_id uuid not null references public.tenants on delete cascade,
    person_id uuid not null references public.people on delete cascade,
    roles text[] not null check (cardinality(roles) > 0),
    joined_at timestamptz not null,
    last_seen_at timestamptz,
    constraint memberships_once unique (tenant_id, person_id)
);
create index memberships_person on public.memberships (person_id);

create table public.sessions (
    id uuid primary key,
    hash bytea not null unique,
    person_id uuid not null references public.people on delete cascade,
    tenant_id uuid not null references public.tenants on delete cascade,
    user_agent text not null default '',
    address text not null default '',
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index sessions_person on public.sessions (person_id);

create table public.api_tokens (
    id uuid primary key,
    hash bytea not null unique,
    tenant_id uuid not null references public.tenants on delete cascade,
    person_id uuid not null references public.people on delete cascade,
    name text not null,
    hint text not null,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index api_tokens_member on public.api_tokens (tenant_id, person_id, created_at desc);

create table public.invitations (
    id uuid primary key,
    tenant_id uuid not null references public.tenants on delete cascade,
    email text not null,
    role text not null,
    hash bytea not null unique,
    invited_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz
);
create unique index invitations_open on public.invitations (tenant_id, email) where accepted_at is null;

create table public.password_resets (
    hash bytea primary key,
    person_id uuid not null references public.people on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index password_resets_person on public.password_resets (person_id);

-- Somebody asked to found an organization and has not confirmed the address yet.
create table public.sign_ups (
    hash bytea primary key,
    email text not null,
    name text not null,
    organization text not null,
    password_hash text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

-- The queue. A row is the truth; Redis only rings the bell.
create table public.jobs (
    id uuid primary key,
    tenant_id uuid references public.tenants on delete cascade,
    kind text not null,
    payload jsonb not null,
    request_id text not null default '',
    state text not null default 'queued' check (state in ('queued', 'leased', 'done', 'failed', 'quarantined')),
    run_at timestamptz not null,
    attempt integer not null default 0,
    crash_count integer not null default 0,
    lease_epoch bigint not null default 0,
    lease_owner text,
    lease_until timestamptz,
    dedupe_key text,
    last_error text,
    created_at timestamptz not null,
    finished_at timestamptz
) with (fillfactor = 70);
create unique index jobs_dedupe on public.jobs (kind, dedupe_key) where dedupe_key is not null and state in ('queued', 'leased');
create index jobs_due on public.jobs (run_at) where state = 'queued';
create index jobs_leased on public.jobs (lease_until) where state = 'leased';
create index jobs_finished on public.jobs (finished_at) where state in ('done', 'failed');

create table public.schedules (
    name text primary key,
    next_at timestamptz not null
);

alter table public.tenants enable row level security;
alter table public.people enable row level security;
alter table public.memberships enable row level security;
alter table public.sessions enable row level security;
alter table public.api_tokens enable row level security;
alter table public.invitations enable row level security;
alter table public.password_resets enable row level security;
alter table public.sign_ups enable row level security;
alter table public.jobs enable row level security;
alter table public.schedules enable row level security;

create policy tenant on public.tenants to assay_app
    using (id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
create policy tenant on public.memberships to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
create policy tenant on public.api_tokens to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
create policy tenant on public.invitations to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
create policy fellow on public.people for select to assay_app
    using (current_setting('app.door', true) = 'lobby'
        or exists (select from public.memberships m where m.person_id = people.id and m.tenant_id::text = current_setting('app.tenant_id', true)));
create policy lobby on public.people to assay_app using (current_setting('app.door', true) = 'lobby');
create policy lobby on public.sessions to assay_app using (current_setting('app.door', true) = 'lobby');
create policy lobby on public.password_resets to assay_app using (current_setting('app.door', true) = 'lobby');
create policy lobby on public.sign_ups to assay_app using (current_setting('app.door', true) = 'lobby');
create policy tenant on public.jobs to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) in ('lobby', 'dispatch'));
create policy dispatch on public.schedules to assay_app using (current_setting('app.door', true) = 'dispatch');

grant usage on schema public to assay_app;
grant select, insert, update, delete on all tables in schema public to assay_app;

-- The first statement of every transaction: who holds this credential, where, with which rights,
-- under which authorization epoch. No row: the credential is unknown, expired, revoked or disabled.
create function public.enter(p_kind text, p_hash bytea, p_now timestamptz)
returns table (
    tenant_id uuid, tenant_slug text, tenant_name text, authz_epoch bigint,
    person_id uuid, member_id uuid, person_name text, email text,
    roles text[], scopes text[], credential_id uuid
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_kind = 'token' then
        return query
            select t.id, t.slug, t.name, t.authz_epoch, p.id, m.id, p.name, p.email, m.roles, k.scopes, k.id
            from public.api_tokens k
            join public.tenants t on t.id = k.tenant_id
            join public.people p on p.id = k.person_id and not p.disabled
            join public.memberships m on m.tenant_id = k.tenant_id and m.person_id = k.person_id
            where k.hash = p_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > p_now);
    else
        return query
            select t.id, t.slug, t.name, t.authz_epoch, p.id, m.id, p.name, p.email, m.roles, null::text[], s.id
            from public.sessions s
            join public.tenants t on t.id = s.tenant_id
            join public.people p on p.id = s.person_id and not p.disabled
            join public.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
            where s.hash = p_hash and s.expires_at > p_now;
    end if;
end $$;
revoke all on function public.enter(text, bytea, timestamptz) from public;
grant execute on function public.enter(text, bytea, timestamptz) to assay_app;
