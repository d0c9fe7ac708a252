-- What loggers write, one call for many requests. A list meets a table row by row, each row found by its key: a statement that joins the two
-- can get a plan that reads all of the table, made while it was small, and keep it (infra/decisions/0013-plans.md).

-- Rows of a run are written while the run's own row is locked, by the functions below and by nothing else, so that the run is there and stays.
-- A foreign key looks it up again for each param, tag and metric: a quarter of what Postgres did for a run.
alter table run_params drop constraint run_params_run_id_fkey;
alter table run_tags drop constraint run_tags_run_id_fkey;
alter table latest_metrics drop constraint latest_metrics_run_id_fkey;
alter table metric_batches drop constraint metric_batches_run_id_fkey;
alter table metric_chunks drop constraint metric_chunks_run_id_fkey;

-- A check is read and planned anew by each statement that writes a row of its table, also by one that leaves the column alone: a tenth of what Postgres did
-- for a run. The server writes these columns from closed lists and refuses to read anything else.
alter table runs drop constraint runs_status_check;
alter table audit_entries drop constraint audit_entries_outcome_check;

-- Logs to runs: `p_runs` names each once, in the order of the ids, so that no two calls wait for each other, with the number of writes it gets.
-- Of the other lists, those whose names begin alike belong together. A run and a key come once among the tags and once among the latest values.
--
-- Answers a row for each run that exists. A run that is removed gets nothing. A run whose params would change another value gets nothing either,
-- and a second row, which says what would have changed.
create function log_to_runs(
    p_at timestamptz, p_runs uuid[], p_writes bigint[],
    param_runs uuid[], param_keys text[], param_values text[],
    tag_runs uuid[], tag_keys text[], tag_values text[],
    batch_runs uuid[], batch_points integer[], batch_data bytea[],
    latest_runs uuid[], latest_keys text[], latest_values double precision[], latest_steps bigint[], latest_ms bigint[],
    latest_counts bigint[], latest_lows double precision[], latest_highs double precision[]
) returns table (run uuid, run_name text, run_status text, is_removed boolean, new_revision bigint, changed_key text, old_value text, new_value text)
language plpgsql as $$
declare
    writable uuid[] := '{}';
begin
    for i in 1 .. cardinality(p_runs) loop
        update {schema}.runs r set revision = r.revision + p_writes[i] where r.id = p_runs[i]
        returning r.id, r.name, r.status, r.removed_at is not null, r.revision into run, run_name, run_status, is_removed, new_revision;
        if found then
            return next;
            if not is_removed then
                writable := writable || run;
            end if;
        end if;
    end loop;
    if cardinality(param_runs) > 0 then
        for run, changed_key, old_value, new_value in
            select p.id, p.key, known.value, p.value from unnest(param_runs, param_keys, param_values) as p (id, key, value)
            cross join lateral (select r.value from {schema}.run_params r where r.run_id = p.id and r.key = p.key offset 0) known
            where known.value <> p.value and p.id = any(writable)
        loop
            return next;
            writable := array_remove(writable, run);
        end loop;
        insert into {schema}.run_params (run_id, key, value)
        select p.id, p.key, p.value from unnest(param_runs, param_keys, param_values) as p (id, key, value) where p.id = any(writable)
        on conflict do nothing;
    end if;
    if cardinality(tag_runs) > 0 then
        insert into {schema}.run_tags (run_id, key, value)
        select t.id, t.key, t.value from unnest(tag_runs, tag_keys, tag_values) as t (id, key, value) where t.id = any(writable)
        on conflict (run_id, key) do update set value = excluded.value;
    end if;
    if cardinality(batch_runs) > 0 then
        insert into {schema}.metric_batches (run_id, at, points, data)
        select b.id, p_at, b.points, b.data from unnest(batch_runs, batch_points, batch_data) as b (id, points, data) where b.id = any(writable);
        insert into {schema}.latest_metrics as l (run_id, key, value, step, at_ms, count, low, high)
        select n.id, n.key, n.value, n.step, n.at_ms, n.count, nullif(n.low, 'NaN'), nullif(n.high, 'NaN')
        from unnest(latest_runs, latest_keys, latest_values, latest_steps, latest_ms, latest_counts, latest_lows, latest_highs)
            as n (id, key, value, step, at_ms, count, low, high)
        where n.id = any(writable)
        on conflict (run_id, key) do update set
            count = l.count + excluded.count, low = least(l.low, excluded.low), high = greatest(l.high, excluded.high),
            value = case when (excluded.step, excluded.at_ms, excluded.value) > (l.step, l.at_ms, l.value) then excluded.value else l.value end,
            at_ms = case when (excluded.step, excluded.at_ms) > (l.step, l.at_ms) then excluded.at_ms else l.at_ms end,
            step = greatest(l.step, excluded.step);
    end if;
end $$;

-- Changes runs, each named once, in the order of the ids: where a text is empty or an end is -1, what is there stays. A new name is also the tag
-- that clients know it by. Answers the runs as they are then; those that do not exist or are removed are left out.
create function change_runs(p_runs uuid[], p_statuses text[], p_ends bigint[], p_names text[], p_name_tag text)
returns table (
    id uuid, experiment_id uuid, is_default boolean, name text, user_name text, created_by text, status text, started_ms bigint, ended_ms bigint,
    removed boolean, revision bigint
)
language plpgsql as $$
#variable_conflict use_column
begin
    for i in 1 .. cardinality(p_runs) loop
        return query
            update {schema}.runs r set status = coalesce(nullif(p_statuses[i], ''), r.status), ended_ms = coalesce(nullif(p_ends[i], -1), r.ended_ms),
                name = coalesce(nullif(p_names[i], ''), r.name), revision = r.revision + 1
            where r.id = p_runs[i] and r.removed_at is null
            returning r.id, r.experiment_id, (select e.is_default from {schema}.experiments e where e.id = r.experiment_id), r.name, r.user_name,
                r.created_by, r.status, r.started_ms, r.ended_ms, false, r.revision;
        if found and p_names[i] <> '' then
            insert into {schema}.run_tags (run_id, key, value) values (p_runs[i], p_name_tag, p_names[i])
            on conflict (run_id, key) do update set value = excluded.value;
        end if;
    end loop;
end $$;

-- Appends entries, in order, under the lock of the head. All arrays have the same length. `p_text` is the canonical text of the other columns, as
-- the server writes it: of what is hashed, the database adds what it alone knows, the organization, the place and the time. A text that does not fit its
-- columns is found as a changed entry.
drop function audit_append(timestamptz, text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[]);
create function audit_append(
    p_at timestamptz, p_actor_kind text[], p_actor_id text[], p_actor text[], p_credential_id text[],
    p_action text[], p_subject_kind text[], p_subject_id text[], p_subject_name text[],
    p_outcome text[], p_detail text[], p_request_id text[], p_address text[], p_text text[]
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head {schema}.audit_head%rowtype;
    micros text;
    entry text;
    hashes bytea[] := '{}';
begin
    select * into strict head from {schema}.audit_head for update;
    head.at := greatest(head.at, date_trunc('microseconds', p_at));
    micros := {schema}.audit_field((extract(epoch from head.at) * 1000000)::bigint::text);
    for i in 1 .. cardinality(p_text) loop
        entry := '13:assay-audit-1,36:{tenant},' || {schema}.audit_field((head.seq + i)::text) || micros || p_text[i];
        head.hash := sha256('chain1'::bytea || head.hash || sha256('\x00'::bytea || convert_to(entry, 'UTF8')));
        hashes := hashes || head.hash;
    end loop;
    insert into {schema}.audit_entries
    select head.seq + e.place, head.at, e.actor_kind, e.actor_id, e.actor, e.credential_id, e.action,
        e.subject_kind, e.subject_id, e.subject_name, e.outcome, e.detail, e.request_id, e.address, e.hash
    from unnest(p_actor_kind, p_actor_id, p_actor, p_credential_id, p_action, p_subject_kind, p_subject_id, p_subject_name,
            p_outcome, p_detail, p_request_id, p_address, hashes) with ordinality
        as e (actor_kind, actor_id, actor, credential_id, action, subject_kind, subject_id, subject_name,
            outcome, detail, request_id, address, hash, place)
    order by e.place;
    head.seq := head.seq + cardinality(p_text);
    update {schema}.audit_head set seq = head.seq, at = head.at, hash = head.hash;
    return head.seq;
end $$;
