-- What people say about experiments, runs and single points of a metric.

create table threads (
    id uuid primary key,
    experiment_id uuid constraint threads_experiment references experiments (id) on delete cascade,
    run_id uuid constraint threads_run references runs (id) on delete cascade,
    subject_id uuid not null generated always as (coalesce(run_id, experiment_id)) stored,
    -- The point of a run's metric that it is about, if it is about one.
    metric_key text,
    metric_step bigint,
    created_at timestamptz not null,
    resolved_at timestamptz,
    resolved_by text,
    constraint threads_one_subject check (num_nonnulls(experiment_id, run_id) = 1),
    constraint threads_point check ((metric_key is null) = (metric_step is null) and (metric_key is null or run_id is not null))
);
create index threads_of_subject on threads (subject_id, id desc);
create index threads_experiment on threads (experiment_id) where experiment_id is not null;
create index threads_run on threads (run_id) where run_id is not null;

-- A comment that was removed keeps its place without its text. `mention_words` are the words after each @, `mention_members` whom they mean.
create table comments (
    id uuid primary key,
    thread_id uuid not null references threads (id) on delete cascade,
    author_id uuid not null,
    author text not null,
    body text not null,
    mention_words text[] not null,
    mention_members uuid[] not null,
    created_at timestamptz not null,
    edited_at timestamptz,
    removed_at timestamptz,
    constraint comments_removed check (removed_at is null or body = ''),
    constraint comments_mentions check (cardinality(mention_words) = cardinality(mention_members))
);
create index comments_of_thread on comments (thread_id, id);

create table comment_reactions (
    comment_id uuid not null references comments (id) on delete cascade,
    kind text not null check (kind in ('thumbs_up', 'heart', 'rocket', 'eyes')),
    member_id uuid not null,
    member text not null,
    at timestamptz not null,
    primary key (comment_id, kind, member_id)
);

-- Roles of organizations that are there already: who reads runs reads what is said of them; everybody but a viewer may say something. A new
-- organization gets its rows when it is founded, after this file.
insert into role_permissions (role, permission)
select distinct role, 'comments:read' from role_permissions where permission = 'runs:read'
union all
select distinct role, 'comments:write' from role_permissions where permission = 'runs:read' and role <> 'viewer';
