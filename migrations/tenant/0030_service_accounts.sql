-- What there is to say of a service account beside what it has as a member (infra/decisions/0031-service-accounts.md).

create table service_accounts (
    -- The membership.
    id uuid primary key,
    description text not null,
    created_by text not null
);

insert into role_permissions (role, permission)
select r.role, w.permission from (values ('owner'), ('admin')) as r (role), (values ('service_accounts:read'), ('service_accounts:write')) as w (permission)
where exists (select from role_permissions p where p.role = r.role)
on conflict do nothing;

-- Whether a service account started the run.
alter table runs add column by_service boolean not null default false;

-- As in 0016, with who starts them: whoever does not say so is no service account.
drop function create_runs(timestamptz, text, uuid[], uuid[], text[], text[], bigint[], boolean[], uuid[], uuid[], text[], text[]);
create function create_runs(
    p_at timestamptz, p_by text, p_ids uuid[], p_experiments uuid[], p_names text[], p_users text[], p_starts bigint[], p_anywhere boolean[], p_projects uuid[],
    tag_runs uuid[], tag_keys text[], tag_values text[], p_by_service boolean default false
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
            insert into {schema}.runs (id, experiment_id, name, user_name, created_by, by_service, status, started_ms, created_at)
            values (p_ids[i], answer.experiment_id, p_names[i], p_users[i], p_by, p_by_service, 'RUNNING', p_starts[i], p_at);
            insert into {schema}.run_tags (run_id, key, value)
            select t.id, t.key, t.value from unnest(tag_runs, tag_keys, tag_values) as t (id, key, value) where t.id = p_ids[i];
        end if;
        return next answer;
    end loop;
end $$;
