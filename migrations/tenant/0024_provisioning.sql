-- What the organization's directory says of people and groups (SCIM, infra/decisions/0027-provisioning.md).

-- A member, or somebody who is invited to become one.
create table scim_users (
    -- The membership, also one that is to be.
    id uuid primary key,
    user_name text not null,
    external_id text,
    email text not null,
    given_name text not null,
    family_name text not null,
    formatted_name text not null,
    display_name text not null,
    active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index scim_users_user_name on scim_users (lower(user_name));
create index scim_users_external_id on scim_users (external_id) where external_id is not null;
create index scim_users_email on scim_users (lower(email));

create table scim_groups (
    id uuid primary key,
    display_name text not null,
    external_id text,
    -- What its members are here; null: nothing.
    role text constraint scim_groups_no_owners check (role <> 'owner'),
    version bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index scim_groups_display_name on scim_groups (lower(display_name));
create index scim_groups_external_id on scim_groups (external_id) where external_id is not null;

create table scim_group_members (
    group_id uuid not null constraint scim_group_members_group references scim_groups (id) on delete cascade,
    user_id uuid not null constraint scim_group_members_user references scim_users (id) on delete cascade,
    primary key (group_id, user_id)
);
create index scim_group_members_user on scim_group_members (user_id);

insert into role_permissions (role, permission)
select role, 'scim:write' from (values ('owner'), ('admin')) as r (role)
where exists (select from role_permissions p where p.role = r.role)
on conflict do nothing;
