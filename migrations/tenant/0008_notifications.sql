-- What members are told, and how they want to be told.

create table notifications (
    id uuid primary key,
    member_id uuid not null,
    kind text not null check (kind in ('mention', 'reply', 'resolve')),
    actor text not null,
    subject_id text not null,
    subject_name text not null,
    path text not null,
    quote text not null,
    at timestamptz not null,
    -- Null while it waits to be read; of one that is only mailed, when it was written.
    read_at timestamptz,
    -- Null while it waits to be mailed; of one that is not mailed, when it was written.
    mailed_at timestamptz,
    in_app boolean not null
);
create index notifications_of_member on notifications (member_id, id desc) where in_app;
create index notifications_unread on notifications (member_id, id desc) where in_app and read_at is null;
create index notifications_to_mail on notifications (member_id, id) where mailed_at is null;

-- Who chose nothing has no row, and is told in the app and by mail.
create table notification_preferences (
    member_id uuid not null,
    kind text not null check (kind in ('mention', 'reply', 'resolve')),
    in_app boolean not null,
    mail boolean not null,
    primary key (member_id, kind)
);
