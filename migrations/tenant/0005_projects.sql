-- Names belong to a project, not to the organization. A client of MLflow calls a project a workspace and knows it by its slug.

alter table projects add column slug text, add column description text not null default '';
update projects p set slug = case
    when p.is_default then 'default'
    when s.place = 1 and s.slug ~ '^[a-z][a-z0-9-]+$' and s.slug <> 'default' then s.slug
    else 'project-' || replace(p.id::text, '-', '') end
from (
    select id, slug, row_number() over (partition by slug order by created_at, id) as place
    from (select id, created_at, trim(both '-' from left(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), 40)) as slug from projects) named
) s where s.id = p.id;
alter table projects alter column slug set not null, add constraint projects_slug unique (slug);
create unique index projects_one_default on projects (is_default) where is_default;

alter table experiments drop constraint experiments_name, add constraint experiments_name unique (project_id, name);
create index experiments_of_project on experiments (project_id, created_at desc, id);

alter table registered_models add column project_id uuid constraint registered_models_project references projects (id);
update registered_models set project_id = (select id from projects where is_default);
alter table registered_models alter column project_id set not null,
    drop constraint registered_models_name, add constraint registered_models_name unique (project_id, name);
create index registered_models_by_name on registered_models (name, id);

-- A prompt is a version without files: its text is a tag.
alter table model_versions drop constraint model_versions_one_owner,
    add constraint model_versions_one_owner check (num_nonnulls(owner_run_id, owner_model_id) <= 1);

-- Files that come in parts. The parts lie in the object store, each under its number; nothing of an upload is an artifact until it is completed.
create table artifact_uploads (
    id uuid primary key,
    run_id uuid constraint artifact_uploads_run references runs (id) on delete cascade,
    model_id uuid constraint artifact_uploads_model references logged_models (id) on delete cascade,
    path text collate "C" not null,
    parts integer not null check (parts > 0),
    created_by text not null,
    created_at timestamptz not null,
    constraint artifact_uploads_one_owner check (num_nonnulls(run_id, model_id) = 1)
);
create index artifact_uploads_run_id on artifact_uploads (run_id);
create index artifact_uploads_model_id on artifact_uploads (model_id);
