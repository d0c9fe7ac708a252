//! The database's changes, one file a change, in order. `control/` builds the public schema,
//! `tenant/` builds every tenant's schema. Files are never edited once released: a change is a new
//! file that only adds (expand), and a later one that removes (contract).

/// One change: its name, which is recorded once it has been applied, and its SQL.
pub struct Migration {
    /// The file's name without its ending.
    pub name: &'static str,
    /// The statements, run in one transaction. In tenant files `{schema}` stands for the tenant's
    /// schema and `{tenant}` for its UUID.
    pub sql: &'static str,
}

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(Migration { name: $name, sql: include_str!(concat!("../", $folder, "/", $name, ".sql")) }),*]
    };
}

/// Changes of the public schema.
pub const CONTROL: &[Migration] = files!(
    "control": "0001_core", "0003_sign_in_policies", "0004_single_sign_on", "0005_sign_in_places", "0006_fire_times", "0007_troubled_jobs",
    "0008_second_factors", "0009_provisioning", "0010_links", "0011_closing", "0012_job_traces", "0013_service_accounts",
    "0014_job_tokens", "0015_support", "0016_storage_quotas",
);

/// Changes of every tenant's schema.
pub const TENANT: &[Migration] = files!(
    "tenant": "0001_core", "0002_tracking", "0003_models", "0004_logging", "0005_projects", "0006_traces", "0007_comments", "0008_notifications",
    "0009_identity", "0012_compare", "0014_imports", "0015_ending_runs", "0016_writing_runs", "0018_preferences", "0019_project_access",
    "0020_run_table", "0022_templates", "0023_similar_runs", "0024_provisioning", "0025_slack", "0026_links", "0030_service_accounts",
    "0031_farewell", "0032_epochs", "0033_fewer_policies", "0034_experiment_templates", "0035_job_tokens", "0036_storage", "0037_logging_to_runs",
    "0038_fewer_statements", "0039_quiet_tables",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_tenant_files_name_no_schema() {
        for list in [CONTROL, TENANT] {
            assert!(list.is_sorted_by_key(|migration| migration.name));
        }
        for migration in TENANT {
            // What may be done in the organization has an epoch, which stands in its own row there.
            let sql = migration.sql.replace("from public.tenants t where t.id = '{tenant}'", "");
            assert!(!sql.contains("public."), "{} reaches out of the tenant's schema", migration.name);
        }
    }
}
