-- Whoever comes by a job token (infra/decisions/0036-job-tokens.md) runs statements as `assay_job`. `app.job_run` names the run that it logs to,
-- `app.job_experiment` the run's experiment. No policy but these lets it see or write a row, and it may change no table but those that it is granted to.

-- The tokens whose run still goes on: an end takes them, and nothing brings them back.
create table job_tokens (
    id uuid primary key,
    run_id uuid not null constraint job_tokens_run references runs on delete cascade
);
create index job_tokens_of_run on job_tokens (run_id);

create function end_job_tokens() returns trigger language plpgsql as $$
begin
    delete from {schema}.job_tokens k using {schema}.runs r where r.id = k.run_id and new.id in (r.id, r.experiment_id);
    return null;
end $$;
create trigger end_job_tokens after update of status, removed_at on runs for each row
    when (new.removed_at is not null or new.status not in ('RUNNING', 'SCHEDULED')) execute function end_job_tokens();
create trigger end_job_tokens after update of removed_at on experiments for each row
    when (new.removed_at is not null) execute function end_job_tokens();

do $do$
declare
    held record;
    tables constant oid[] := array(
        select d.objid from pg_depend d
        where d.refclassid = 'pg_namespace'::regclass and d.refobjid = '{schema}'::regnamespace and d.classid = 'pg_class'::regclass
    );
    own constant text := $$nullif(current_setting('app.tenant_id', true), '') = '{tenant}'$$;
    of_run constant text := 'run_id = (select current_setting(''app.job_run'')::uuid)';
    of_experiment constant text := 'experiment_id = (select current_setting(''app.job_experiment'')::uuid)';
begin
    perform {schema}.gate_by_project('job_tokens', 'runs', '{schema}.runs r join {schema}.experiments e on e.id = r.experiment_id where r.id = %1$I.run_id');
    -- As of links: it may ask every table, and sees what is said here.
    for held in select c.relname from pg_class c where c.oid = any (tables) and c.relkind = 'r' loop
        execute format('grant select on {schema}.%I to assay_job', held.relname);
    end loop;
    for held in select * from (values
        ('experiments', 'select', 'id = (select current_setting(''app.job_experiment'')::uuid)'),
        -- It neither removes its run nor moves it.
        ('runs', 'update', 'removed_at is null and id = (select current_setting(''app.job_run'')::uuid) and ' || of_experiment),
        ('run_params', 'insert, update', of_run),
        ('run_tags', 'insert, update', of_run),
        ('latest_metrics', 'insert, update', of_run),
        ('metric_batches', 'insert', of_run),
        ('metric_chunks', 'select', of_run),
        ('run_datasets', 'insert', of_run),
        -- One that another run of the experiment used is the same row.
        ('datasets', 'insert, update', of_experiment),
        ('run_models', 'select', of_run),
        ('artifacts', 'insert, update', of_run),
        ('artifact_uploads', 'insert, delete', of_run),
        -- What is stored once for all files with the same content: its digest and its size.
        ('blobs', 'insert, update', 'true'),
        -- Which of the run's files belong to a registered version, and do not change.
        ('model_versions', 'select', 'owner_run_id = (select current_setting(''app.job_run'')::uuid)'),
        ('job_tokens', 'delete', of_run),
        -- A point that names a logged model is the run's alone: it sees no model.
        ('logged_model_metrics', 'insert, update', 'false')
    ) as reached (name, change, rows) loop
        execute format('create policy job_reach on {schema}.%I to assay_job using (%s and (%s))', held.name, own, held.rows);
        execute format('grant %s on {schema}.%I to assay_job', held.change, held.name);
    end loop;
end $do$;
