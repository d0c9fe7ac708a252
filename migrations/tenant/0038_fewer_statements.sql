-- What loggers ask for, in fewer statements: to start one costs as much as to write several rows.

-- As in 0037, but the runs are counted on in one statement, in the order they are listed in; params are looked for only where some are there already; and latest
-- values that are there are changed without asking whether they are: `on conflict` looks, marks and confirms each row besides writing it.
-- `p_alone`: fails when one of the runs has ended, because what is logged to it then is entered into the audit log.
drop function log_to_runs(
    timestamptz, uuid[], bigint[], uuid[], text[], bigint[], uuid[], text[], text[], uuid[], integer[], bytea[],
    uuid[], text[], double precision[], bigint[], bigint[], bigint[], double precision[], double precision[]
);
create function log_to_runs(
    p_at timestamptz, p_runs uuid[], p_writes bigint[],
    param_runs uuid[], param_sets text[], param_marks bigint[],
    tag_runs uuid[], tag_keys text[], tag_values text[],
    batch_runs uuid[], batch_points integer[], batch_data bytea[],
    latest_runs uuid[], latest_keys text[], latest_values double precision[], latest_steps bigint[], latest_ms bigint[],
    latest_counts bigint[], latest_lows double precision[], latest_highs double precision[], p_alone boolean default false
) returns setof {schema}.run_act
language plpgsql as $$
declare
    answer {schema}.run_act;
    writable uuid[] := '{}';
    without_metrics uuid[] := '{}';
    n_writes bigint;
    n_rows bigint := 0;
    n_changed bigint;
    known jsonb;
    wanted jsonb;
begin
    answer.act := 'logged';
    for answer.id, answer.name, answer.status, answer.removed, answer.revision, n_writes in
        update {schema}.runs r set revision = r.revision + w.writes from unnest(p_runs, p_writes) as w (id, writes) where r.id = w.id
        returning r.id, r.name, r.status, r.removed_at is not null, r.revision, w.writes
    loop
        if p_alone and answer.status not in ('RUNNING', 'SCHEDULED') then
            raise exception 'run % has ended', answer.id using errcode = 'AS001';
        end if;
        return next answer;
        if not answer.removed then
            writable := writable || answer.id;
            if answer.revision = n_writes then
                without_metrics := without_metrics || answer.id;
            end if;
        end if;
    end loop;
    answer.piece := 'param';
    for i in 1 .. cardinality(param_runs) loop
        if param_runs[i] = any(writable) then
            wanted := param_sets[i]::jsonb;
            insert into {schema}.run_params (run_id, params, fingerprint) values (param_runs[i], wanted, nullif(param_marks[i], 0)) on conflict do nothing;
            if not found then
                select r.params into known from {schema}.run_params r where r.run_id = param_runs[i];
                answer.id := param_runs[i];
                for answer.piece_key, answer.piece_value in
                    select n.key, known ->> n.key from jsonb_each_text(wanted) n where known ->> n.key <> n.value order by n.key collate "C"
                loop
                    return next answer;
                    writable := array_remove(writable, answer.id);
                    without_metrics := array_remove(without_metrics, answer.id);
                end loop;
                if answer.id = any(writable) and not known @> wanted then
                    update {schema}.run_params r set params = known || wanted, fingerprint = nullif(
                        coalesce(r.fingerprint, 0) # coalesce({schema}.fingerprint_of(wanted - array(select jsonb_object_keys(known))), 0), 0)
                    where r.run_id = answer.id;
                end if;
            end if;
        end if;
    end loop;
    if cardinality(tag_runs) > 0 then
        insert into {schema}.run_tags (run_id, key, value)
        select t.id, t.key, t.value from unnest(tag_runs, tag_keys, tag_values) as t (id, key, value) where t.id = any(writable)
        on conflict (run_id, key) do update set value = excluded.value;
    end if;
    if cardinality(batch_runs) > 0 then
        insert into {schema}.metric_batches (run_id, at, points, data)
        select b.id, p_at, b.points, b.data from unnest(batch_runs, batch_points, batch_data) as b (id, points, data) where b.id = any(writable);
        if cardinality(without_metrics) > 0 then
            insert into {schema}.latest_metrics (run_id, key, value, step, at_ms, count, low, high)
            select n.id, n.key, n.value, n.step, n.at_ms, n.count, nullif(n.low, 'NaN'), nullif(n.high, 'NaN')
            from unnest(latest_runs, latest_keys, latest_values, latest_steps, latest_ms, latest_counts, latest_lows, latest_highs)
                as n (id, key, value, step, at_ms, count, low, high)
            where n.id = any(without_metrics);
            get diagnostics n_rows = row_count;
        end if;
        if cardinality(without_metrics) < cardinality(writable) then
            update {schema}.latest_metrics l set
                count = l.count + n.count, low = least(l.low, nullif(n.low, 'NaN')), high = greatest(l.high, nullif(n.high, 'NaN')),
                value = case when (n.step, n.at_ms, n.value) > (l.step, l.at_ms, l.value) then n.value else l.value end,
                at_ms = case when (n.step, n.at_ms) > (l.step, l.at_ms) then n.at_ms else l.at_ms end,
                step = greatest(l.step, n.step)
            from unnest(latest_runs, latest_keys, latest_values, latest_steps, latest_ms, latest_counts, latest_lows, latest_highs)
                as n (id, key, value, step, at_ms, count, low, high)
            where l.run_id = n.id and l.key = n.key and n.id = any(writable) and n.id <> all(without_metrics);
            get diagnostics n_changed = row_count;
            -- Some are of keys that are new, or of runs that get nothing.
            if n_rows + n_changed < cardinality(latest_runs) then
                insert into {schema}.latest_metrics (run_id, key, value, step, at_ms, count, low, high)
                select n.id, n.key, n.value, n.step, n.at_ms, n.count, nullif(n.low, 'NaN'), nullif(n.high, 'NaN')
                from unnest(latest_runs, latest_keys, latest_values, latest_steps, latest_ms, latest_counts, latest_lows, latest_highs)
                    as n (id, key, value, step, at_ms, count, low, high)
                where n.id = any(writable) and n.id <> all(without_metrics)
                on conflict do nothing;
            end if;
        end if;
    end if;
end $$;

-- As in 0030, but what stands for a default is looked up only where it was meant.
create or replace function create_runs(
    p_at timestamptz, p_by text, p_ids uuid[], p_experiments uuid[], p_names text[], p_users text[], p_starts bigint[], p_anywhere boolean[], p_projects uuid[],
    tag_runs uuid[], tag_keys text[], tag_values text[], p_by_service boolean default false
) returns setof {schema}.run_act
language plpgsql as $$
declare
    nil constant uuid := '00000000-0000-0000-0000-000000000000';
    answer {schema}.run_act;
    project uuid;
    wanted uuid;
begin
    answer.act := 'created';
    for i in 1 .. cardinality(p_ids) loop
        answer.id := p_ids[i];
        wanted := p_projects[i];
        if p_anywhere[i] then
            wanted := null;
        elsif wanted = nil then
            select d.id into wanted from {schema}.projects d where d.is_default;
        end if;
        if p_experiments[i] = nil then
            select e.id, e.is_default, e.removed_at is not null, e.project_id into answer.experiment_id, answer.is_default, answer.removed, project
            from {schema}.experiments e where e.is_default;
        else
            select e.id, e.is_default, e.removed_at is not null, e.project_id into answer.experiment_id, answer.is_default, answer.removed, project
            from {schema}.experiments e where e.id = p_experiments[i];
        end if;
        if not p_anywhere[i] and project is distinct from wanted then
            answer.experiment_id := null;
        end if;
        if answer.experiment_id is not null and not answer.removed then
            insert into {schema}.runs (id, experiment_id, name, user_name, created_by, by_service, status, started_ms, created_at)
            values (p_ids[i], answer.experiment_id, p_names[i], p_users[i], p_by, p_by_service, 'RUNNING', p_starts[i], p_at);
            if p_ids[i] = any(tag_runs) then
                insert into {schema}.run_tags (run_id, key, value)
                select t.id, t.key, t.value from unnest(tag_runs, tag_keys, tag_values) as t (id, key, value) where t.id = p_ids[i];
            end if;
        end if;
        return next answer;
    end loop;
end $$;

-- As in 0035, but a run's are found by the run.
create function end_job_tokens_of_run() returns trigger language plpgsql as $$
begin
    delete from {schema}.job_tokens k where k.run_id = new.id;
    return null;
end $$;
drop trigger end_job_tokens on runs;
create trigger end_job_tokens after update of status, removed_at on runs for each row
    when (new.removed_at is not null or new.status not in ('RUNNING', 'SCHEDULED')) execute function end_job_tokens_of_run();

-- As in 0032, but entries are written one by one: there are few of them at a time.
create or replace function audit_append(
    p_at timestamptz, p_actor_kind text[], p_actor_id text[], p_actor text[], p_credential_id text[],
    p_action text[], p_subject_kind text[], p_subject_id text[], p_subject_name text[],
    p_outcome text[], p_detail text[], p_request_id text[], p_address text[], p_text text[],
    p_epoch bigint default null
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head {schema}.audit_head%rowtype;
    micros text;
    entry text;
begin
    select * into strict head from {schema}.audit_head for update;
    -- Whoever raised the epoch has the entry of it before this one: it is committed, and seen, by whoever has the lock now.
    if p_epoch is not null and p_epoch is distinct from coalesce((select t.authz_epoch from public.tenants t where t.id = '{tenant}'), -1) then
        raise exception 'the epoch is not % any more', p_epoch using errcode = 'AS001';
    end if;
    head.at := greatest(head.at, date_trunc('microseconds', p_at));
    micros := {schema}.audit_field((extract(epoch from head.at) * 1000000)::bigint::text);
    for i in 1 .. cardinality(p_text) loop
        head.seq := head.seq + 1;
        entry := '13:assay-audit-1,36:{tenant},' || {schema}.audit_field(head.seq::text) || micros || p_text[i];
        head.hash := sha256('chain1'::bytea || head.hash || sha256('\x00'::bytea || convert_to(entry, 'UTF8')));
        insert into {schema}.audit_entries values (
            head.seq, head.at, p_actor_kind[i], p_actor_id[i], p_actor[i], p_credential_id[i], p_action[i], p_subject_kind[i], p_subject_id[i],
            p_subject_name[i], p_outcome[i], p_detail[i], p_request_id[i], p_address[i], head.hash
        );
    end loop;
    update {schema}.audit_head set seq = head.seq, at = head.at, hash = head.hash;
    return head.seq;
end $$;
