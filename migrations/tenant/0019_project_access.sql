-- Who works in which project (infra/decisions/0023-project-access.md).

-- An open project is everybody's, as their roles say. A restricted one is there for its members, and for whoever may change the organization.
alter table projects add column access text not null default 'open' constraint projects_access check (access in ('open', 'restricted'));

-- What a member may do in a project beside what their roles say everywhere; in a restricted one, all that they may do there.
create table project_members (
    project_id uuid not null constraint project_members_project references projects (id) on delete cascade,
    member_id uuid not null,
    role text not null,
    added_by text not null,
    added_at timestamptz not null,
    primary key (project_id, member_id)
);
create index project_members_member on project_members (member_id);

-- Everybody whose roles let them read experiments may read a shared one, whatever its project.
alter table experiments add column shared_at timestamptz, add column shared_by text,
    add constraint experiments_shared check ((shared_at is null) = (shared_by is null));

-- Roles that the organization made, beside those that every organization has. What they may do stands in `role_permissions`.
create table roles (
    name text primary key,
    title text not null constraint roles_title unique,
    description text not null,
    created_by text not null,
    created_at timestamptz not null
);

insert into role_permissions (role, permission)
select role, permission from (values
    ('owner', 'projects:share'), ('admin', 'projects:share'), ('ml_engineer', 'projects:share'), ('owner', 'roles:write'), ('admin', 'roles:write')
) as r (role, permission)
where exists (select from role_permissions p where p.role = r.role)
on conflict do nothing;

-- What was decided, counted by the minute: who asked for which permission, and whether they had it. A refusal is in the audit log besides, entry by entry.
create table access_decisions (
    minute timestamptz not null,
    credential_id uuid not null,
    permission text not null,
    allowed boolean not null,
    actor text not null,
    actor_kind text not null,
    times bigint not null,
    primary key (minute, credential_id, permission, allowed)
);
create index access_decisions_actor on access_decisions (actor, minute desc);

-- Whoever does not work everywhere runs statements as `assay_part`, and `app.see_*` name the projects in which they may read a kind of thing (the nil UUID: what
-- is shared with everybody), `app.write` those in which the transaction may write. Everybody else's statements are planned without any of this.
--
-- Gates a table by project: the kind of thing its rows belong to, and how the experiment (`e`) is found that decides about a row (`%1$I`). Every table that a
-- project holds is gated by the file that makes it.
create function gate_by_project(held_in text, kind text, decides text) returns void language plpgsql as $$
declare
    own constant text := '((select current_user) <> ''assay_part'' or exists (select from %s and %s))';
    change constant text := 'e.project_id = any ((select current_setting(''app.write'')::uuid[])::uuid[])';
    see constant text := format('(e.project_id = any ((select current_setting(''app.see_%1$s'')::uuid[])::uuid[])'
        ' or e.shared_at is not null and ''00000000-0000-0000-0000-000000000000'' = any ((select current_setting(''app.see_%1$s'')::uuid[])::uuid[]))', kind);
    may_see constant text := format(own, format(decides, held_in), see);
    may_change constant text := format(own, format(decides, held_in), change);
begin
    -- Of a removal, `using` passes over what may not be seen; a trigger tells whoever tries to remove what may be seen and not changed.
    if held_in <> 'projects' then
        execute format('create policy project_rows on {schema}.%I as restrictive to assay_part using (%s) with check (%s)', held_in, may_see, may_change);
    else
        -- A new project belongs to nobody yet.
        execute format('create policy project_see on {schema}.projects as restrictive for select to assay_part using (%s)', may_see);
        execute format('create policy project_change on {schema}.projects as restrictive for update to assay_part using (%s) with check (%s)', may_see, may_change);
        execute format('create policy project_remove on {schema}.projects as restrictive for delete to assay_part using (%s)', may_see);
    end if;
    execute format($trigger$
        create function {schema}.%1$I() returns trigger language plpgsql as $body$
        begin
            if not exists (select from %2$s and %3$s) then
                raise exception 'row-level security policy "project_remove" of table "%4$s"' using errcode = '42501';
            end if;
            return old;
        end $body$;
        create trigger project_remove before delete on {schema}.%4$I for each row when (current_user = 'assay_part') execute function {schema}.%1$I();
    $trigger$, 'remove_of_' || held_in, format(decides, 'old'), change, held_in);
end $$;

do $do$
declare
    gate record;
    itself constant text := '(select %1$I.project_id, null::timestamptz as shared_at) e where true';
    of_experiment constant text := '{schema}.experiments e where e.id = %1$I.experiment_id';
    of_run constant text := '{schema}.runs r join {schema}.experiments e on e.id = r.experiment_id where r.id = %1$I.run_id';
    of_logged_model constant text := '{schema}.logged_models m join {schema}.experiments e on e.id = m.experiment_id where m.id = %1$I.model_id';
    of_file constant text := '{schema}.experiments e where e.id = coalesce((select r.experiment_id from {schema}.runs r where r.id = %1$I.run_id),'
        ' (select m.experiment_id from {schema}.logged_models m where m.id = %1$I.model_id))';
    of_model constant text := '(select m.project_id, null::timestamptz as shared_at from {schema}.registered_models m where m.id = %1$I.model_id) e where true';
    of_trace constant text := '{schema}.traces t join {schema}.experiments e on e.id = t.experiment_id where t.id = %1$I.trace_id';
    of_subject constant text := '{schema}.experiments e where e.id = coalesce(%1$I.experiment_id, (select r.experiment_id from {schema}.runs r where r.id = %1$I.run_id))';
    of_thread constant text := '{schema}.threads t join {schema}.experiments e'
        ' on e.id = coalesce(t.experiment_id, (select r.experiment_id from {schema}.runs r where r.id = t.run_id)) where t.id = %1$I.thread_id';
    of_comment constant text := '{schema}.comments c join {schema}.threads t on t.id = c.thread_id join {schema}.experiments e'
        ' on e.id = coalesce(t.experiment_id, (select r.experiment_id from {schema}.runs r where r.id = t.run_id)) where c.id = %1$I.comment_id';
begin
    for gate in select * from (values
        -- Whoever sees a shared experiment sees the name of its project.
        ('projects', 'experiments', '(select %1$I.id as project_id, (select max(s.shared_at) from {schema}.experiments s where s.project_id = %1$I.id) as shared_at) e where true'),
        ('project_members', 'experiments', itself),
        ('experiments', 'experiments', '(select %1$I.project_id, %1$I.shared_at) e where true'),
        ('experiment_tags', 'experiments', of_experiment),
        ('runs', 'runs', of_experiment),
        ('run_params', 'runs', of_run),
        ('run_tags', 'runs', of_run),
        ('latest_metrics', 'runs', of_run),
        ('metric_batches', 'runs', of_run),
        ('metric_chunks', 'runs', of_run),
        ('datasets', 'runs', of_experiment),
        ('run_datasets', 'runs', of_run),
        ('run_models', 'runs', of_run),
        ('traces', 'runs', of_experiment),
        ('trace_tags', 'runs', of_trace),
        ('trace_metadata', 'runs', of_trace),
        ('trace_spans', 'runs', of_trace),
        ('trace_runs', 'runs', of_trace),
        ('trace_assessments', 'runs', of_trace),
        ('artifacts', 'artifacts', of_file),
        ('artifact_uploads', 'artifacts', of_file),
        ('logged_models', 'models', of_experiment),
        ('logged_model_params', 'models', of_logged_model),
        ('logged_model_tags', 'models', of_logged_model),
        ('logged_model_metrics', 'models', of_logged_model),
        ('registered_models', 'models', itself),
        ('registered_model_tags', 'models', of_model),
        ('registered_model_aliases', 'models', of_model),
        ('model_versions', 'models', of_model),
        ('model_version_tags', 'models', of_model),
        ('threads', 'comments', of_subject),
        ('comments', 'comments', of_thread),
        ('comment_reactions', 'comments', of_comment)
    ) as gates (held_in, kind, decides) loop
        perform {schema}.gate_by_project(gate.held_in, gate.kind, gate.decides);
    end loop;
end $do$;

-- What somebody was told of, and may not see any more.
create policy project_see on notifications as restrictive for select to assay_part using (
    (select current_user) <> 'assay_part' or case left(subject_id, 4)
        when 'run_' then exists (select from runs r where r.id = substr(subject_id, 5)::uuid)
        when 'exp_' then exists (select from experiments e where e.id = substr(subject_id, 5)::uuid)
        else true
    end
);
