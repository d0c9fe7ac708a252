-- Support access (infra/decisions/0037-support-access.md): for a while, by the word of a member who may give it, the operator of the installation looks into an
-- organization.

create table public.support_grants (
    id uuid primary key,
    tenant_id uuid not null references public.tenants on delete cascade,
    reason text not null,
    -- What may be done with it, at most: as a token's scopes.
    scopes text[] not null,
    -- The membership of who gave it: it stands as long as they belong to the organization.
    member_id uuid not null,
    granted_by text not null,
    granted_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    constraint support_grants_ended check (num_nulls(ended_at, ended_by) in (0, 2))
);
create index support_grants_of_tenant on public.support_grants (tenant_id, id desc);

-- Each time that somebody of the operator came by one.
create table public.support_visits (
    id uuid primary key,
    grant_id uuid not null references public.support_grants on delete cascade,
    tenant_id uuid not null references public.tenants on delete cascade,
    operator text not null,
    -- Of the address that begins its session. Null: it was opened.
    address_hash bytea unique,
    address_until timestamptz not null,
    session_hash bytea unique,
    entered_at timestamptz not null,
    opened_at timestamptz,
    last_used_at timestamptz,
    left_at timestamptz,
    constraint support_visits_opened check (num_nulls(session_hash, opened_at) in (0, 2) and num_nulls(address_hash, session_hash) = 1)
);
create index support_visits_of_grant on public.support_visits (grant_id, id);
create index support_visits_tenant on public.support_visits (tenant_id);

alter table public.support_grants enable row level security;
alter table public.support_visits enable row level security;
create policy tenant on public.support_grants to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
create policy tenant on public.support_visits to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
grant select, insert, update, delete on public.support_grants, public.support_visits to assay_app;

-- Whether a grant is worth something: nobody has ended it, its time is not over, and whoever gave it belongs to the organization still.
create function public.stands(g public.support_grants, p_now timestamptz) returns boolean language sql stable as $$
    select g.ended_at is null and g.expires_at > p_now
        and exists (select from public.memberships m where m.id = g.member_id and m.tenant_id = g.tenant_id and m.suspended_at is null)
$$;

-- The first statement of a transaction of somebody of the operator, as `enter` is for members. No row: there is no such session, it was left, or its grant stands
-- no more.
create function public.enter_support(p_hash bytea, p_now timestamptz)
returns table (
    tenant_id uuid, tenant_slug text, tenant_name text, authz_epoch bigint,
    operator text, granted_by text, scopes text[], credential_id uuid
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select t.id, t.slug, t.name, t.authz_epoch, v.operator, g.granted_by, g.scopes, v.id
        from public.support_visits v
        join public.support_grants g on g.id = v.grant_id
        join public.tenants t on t.id = g.tenant_id
        where v.session_hash = p_hash and v.left_at is null and public.stands(g, p_now) and public.is_open(t);
end $$;
revoke all on function public.enter_support(bytea, timestamptz) from public;
grant execute on function public.enter_support(bytea, timestamptz) to assay_app;
