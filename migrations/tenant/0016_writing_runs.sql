-- What loggers ask for in one call, in as few rows as it takes (infra/decisions/0005-group-commit.md).

-- Keys are compared byte by byte: quicker than by a language's rules, and the same whatever language the database was made with.
alter table run_tags alter column key type text collate "C";
alter table latest_metrics alter column key type text collate "C";
alter table metric_chunks alter column key type text collate "C";
alter table audit_entries
    alter column actor type text collate "C", alter column action type text collate "C", alter column subject_id type text collate "C";

-- All params of a run are one row: they are written once, together as a rule, and read together. A row a param was two thirds of what Postgres wrote for a run.
create table params_of_runs (
    run_id uuid primary key,
    -- Key to value, both text.
    params jsonb not null
);
insert into params_of_runs select run_id, jsonb_object_agg(key, value) from run_params group by run_id;
drop table run_params;
alter table params_of_runs rename to run_params;
alter index params_of_runs_pkey rename to run_params_pkey;

-- What the functions below answer. `act` says which of them; what each fills in stands there.
create type run_act as (
    act text, id uuid, experiment_id uuid, is_default boolean, name text, user_name text, created_by text, status text, started_ms bigint, ended_ms bigint,
    removed boolean, revision bigint, piece text, piece_key text, piece_value text, piece_data bytea
);

-- Creates runs, in order, with their tags. Answers for each a row `created`: its experiment, whether that is the default one, and whether it is removed, in which
-- case there is no run. Without `experiment_id` there is no such experiment in reach. The nil UUID stands for the default experiment and the default project.
create function create_runs(
    p_at timestamptz, p_by text, p_ids uuid[], p_experiments uuid[], p_names text[], p_users text[], p_starts bigint[], p_anywhere boolean[], p_projects uuid[],
    tag_runs uuid[], tag_keys text[], tag_values text[]
) returns setof {schema}.run_act
language plpgsql as $$
declare
    nil constant uuid := '00000000-0000-0000-0000-000000000000';
    answer {schema}.run_act;
begin
    answer.act := 'created';
    for i in 1 .. cardinality(p_ids) loop
        answer.id := p_ids[i];
        select e.id, e.is_default, e.removed_at is not null into answer.experiment_id, answer.is_default, answer.removed from {schema}.experiments e
        where e.id = case when p_experiments[i] = nil then (select d.id from {schema}.experiments d where d.is_default) else p_experiments[i] end
            and (p_anywhere[i] or e.project_id = case when p_projects[i] = nil then (select d.id from {schema}.projects d where d.is_default) else p_projects[i] end);
        if found and not answer.removed then
            insert into {schema}.runs (id, experiment_id, name, user_name, created_by, status, started_ms, created_at)
            values (p_ids[i], answer.experiment_id, p_names[i], p_users[i], p_by, 'RUNNING', p_starts[i], p_at);
            insert into {schema}.run_tags (run_id, key, value)
            select t.id, t.key, t.value from unnest(tag_runs, tag_keys, tag_values) as t (id, key, value) where t.id = p_ids[i];
        end if;
        return next answer;
    end loop;
end $$;

-- Logs to runs: `p_runs` names each once, in the order of the ids, so that no two calls wait for each other, with the number of writes it gets.
-- Of the other lists, those whose names begin alike belong together. Params of a run come once, as the text of an object; a run and a key come once among
-- the tags and once among the latest values.
--
-- Answers a row `logged` for each run that exists. A run that is removed gets nothing. A run whose params would change another value gets nothing either,
-- and a second row with the key and the value that is there. Rows of a run that has none of their kind yet are written as new: its row is locked, so nobody
-- else writes them, and `on conflict` looks, marks and confirms each row besides writing it.
drop function log_to_runs(
    timestamptz, uuid[], bigint[], uuid[], text[], text[], uuid[], text[], text[], uuid[], integer[], bytea[],
    uuid[], text[], double precision[], bigint[], bigint[], bigint[], double precision[], double precision[]
);
create function log_to_runs(
    p_at timestamptz, p_runs uuid[], p_writes bigint[],
    param_runs uuid[], param_sets text[],
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
                insert into {schema}.run_params (run_id, params) values (param_runs[i], wanted);
            else
                answer.id := param_runs[i];
                for answer.piece_key, answer.piece_value in
                    select n.key, known ->> n.key from jsonb_each_text(wanted) n where known ->> n.key <> n.value order by n.key collate "C"
                loop
                    return next answer;
                    writable := array_remove(writable, answer.id);
                end loop;
                if answer.id = any(writable) and not known @> wanted then
                    update {schema}.run_params r set params = known || wanted where r.run_id = answer.id;
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

-- Changes runs, each named once, in the order of the ids: where a text is empty or an end is -1, what is there stays. A new name is also the tag
-- that clients know it by. Answers a row `changed` for each run as it is then (those that do not exist or are removed are left out) and, for those with
-- `p_logged`, after it a row for each piece of what it logged: `piece` says which.
drop function change_runs(uuid[], text[], bigint[], text[], boolean[], text);
create function change_runs(p_runs uuid[], p_statuses text[], p_ends bigint[], p_names text[], p_logged boolean[], p_name_tag text)
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
                    select 'param' as piece, p.key, p.value, null::bytea as data from {schema}.run_params r, jsonb_each_text(r.params) p where r.run_id = p_runs[i]
                    union all select 'tag', t.key, t.value, null from {schema}.run_tags t where t.run_id = p_runs[i]
                    union all (select 'chunk', c.key, null, c.data from {schema}.metric_chunks c where c.run_id = p_runs[i] order by c.key, c.ordinal)
                    union all (select 'batch', null, null, m.data from {schema}.metric_batches m where m.run_id = p_runs[i] order by m.id)
                ) l;
        end if;
    end loop;
end $$;
