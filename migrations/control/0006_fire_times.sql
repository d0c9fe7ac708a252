-- A schedule fires once for a time: the key of such a job begins with `at ` and stays taken when the job is done.
create unique index jobs_fire_time on public.jobs (kind, dedupe_key) where dedupe_key like 'at %';
