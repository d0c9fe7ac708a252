-- Which runs had the same params: by a fingerprint of each run's params, so that they are found by an index.

-- Whether a param is taken for a seed: runs that differ in nothing else repeat one another. The server has the same rule.
create function is_seed(key text) returns boolean language sql immutable as $$
    select key ~* '(^|[^a-z0-9])(seed|seeds|randomseed|fold|replicate|repetition)([^a-z0-9]|$)|random_state$'
$$;

-- The fingerprint of params, seeds aside; null without any. It is the exclusive or of a number for each param, so that the order does not matter and more can be
-- added. The server makes the same one (`features::runs::fingerprint`).
create function fingerprint_of(params jsonb) returns bigint language plpgsql immutable as $$
begin
    return (
        select nullif(bit_xor(('x' || encode(substr(sha256(convert_to(p.key || '=' || p.value, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint), 0)
        from jsonb_each_text(params) p where not {schema}.is_seed(p.key)
    );
end $$;

alter table run_params add column fingerprint bigint;
update run_params set fingerprint = fingerprint_of(params);
create index run_params_alike on run_params (fingerprint, run_id);

-- As in 0016, and params come with their fingerprint (zero: none of them counts).
drop function log_to_runs(
    timestamptz, uuid[], bigint[], uuid[], text[], uuid[], text[], text[], uuid[], integer[], bytea[],
    uuid[], text[], double precision[], bigint[], bigint[], bigint[], double precision[], double precision[]
);
create function log_to_runs(
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
        for i in 1 .. cardinality(writable) loop
            if not exists (select from {schema}.latest_metrics l where l.run_id = writable[i]) then
                without_metrics := without_metrics || writable[i];
            end if;
        end loop;
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

-- As in 0016, but all params come as one piece, the text of an object: a row for each is most of what a small run answers with.
create or replace function change_runs(p_runs uuid[], p_statuses text[], p_ends bigint[], p_names text[], p_logged boolean[], p_name_tag text)
returns setof {schema}.run_act
language plpgsql as $$
declare
    answer {schema}.run_act;
begin
    for i in 1 .. cardinality(p_runs) loop
        update {schema}.runs r set status = coalesce(nullif(p_statuses[i], ''), r.status), ended_ms = coalesce(nullif(p_ends[i], -1), r.ended_ms),
            name = coalesce(nullif(p_names[i], ''), r.name), revision = r.revision + 1
        where r.id = p_runs[i] and r.removed_at is null
        returning 'changed', r.id, r.experiment_id, (select e.is_default from {schema}.experiments e where e.id = r.experiment_id), r.name, r.user_name,
            r.created_by, r.status, r.started_ms, r.ended_ms, false, r.revision
        into answer;
        if not found then
            continue;
        end if;
        return next answer;
        if p_names[i] <> '' then
            insert into {schema}.run_tags (run_id, key, value) values (p_runs[i], p_name_tag, p_names[i])
            on conflict (run_id, key) do update set value = excluded.value;
        end if;
        if p_logged[i] then
            return query
                select 'changed', p_runs[i], null::uuid, null::boolean, null, null, null, null, null::bigint, null::bigint, null::boolean, null::bigint, l.piece, l.key, l.value, l.data
                from (
                    select 'params' as piece, null::text as key, r.params::text as value, null::bytea as data from {schema}.run_params r where r.run_id = p_runs[i]
                    union all select 'tag', t.key, t.value, null from {schema}.run_tags t where t.run_id = p_runs[i]
                    union all (select 'chunk', c.key, null, c.data from {schema}.metric_chunks c where c.run_id = p_runs[i] order by c.key, c.ordinal)
                    union all (select 'batch', null, null, m.data from {schema}.metric_batches m where m.run_id = p_runs[i] order by m.id)
                ) l;
        end if;
    end loop;
end $$;
