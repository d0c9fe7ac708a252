-- Whoever comes by a link (infra/decisions/0030-links.md) runs statements as `assay_link`: a role that reads and does nothing else. `app.link_experiment` names
-- what the link shows, `app.link_run` the single run of it, if it shows no more. No policy but these lets it see a row: a table shows it nothing unless one says what.

create function link_shows(held_in text, shown text) returns void language plpgsql as $$
begin
    execute format('create policy link_see on {schema}.%I for select to assay_link using (%s and (%s))', held_in,
        $own$nullif(current_setting('app.tenant_id', true), '') = '{tenant}'$own$, shown);
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
end $do$;
