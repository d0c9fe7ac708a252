-- A table of many runs is counted from its index alone.
drop index runs_of_experiment;
create index runs_of_experiment on runs (experiment_id, started_ms desc, id) include (removed_at);
