-- Whoever comes by a link (infra/decisions/0030-links.md) runs statements as `assay_link`: a role that reads and does nothing else. `app.link_experiment` names
-- what the link shows, `app.link_run` the single run of it, if it shows no more. A table shows it nothing unless a policy says what, and every table that comes
-- later is closed to it when it is made.

create function link_shows(held_in text, shown text) returns void language plpgsql as $$
begin
    execute format('create policy link_see on {schema}.%I as restrictive for select to assay_link using (%s)', held_in, shown);
    execute format('grant select on {schema}.%I to assay_link', held_in);
end $$;

do $do$
declare
    held_in text;
    of_experiment constant text := 'experiment_id = (select current_setting(''app.link_experiment'')::uuid)';
    of_run constant text := 'exists (select from {schema}.runs r where r.id = %I.run_id)';
    own_run constant text := '((select current_setting(''app.link_run'')) = '''' or id = (select nullif(current_setting(''app.link_run''), '''')::uuid))';
begin
    perform {schema}.link_shows('experiments', 'removed_at is null and id = (select current_setting(''app.link_experiment'')::uuid)');
    -- What is removed is not shown, nor what belongs to a removed experiment.
    perform {schema}.link_shows('runs', 'removed_at is null and ' || of_experiment || ' and ' || own_run
        || ' and exists (select from {schema}.experiments e where e.id = experiment_id)');
    foreach held_in in array array['run_params', 'run_tags', 'latest_metrics', 'metric_batches', 'metric_chunks', 'run_datasets'] loop
        perform {schema}.link_shows(held_in, format(of_run, held_in));
    end loop;
    perform {schema}.link_shows('datasets', 'exists (select from {schema}.run_datasets d where d.dataset_id = datasets.id)');
    for held_in in
        select c.relname::text from pg_class c
        where c.relnamespace = '{schema}'::regnamespace and c.relkind = 'r'
            and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'link_see')
    loop
        perform {schema}.link_shows(held_in, 'false');
    end loop;
end $do$;

grant usage on schema {schema} to assay_link;
