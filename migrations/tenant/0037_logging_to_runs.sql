-- As in 0023, but that a run has no metrics yet is known by its revision, and not asked for once more with a statement for each run.
create or replace function log_to_runs(
    p_at timestamptz, p_runs uuid[], p_writes bigint[],
    param_runs uuid[], param_sets text[], param_marks bigint[],
    tag_runs uuid[], tag_keys text[], tag_values text[],
    batch_runs uuid[], batch_points integer[], batch_data bytea[],
    latest_runs uuid[], latest_keys text[], latest_values double precision[], latest_steps bigint[], latest_ms bigint[],
    latest_counts bigint[], latest_lows double precision[], latest_highs double precision[]
) returns setof {schema}.run_act
language plpgsql as $$
declare
    answer {schema}.run_act;
    writable uuid[] := '{}';
    without_metrics uuid[] := '{}';
    known jsonb;
    wanted jsonb;
begin
    answer.act := 'logged';
    for i in 1 .. cardinality(p_runs) loop
        update {schema}.runs r set revision = r.revision + p_writes[i] where r.id = p_runs[i]
        returning r.id, r.name, r.status, r.removed_at is not null, r.revision into answer.id, answer.name, answer.status, answer.removed, answer.revision;
        if found then
            return next answer;
            if not answer.removed then
                writable := writable || answer.id;
                -- Whoever writes a metric raises the revision.
                if answer.revision = p_writes[i] then
                    without_metrics := without_metrics || answer.id;
                end if;
            end if;
        end if;
    end loop;
    answer.piece := 'param';
    for i in 1 .. cardinality(param_runs) loop
        if param_runs[i] = any(writable) then
            wanted := param_sets[i]::jsonb;
            select r.params into known from {schema}.run_params r where r.run_id = param_runs[i];
            if not found then
                insert into {schema}.run_params (run_id, params, fingerprint) values (param_runs[i], wanted, nullif(param_marks[i], 0));
            else
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
