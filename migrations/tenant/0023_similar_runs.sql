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

-- The fingerprint of params, seeds aside; null without any. The order of the keys does not matter. The hash is the one that partitions by hash are kept by, so
-- that it is the same after an upgrade of the database.
create function fingerprint_of(params jsonb) returns bigint language plpgsql immutable as $$
begin
    return (select bit_xor(hashtextextended(p.key || '=' || p.value, 0)) from jsonb_each_text(params) p where not {schema}.is_seed(p.key));
end $$;

create function keep_fingerprints(p_runs uuid[]) returns void language sql as $$
    insert into {schema}.run_fingerprints (run_id, fingerprint)
    select f.run_id, f.fingerprint
    from (select p.run_id, {schema}.fingerprint_of(p.params) as fingerprint from {schema}.run_params p where p.run_id = any(p_runs) offset 0) f
    where f.fingerprint is not null
    on conflict (run_id) do update set fingerprint = excluded.fingerprint
$$;

select keep_fingerprints(array_agg(id)) from runs where status = 'FINISHED';

-- What finishes leaves its fingerprint. (One run at a time, with plans that are kept: this is on the path of every run.)
create function keep_own_fingerprint() returns trigger language plpgsql as $$
declare
    mark bigint := {schema}.fingerprint_of((select p.params from {schema}.run_params p where p.run_id = new.id));
begin
    if mark is not null then
        insert into {schema}.run_fingerprints (run_id, fingerprint) values (new.id, mark)
        on conflict (run_id) do update set fingerprint = excluded.fingerprint;
    end if;
    return null;
end $$;
create trigger keep_fingerprint after update of status on runs for each row when (new.status = 'FINISHED') execute function keep_own_fingerprint();
