-- What an organization asks of the people who enter it, and when a session was last used.

alter table public.tenants
    -- How long a sign-in is worth here, in minutes; null: as long as the session lives.
    add column session_minutes integer constraint tenants_session_minutes check (session_minutes between 15 and 20160),
    -- The domains of mail addresses that enter, in lower case; empty: all.
    add column mail_domains text[] not null default '{}' constraint tenants_mail_domains check (cardinality(mail_domains) <= 100);

alter table public.sessions add column last_seen_at timestamptz;
-- The list of a person's sessions, the newest first.
create index sessions_of_person on public.sessions (person_id, id);

-- Whether an organization lets somebody of this address in, and a sign-in of this age: null is a token, which has an end of its own.
-- Expanded where it stands, so that the first statement of a transaction pays nothing for it.
create function public.admits(t public.tenants, p_email text, p_signed_in_at timestamptz, p_now timestamptz) returns boolean
language sql stable as $$
    select (t.mail_domains = '{}' or split_part(p_email, '@', 2) = any (t.mail_domains))
        and (t.session_minutes is null or p_signed_in_at is null or p_signed_in_at + make_interval(mins => t.session_minutes) > p_now)
$$;

-- As in 0001, and what the organization asks holds from the next transaction on.
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
            where s.hash = p_hash and s.expires_at > p_now and public.admits(t, p.email, s.created_at, p_now);
    end if;
end $$;
