-- Less to do for each run.

-- The experiment is looked up by the statement that writes the run, and is never removed for good. The key locked it once more for each run, and for two
-- transactions at a time with an entry for both.
alter table runs drop constraint runs_experiment;

-- A run's row is written anew with each batch, a latest value with each point: with room for that on its page no index needs to be told.
alter table runs set (fillfactor = 50);
alter table latest_metrics set (fillfactor = 80);

-- A run that ends answers with all it logged, for the digest of its audit entry: one answer to wait for, not two.
--
-- Changes runs, each named once, in the order of the ids: where a text is empty or an end is -1, what is there stays. A new name is also the tag
-- that clients know it by. Answers a row for each run as it is then (those that do not exist or are removed are left out) and, for those with `p_logged`,
-- after it a row for each piece of what it logged: `piece` says which, and the columns of the run are empty.
drop function change_runs(uuid[], text[], bigint[], text[], text);
create function change_runs(p_runs uuid[], p_statuses text[], p_ends bigint[], p_names text[], p_logged boolean[], p_name_tag text)
returns table (
    id uuid, experiment_id uuid, is_default boolean, name text, user_name text, created_by text, status text, started_ms bigint, ended_ms bigint,
    removed boolean, revision bigint, piece text, piece_key text, piece_value text, piece_data bytea
)
language plpgsql as $$
#variable_conflict use_column
begin
    for i in 1 .. cardinality(p_runs) loop
        update {schema}.runs r set status = coalesce(nullif(p_statuses[i], ''), r.status), ended_ms = coalesce(nullif(p_ends[i], -1), r.ended_ms),
            name = coalesce(nullif(p_names[i], ''), r.name), revision = r.revision + 1
        where r.id = p_runs[i] and r.removed_at is null
        returning r.id, r.experiment_id, (select e.is_default from {schema}.experiments e where e.id = r.experiment_id), r.name, r.user_name,
            r.created_by, r.status, r.started_ms, r.ended_ms, false, r.revision
        into id, experiment_id, is_default, name, user_name, created_by, status, started_ms, ended_ms, removed, revision;
        if not found then
            continue;
        end if;
        piece := null;
        return next;
        if p_names[i] <> '' then
            insert into {schema}.run_tags (run_id, key, value) values (p_runs[i], p_name_tag, p_names[i])
            on conflict (run_id, key) do update set value = excluded.value;
        end if;
        if p_logged[i] then
            return query
                select l.id, null::uuid, null::boolean, null, null, null, null, null::bigint, null::bigint, null::boolean, null::bigint, l.piece, l.key, l.value, l.data
                from (
                    select run_id as id, 'param' as piece, key, value, null::bytea as data from {schema}.run_params where run_id = p_runs[i]
                    union all select run_id, 'tag', key, value, null from {schema}.run_tags where run_id = p_runs[i]
                    union all (select run_id, 'chunk', key, null, data from {schema}.metric_chunks where run_id = p_runs[i] order by key, ordinal)
                    union all (select run_id, 'batch', null, null, data from {schema}.metric_batches m where run_id = p_runs[i] order by m.id)
                ) l;
        end if;
    end loop;
end $$;

-- As before (0004_logging.sql), but rows of a run that has none of their kind yet are written as new: its row is locked, so nobody else writes them, and
-- `on conflict` looks, marks and confirms each row besides writing it.
create or replace function log_to_runs(
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
    without_params uuid[] := '{}';
    without_metrics uuid[] := '{}';
begin
    for i in 1 .. cardinality(p_runs) loop
        update {schema}.runs r set revision = r.revision + p_writes[i] where r.id = p_runs[i]
        returning r.id, r.name, r.status, r.removed_at is not null, r.revision into run, run_name, run_status, is_removed, new_revision;
        if found then
            return next;
            if not is_removed then
                writable := writable || run;
                if cardinality(param_runs) > 0 and not exists (select from {schema}.run_params p where p.run_id = p_runs[i]) then
                    without_params := without_params || run;
                end if;
                if cardinality(batch_runs) > 0 and not exists (select from {schema}.latest_metrics l where l.run_id = p_runs[i]) then
                    without_metrics := without_metrics || run;
                end if;
            end if;
        end if;
    end loop;
    if cardinality(param_runs) > 0 then
        if cardinality(without_params) > 0 then
            insert into {schema}.run_params (run_id, key, value)
            select p.id, p.key, p.value from unnest(param_runs, param_keys, param_values) as p (id, key, value) where p.id = any(without_params);
        end if;
        if cardinality(without_params) < cardinality(writable) then
            for run, changed_key, old_value, new_value in
                select p.id, p.key, known.value, p.value from unnest(param_runs, param_keys, param_values) as p (id, key, value)
                cross join lateral (select r.value from {schema}.run_params r where r.run_id = p.id and r.key = p.key offset 0) known
                where known.value <> p.value and p.id = any(writable) and p.id <> all(without_params)
            loop
                return next;
                writable := array_remove(writable, run);
            end loop;
            insert into {schema}.run_params (run_id, key, value)
            select p.id, p.key, p.value from unnest(param_runs, param_keys, param_values) as p (id, key, value)
            where p.id = any(writable) and p.id <> all(without_params)
            on conflict do nothing;
        end if;
    end if;
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
            where n.id = any(without_metrics) and n.id = any(writable);
        end if;
        if cardinality(without_metrics) < cardinality(writable) then
            insert into {schema}.latest_metrics as l (run_id, key, value, step, at_ms, count, low, high)
            select n.id, n.key, n.value, n.step, n.at_ms, n.count, nullif(n.low, 'NaN'), nullif(n.high, 'NaN')
            from unnest(latest_runs, latest_keys, latest_values, latest_steps, latest_ms, latest_counts, latest_lows, latest_highs)
                as n (id, key, value, step, at_ms, count, low, high)
            where n.id = any(writable) and n.id <> all(without_metrics)
            on conflict (run_id, key) do update set
                count = l.count + excluded.count, low = least(l.low, excluded.low), high = greatest(l.high, excluded.high),
                value = case when (excluded.step, excluded.at_ms, excluded.value) > (l.step, l.at_ms, l.value) then excluded.value else l.value end,
                at_ms = case when (excluded.step, excluded.at_ms) > (l.step, l.at_ms) then excluded.at_ms else l.at_ms end,
                step = greatest(l.step, excluded.step);
        end if;
    end if;
end $$;
