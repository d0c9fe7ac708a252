-- A second factor beside the password, and organizations that ask for one.

alter table public.people
    -- Since when the person signs in with a second factor; null: they have none.
    add column second_factor_since timestamptz;
alter table public.tenants
    -- Whether sessions by password are worth something only with a second factor.
    add column second_factor_required boolean not null default false;
-- Whether a second factor was given for it, beside the password.
alter table public.sessions add column second_factor boolean not null default false;

create table public.second_factors (
    person_id uuid primary key references public.people on delete cascade,
    -- Sealed with a key that is not in the database.
    secret bytea not null,
    -- The newest step of time whose code was accepted; that code and older ones are worth nothing any more.
    last_step bigint not null
);

-- What is left of them. A code is stored as the mark of a key that is not in the database, and is gone when it was used.
create table public.recovery_codes (
    person_id uuid not null references public.people on delete cascade,
    mark bytea not null,
    primary key (person_id, mark)
);

-- Sign-ins whose password was right and whose second factor has not come yet.
create table public.sign_in_steps (
    browser_hash bytea primary key,
    person_id uuid not null references public.people on delete cascade,
    -- The invitation that is accepted by it, if one is.
    invitation_hash bytea,
    next text not null,
    tries integer not null default 0,
    expires_at timestamptz not null
);
create index sign_in_steps_person on public.sign_in_steps (person_id);
create index sign_in_steps_expired on public.sign_in_steps (expires_at);

alter table public.second_factors enable row level security;
alter table public.recovery_codes enable row level security;
alter table public.sign_in_steps enable row level security;
create policy lobby on public.second_factors to assay_app using (current_setting('app.door', true) = 'lobby');
create policy lobby on public.recovery_codes to assay_app using (current_setting('app.door', true) = 'lobby');
create policy lobby on public.sign_in_steps to assay_app using (current_setting('app.door', true) = 'lobby');
grant select, insert, update, delete on public.second_factors, public.recovery_codes, public.sign_in_steps to assay_app;

-- As in 0004, and where a second factor is asked for, a password alone is worth nothing, also an owner's. A provider asks for its own.
-- Who does not say whether one was given, says that none was.
create function public.takes(t public.tenants, p_roles text[], p_vouched_by uuid, p_signed_in_at timestamptz, p_second_factor boolean) returns boolean
language sql stable as $$
    select case
        when p_vouched_by is null then (not t.sso_only or 'owner' = any (p_roles)) and (p_second_factor or not t.second_factor_required)
        else p_vouched_by = t.id and coalesce(p_signed_in_at >= t.vouched_since, false)
    end
$$;
create or replace function public.takes(t public.tenants, p_roles text[], p_vouched_by uuid, p_signed_in_at timestamptz) returns boolean
language sql stable as $$
    select public.takes(t, p_roles, p_vouched_by, p_signed_in_at, false)
$$;
