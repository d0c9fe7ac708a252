-- What members chose for themselves: which columns of a table they see, and how wide those are. A member has a row for each thing they chose.

create table member_preferences (
    member_id uuid not null,
    key text not null,
    value jsonb not null,
    changed_at timestamptz not null,
    primary key (member_id, key)
);
