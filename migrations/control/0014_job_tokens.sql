-- Tokens by which a job logs to one run, and does nothing else (infra/decisions/0036-job-tokens.md).

create table public.job_tokens (
    id uuid primary key,
    hash bytea not null unique,
    tenant_id uuid not null references public.tenants on delete cascade,
    run_id uuid not null,
    -- Who made it, and whose rights it has a part of.
    person_id uuid not null references public.people on delete cascade,
    created_by text not null,
    hint text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index job_tokens_of_run on public.job_tokens (tenant_id, run_id, id desc);
create index job_tokens_person on public.job_tokens (person_id);

alter table public.job_tokens enable row level security;
create policy tenant on public.job_tokens to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
grant select, insert, update, delete on public.job_tokens to assay_app;

-- The first statement of a transaction of whoever comes by a job token: the member who made it, as `enter` finds them by a token of their own, and the token.
-- Whether its run still goes on stands in the organization's own tables. No row: it is unknown, expired or revoked, or its maker is not let in any more.
create function public.enter_job(p_hash bytea, p_now timestamptz)
returns table (
    tenant_id uuid, tenant_slug text, tenant_name text, authz_epoch bigint,
    person_id uuid, member_id uuid, person_name text, email text,
    roles text[], scopes text[], credential_id uuid
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select t.id, t.slug, t.name, t.authz_epoch, p.id, m.id, p.name, p.email, m.roles, null::text[], k.id
        from public.job_tokens k
        join public.tenants t on t.id = k.tenant_id
        join public.people p on p.id = k.person_id and not p.disabled
        join public.memberships m on m.tenant_id = k.tenant_id and m.person_id = k.person_id
        where k.hash = p_hash and k.revoked_at is null and k.expires_at > p_now
            and public.admits(t, p.email, null, p_now) and public.lets_in(m, null);
end $$;
revoke all on function public.enter_job(bytea, timestamptz) from public;
grant execute on function public.enter_job(bytea, timestamptz) to assay_app;

-- What a run that ends asks for, and an upload in parts.
create policy job_token on public.jobs for insert to assay_job with check (tenant_id::text = current_setting('app.tenant_id', true));
grant insert on public.jobs to assay_job;
