-- Comparisons that somebody saved under a name, for everybody in the organization: what is compared, not what came of it.

create table saved_comparisons (
    id uuid primary key,
    name text not null constraint saved_comparisons_name unique,
    -- The parameters of the page's address, as JSON.
    wish text not null,
    created_by text not null,
    created_at timestamptz not null
);
