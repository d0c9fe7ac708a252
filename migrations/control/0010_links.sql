-- Links by which whoever has one reads an experiment, or a single run of it, without an account (infra/decisions/0030-links.md).

create table public.links (
    id uuid primary key,
    hash bytea not null unique,
    tenant_id uuid not null references public.tenants on delete cascade,
    experiment_id uuid not null,
    -- Null: every run of the experiment.
    run_id uuid,
    -- For whom it was made.
    label text not null,
    hint text not null,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index links_of_experiment on public.links (tenant_id, experiment_id, id desc);

alter table public.links enable row level security;
create policy tenant on public.links to assay_app
    using (tenant_id::text = current_setting('app.tenant_id', true) or current_setting('app.door', true) = 'lobby');
grant select, insert, update, delete on public.links to assay_app;

-- The first statement of a transaction of whoever comes by a link, as `enter` is for everybody else. No row: the link is unknown, expired or revoked.
create function public.enter_link(p_hash bytea, p_now timestamptz)
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
        where l.hash = p_hash and l.revoked_at is null and l.expires_at > p_now;
end $$;
revoke all on function public.enter_link(bytea, timestamptz) from public;
grant execute on function public.enter_link(bytea, timestamptz) to assay_app;
