-- Identity providers: one an organization, and whom they have vouched for.

alter table public.tenants
    -- Whether passwords do not lead in, except owners'.
    add column sso_only boolean not null default false,
    -- Since when the organization believes the provider that it has; null: it has none. Sessions of an earlier one are worth nothing.
    add column vouched_since timestamptz;
-- The organization whose provider vouched for the sign-in; null: a password did. Such a session is worth something in that organization alone.
alter table public.sessions add column vouched_by uuid references public.tenants on delete cascade;

create table public.identity_providers (
    tenant_id uuid primary key references public.tenants on delete cascade,
    kind text not null check (kind in ('oidc', 'github')),
    label text not null,
    issuer text not null,
    client_id text not null,
    -- Sealed with a key that is not in the database.
    client_secret bytea not null,
    groups_claim text not null,
    -- [{"group": "...", "role": "..."}]
    group_roles jsonb not null,
    default_role text,
    updated_at timestamptz not null
);

-- Who somebody is to a provider: never by mail address, which can change hands.
create table public.identities (
    tenant_id uuid not null references public.tenants on delete cascade,
    issuer text not null,
    subject text not null,
    person_id uuid not null references public.people on delete cascade,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    primary key (tenant_id, issuer, subject),
    -- Two subjects of one provider are two people.
    constraint identities_one_subject unique (tenant_id, issuer, person_id)
);
create index identities_person on public.identities (person_id);

-- Sign-ins that were sent to a provider and have not come back.
create table public.sso_attempts (
    state_hash bytea primary key,
    tenant_id uuid not null references public.tenants on delete cascade,
    browser_hash bytea not null,
    nonce text not null,
    verifier text not null,
    next text not null,
    begun_at timestamptz not null,
    expires_at timestamptz not null
);
create index sso_attempts_tenant on public.sso_attempts (tenant_id);
create index sso_attempts_expired on public.sso_attempts (expires_at);

alter table public.identity_providers enable row level security;
alter table public.identities enable row level security;
alter table public.sso_attempts enable row level security;
create policy tenant on public.identity_providers to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
create policy fellow on public.identities for select to assay_app using (tenant_id::text = current_setting('app.tenant_id', true));
create policy lobby on public.identities to assay_app using (current_setting('app.door', true) = 'lobby');
create policy lobby on public.sso_attempts to assay_app using (current_setting('app.door', true) = 'lobby');
grant select, insert, update, delete on public.identity_providers, public.identities, public.sso_attempts to assay_app;

-- Whether an organization takes a sign-in of this kind: one that a provider vouched for is worth something where that provider is believed,
-- and nowhere else; one by password is not, where single sign-on is asked for, except of owners, whom a provider that is away must not lock out.
-- Expanded where it stands, as `admits` is.
create function public.takes(t public.tenants, p_roles text[], p_vouched_by uuid, p_signed_in_at timestamptz) returns boolean
language sql stable as $$
    select case
        when p_vouched_by is null then not t.sso_only or 'owner' = any (p_roles)
        else p_vouched_by = t.id and coalesce(p_signed_in_at >= t.vouched_since, false)
    end
$$;

-- As in 0003, and sessions are taken only as the organization takes them.
create or replace function public.enter(p_kind text, p_hash bytea, p_now timestamptz)
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
            where k.hash = p_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > p_now)
                and public.admits(t, p.email, null, p_now);
    else
        return query
            select t.id, t.slug, t.name, t.authz_epoch, p.id, m.id, p.name, p.email, m.roles, null::text[], s.id
            from public.sessions s
            join public.tenants t on t.id = s.tenant_id
            join public.people p on p.id = s.person_id and not p.disabled
            join public.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
            where s.hash = p_hash and s.expires_at > p_now and public.admits(t, p.email, s.created_at, p_now)
                and public.takes(t, m.roles, s.vouched_by, s.created_at);
    end if;
end $$;
