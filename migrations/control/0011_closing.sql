-- Organizations that are left (infra/decisions/0032-leaving.md): closed at once, erased after a time of grace, and what is kept of them then.

alter table public.tenants
    -- Since when nobody enters; null: it is open.
    add column closed_at timestamptz,
    -- When it is erased, unless an owner restores it before.
    add column erase_at timestamptz,
    -- Who closed it: a hash of the person and the organization.
    add column closed_by bytea,
    -- Since when it is being erased: nothing brings it back from then on.
    add column erasing_since timestamptz,
    add constraint tenants_closed check (num_nulls(closed_at, erase_at, closed_by) in (0, 3) and (closed_at is not null or erasing_since is null));

-- Links by which an owner restores an organization that was closed. They were mailed, and work once.
create table public.restorations (
    hash bytea primary key,
    tenant_id uuid not null references public.tenants on delete cascade,
    person_id uuid not null references public.people on delete cascade,
    expires_at timestamptz not null
);
create index restorations_tenant on public.restorations (tenant_id);
create index restorations_person on public.restorations (person_id);
alter table public.restorations enable row level security;
create policy lobby on public.restorations to assay_app using (current_setting('app.door', true) = 'lobby');
grant select, insert, update, delete on public.restorations to assay_app;

-- What is left of an organization that was erased; nothing of it names a person. Written by the owner of these tables alone.
create table public.tombstones (
    -- The organization that was.
    id uuid primary key,
    closed_at timestamptz not null,
    closed_by bytea not null,
    erasing_since timestamptz not null,
    -- Null while it goes on.
    erased_at timestamptz,
    -- Where its audit log ended.
    audit_entries bigint not null,
    audit_hash bytea not null
);
alter table public.tombstones enable row level security;

-- Whether anybody enters at all. Expanded where it stands, as `admits` is.
create function public.is_open(t public.tenants) returns boolean language sql stable as $$
    select t.closed_at is null
$$;

-- As in 0003, and nobody is admitted to what is closed: every way in asks this, so it holds from the next transaction on, on every replica.
create or replace function public.admits(t public.tenants, p_email text, p_signed_in_at timestamptz, p_now timestamptz) returns boolean
language sql stable as $$
    select public.is_open(t) and (t.mail_domains = '{}' or split_part(p_email, '@', 2) = any (t.mail_domains))
        and (t.session_minutes is null or p_signed_in_at is null or p_signed_in_at + make_interval(mins => t.session_minutes) > p_now)
$$;

-- As in 0010, of what is open.
create or replace function public.enter_link(p_hash bytea, p_now timestamptz)
returns table (
    tenant_id uuid, tenant_slug text, tenant_name text, authz_epoch bigint,
    experiment_id uuid, run_id uuid, label text, credential_id uuid
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select t.id, t.slug, t.name, t.authz_epoch, l.experiment_id, l.run_id, l.label, l.id
        from public.links l
        join public.tenants t on t.id = l.tenant_id
        where l.hash = p_hash and l.revoked_at is null and l.expires_at > p_now and public.is_open(t);
end $$;

-- Jobs of what is closed wait until it is restored.
create policy dispatch on public.tenants for select to assay_app using (current_setting('app.door', true) = 'dispatch');

-- An organization is erased row by row of these.
create index sessions_tenant on public.sessions (tenant_id);
create index sessions_vouched_by on public.sessions (vouched_by) where vouched_by is not null;
create index people_provisioned_by on public.people (provisioned_by) where provisioned_by is not null;
