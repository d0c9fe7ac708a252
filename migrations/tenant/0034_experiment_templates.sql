-- An experiment, too, is what colleagues start from: a template is of a run or of an experiment. An experiment that was started from one carries the tag
-- assay.template, as a run does.

alter table templates
    alter column run_id drop not null,
    add column experiment_id uuid constraint templates_experiment references experiments (id) on delete cascade,
    add constraint templates_origin check (num_nonnulls(run_id, experiment_id) = 1);
create unique index templates_of_experiment on templates (experiment_id) where removed_at is null;
create index experiments_started_from on experiment_tags (left(value, 200)) where key = 'assay.template';
