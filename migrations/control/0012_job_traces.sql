-- The trace that a job goes on with (W3C `traceparent`): of the request that asked for it. Null: nobody traced it, or it was written before.
alter table public.jobs add column traceparent text;
