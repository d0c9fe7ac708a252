-- Members whom the organization's directory keeps (infra/decisions/0027-provisioning.md), and access that it has ended for the time being.

alter table public.memberships
    -- Since when the directory keeps them; null: it does not.
    add column provisioned_at timestamptz,
    -- Those of the roles that the directory's groups gave.
    add column group_roles text[] not null default '{}',
    -- Since when the directory says that they have no access; null: they have.
    add column suspended_at timestamptz,
    -- When access came back: sign-ins from before are worth nothing.
    add column resumed_at timestamptz;

-- The organization whose directory made the person; it may correct the name while they belong to no other.
alter table public.people add column provisioned_by uuid references public.tenants on delete set null;

alter table public.invitations
    -- What the membership is to be known as, where a directory asked for it.
    add column member_id uuid,
    add column group_roles text[] not null default '{}';
create index invitations_member on public.invitations (member_id) where member_id is not null;

-- Whether a membership lets in, by a sign-in of this time: null is a token, which suspending revoked. Expanded where it stands, as `admits` is.
create function public.lets_in(m public.memberships, p_signed_in_at timestamptz) returns boolean
language sql stable as $$
    select m.suspended_at is null and (m.resumed_at is null or p_signed_in_at is null or p_signed_in_at >= m.resumed_at)
$$;

-- Whether a session opens its organization: all that is asked of it, in one place. What is asked later goes in here, and not into `enter`. Expanded where it stands.
create function public.opens(s public.sessions, t public.tenants, m public.memberships, p_email text, p_now timestamptz) returns boolean
language sql stable as $$
    select s.expires_at > p_now and public.admits(t, p_email, s.created_at, p_now)
        and public.takes(t, m.roles, s.vouched_by, s.created_at, s.second_factor) and public.lets_in(m, s.created_at)
$$;

-- As in 0004, with what is asked now: a second factor where it is required, and that the membership is not suspended.
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
                and public.admits(t, p.email, null, p_now) and public.lets_in(m, null);
    else
        return query
            select t.id, t.slug, t.name, t.authz_epoch, p.id, m.id, p.name, p.email, m.roles, null::text[], s.id
            from public.sessions s
            join public.tenants t on t.id = s.tenant_id
            join public.people p on p.id = s.person_id and not p.disabled
            join public.memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id
            where s.hash = p_hash and public.opens(s, t, m, p.email, p_now);
    end if;
end $$;

-- Whether the people of an address's domain are the organization's own: it lists the domain, an owner has an address there, and it is none at which anybody
-- can have an address.
create function public.owns_domain(p_tenant uuid, p_email text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select split_part(p_email, '@', 2) <> all (array['gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'yahoo.com',
            'icloud.com', 'me.com', 'mac.com', 'aol.com', 'proton.me', 'protonmail.com', 'gmx.de', 'gmx.net', 'gmx.com', 'web.de', 'mail.com', 'mail.ru',
            'yandex.ru', 'yandex.com', 'qq.com', '163.com', '126.com', 'zoho.com', 'fastmail.com', 'hey.com'])
        and exists (
            select from public.tenants t
            join public.memberships m on m.tenant_id = t.id and 'owner' = any (m.roles) and m.suspended_at is null
            join public.people p on p.id = m.person_id and split_part(p.email, '@', 2) = split_part(p_email, '@', 2)
            where t.id = p_tenant and split_part(p_email, '@', 2) = any (t.mail_domains)
        )
$$;

-- Makes a member of the organization that the transaction is in, and the person where the address has none. False: the domain is not the organization's own,
-- or the address is a member's already. Whether there was a person is not told.
create function public.provision(
    p_member uuid, p_person uuid, p_email text, p_name text, p_password_hash text, p_roles text[], p_group_roles text[], p_now timestamptz
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    own constant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
begin
    if own is null or not public.owns_domain(own, p_email) then
        return false;
    end if;
    insert into public.people (id, email, name, password_hash, created_at, provisioned_by)
        values (p_person, p_email, p_name, p_password_hash, p_now, own) on conflict (email) do nothing;
    insert into public.memberships (id, tenant_id, person_id, roles, group_roles, joined_at, provisioned_at)
        select p_member, own, p.id, p_roles, p_group_roles, p_now, p_now from public.people p where p.email = p_email
        on conflict (tenant_id, person_id) do nothing;
    return found;
end $$;
revoke all on function public.provision(uuid, uuid, text, text, text, text[], text[], timestamptz) from public;
grant execute on function public.provision(uuid, uuid, text, text, text, text[], text[], timestamptz) to assay_app;

-- Corrects the name of a person whom the organization's directory made and who belongs to no other organization.
create function public.rename_provisioned(p_member uuid, p_name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.people p set name = p_name
    from public.memberships m
    where m.id = p_member and m.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and p.id = m.person_id and p.provisioned_by = m.tenant_id
        and p.name <> p_name and not exists (select from public.memberships o where o.person_id = p.id and o.tenant_id <> m.tenant_id)
$$;
revoke all on function public.rename_provisioned(uuid, text) from public;
grant execute on function public.rename_provisioned(uuid, text) to assay_app;
