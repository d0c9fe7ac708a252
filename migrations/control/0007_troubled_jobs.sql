-- Jobs that failed for good or crashed their workers are counted for monitoring all the time; there are few of them among many that are done.
create index jobs_troubled on public.jobs (state) where state in ('failed', 'quarantined');
