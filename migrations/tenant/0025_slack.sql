-- Channels of Slack in which the organization and its members are told.

-- An incoming webhook. Its address is a secret: it is kept sealed, and of it only the last characters are shown.
create table slack_connections (
    id uuid primary key,
    -- Null: the organization's own.
    member_id uuid,
    label text not null,
    address bytea not null,
    hint text not null,
    -- What the organization's channel is told of.
    posts text[] not null,
    connected_by uuid not null,
    connected_by_name text not null,
    connected_at timestamptz not null,
    -- Null while it works.
    broken_at timestamptz,
    broken_reason text,
    -- Slack asked to wait, or was away.
    quiet_until timestamptz,
    posted_at timestamptz,
    constraint slack_connections_broken check ((broken_at is null) = (broken_reason is null)),
    constraint slack_connections_one unique nulls not distinct (member_id)
);

-- What is to be posted, or was: each thing once in a channel. What was posted has lost its text and is kept to be known again.
create table slack_messages (
    id uuid primary key,
    connection_id uuid not null references slack_connections (id) on delete cascade,
    key text not null,
    content jsonb not null,
    at timestamptz not null,
    posted_at timestamptz,
    failed_at timestamptz,
    constraint slack_messages_once unique (connection_id, key)
);
create index slack_messages_ended on slack_messages (connection_id, at) where posted_at is not null or failed_at is not null;

-- Who chose something chose nothing about Slack yet: it is as with mail there.
alter table notification_preferences add column slack boolean;
update notification_preferences set slack = kind <> 'resolve';
alter table notification_preferences alter column slack set not null;

alter table notifications drop constraint notifications_kind_check;
alter table notifications add constraint notifications_kind_check check (kind in ('mention', 'reply', 'resolve', 'disconnect'));
