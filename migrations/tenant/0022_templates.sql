-- Runs that colleagues start from. A run carries the tag assay.template with the id of what it was started from.

create table templates (
    id uuid primary key,
    run_id uuid not null constraint templates_run references runs (id) on delete cascade,
    -- The project of the run's experiment.
    project_id uuid not null constraint templates_project references projects (id),
    name text not null,
    description text not null,
    created_by text not null,
    created_at timestamptz not null,
    removed_at timestamptz
);
create unique index templates_of_run on templates (run_id) where removed_at is null;
create unique index templates_name on templates (project_id, name) where removed_at is null;
create index templates_of_project on templates (project_id, id desc) where removed_at is null;

select {schema}.gate_by_project('templates', 'runs', '(select %1$I.project_id, null::timestamptz as shared_at) e where true');
