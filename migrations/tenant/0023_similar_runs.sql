-- Which finished runs had the same params: by a fingerprint that is kept when a run finishes, so that they are found by an index.

create table run_fingerprints (
    run_id uuid primary key,
    fingerprint bigint not null
);
create index run_fingerprints_alike on run_fingerprints (fingerprint, run_id);
select {schema}.gate_by_project('run_fingerprints', 'runs', '{schema}.runs r join {schema}.experiments e on e.id = r.experiment_id where r.id = %1$I.run_id');

-- Whether a param is taken for a seed: runs that differ in nothing else repeat one another. The server has the same rule.
create function is_seed(key text) returns boolean language sql immutable as $$
    select key ~* '(^|[^a-z0-9])(seed|seeds|randomseed|fold|replicate|repetition)([^a-z0-9]|$)|random_state$'
$$;

-- The fingerprint of params, seeds aside; null without any. The text of a jsonb is the same whatever order its keys came in.
create function fingerprint_of(params jsonb) returns bigint language sql immutable as $$
    select ('x' || left(md5(jsonb_object_agg(p.key, p.value)::text), 16))::bit(64)::bigint from jsonb_each(params) p where not {schema}.is_seed(p.key)
$$;

create function keep_fingerprints(p_runs uuid[]) returns void language sql as $$
    insert into {schema}.run_fingerprints (run_id, fingerprint)
    select f.run_id, f.fingerprint
    from (select p.run_id, {schema}.fingerprint_of(p.params) as fingerprint from {schema}.run_params p where p.run_id = any(p_runs) offset 0) f
    where f.fingerprint is not null
    on conflict (run_id) do update set fingerprint = excluded.fingerprint
$$;

select keep_fingerprints(array_agg(id)) from runs where status = 'FINISHED';

-- As before (0016_writing_runs.sql), and what finishes leaves its fingerprint.
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
        if p_statuses[i] = 'FINISHED' then
            perform {schema}.keep_fingerprints(array[p_runs[i]]);
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
