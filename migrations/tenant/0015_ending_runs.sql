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
