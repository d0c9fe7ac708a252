-- Service accounts (infra/decisions/0031-service-accounts.md): members of one organization that are no people. They have a name, and neither an address nor a
-- password; what they prove themselves with is API tokens.

alter table public.people
    -- The organization whose service account it is; null: a person.
    add column service_of uuid references public.tenants on delete cascade,
    alter column email drop not null,
    add constraint people_address check ((email is null) = (service_of is not null)),
    -- Whoever is nobody has no password that could be right.
    add constraint people_no_password check (service_of is null or password_hash = '');
create unique index people_service_name on public.people (service_of, lower(name)) where service_of is not null;

-- An organization makes, changes and removes its own service accounts, and nobody else.
create policy service on public.people to assay_app
    using (service_of::text = current_setting('app.tenant_id', true))
    with check (service_of::text = current_setting('app.tenant_id', true));

-- Who made the token, where it is not its holder.
alter table public.api_tokens add column made_by text;

-- As in 0009, and a service account enters by its tokens alone, its own organization alone. What an organization asks of how people sign in is not asked of it;
-- that its membership is not suspended is. It is known by having no address.
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
                and case when p.service_of is null then public.admits(t, p.email, null, p_now) else p.service_of = t.id and public.is_open(t) end
                and public.lets_in(m, null);
    else
        return query
            select t.id, t.slug, t.name, t.authz_epoch, p.id, m.id, p.name, p.email, m.roles, null::text[], s.id
            from public.sessions s
            join public.tenants t on t.id = s.tenant_id
            join public.people p on p.id = s.person_id and not p.disabled
            join public.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
            where s.hash = p_hash and p.service_of is null and public.opens(s, t, m, p.email, p_now);
    end if;
end $$;
