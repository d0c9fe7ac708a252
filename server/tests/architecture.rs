//! Reads the sources and keeps the rules that the compiler cannot: who may import what, by file
//! name; no second door to the database; no cycles between slices.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("readable");
        // Rules are about the code, not about its tests and comments.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (name, lines.join("\n"))
    };
    found.into_iter().map(read).collect()
}

fn refuse(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn a_file_imports_only_what_its_name_allows() {
    let rules: [(&str, &[&str]); 6] = [
        ("model.rs", &["sea_orm", "async_graphql", "actix_web", "sqlx"]),
        ("service.rs", &["sea_orm", "async_graphql", "actix_web", "sqlx"]),
        ("repo.rs", &["async_graphql", "actix_web", "sqlx::"]),
        ("graphql.rs", &["sea_orm", "actix_web", "super::repo", "super::entity", "sqlx"]),
        ("jobs.rs", &["async_graphql", "actix_web", "crate::http", "crate::graphql", "crate::mlflow"]),
        ("error.rs", &["sea_orm", "async_graphql", "actix_web", "sqlx"]),
    ];
    let mut offences = Vec::new();
    for (name, code) in sources().into_iter().filter(|(name, _)| name.starts_with("features/")) {
        let file = name.rsplit('/').next().unwrap_or_default();
        for (kind, forbidden) in rules.iter().filter(|(kind, _)| file == *kind) {
            offences.extend(forbidden.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: a {kind} never imports {word}")));
        }
        if file == "entity.rs" && code.contains("crate::") {
            offences.push(format!("{name}: an entity imports nothing of ours"));
        }
    }
    refuse(offences);
}

#[test]
fn nothing_opens_a_second_door_to_the_database() {
    let words = [
        "DatabaseConnection",
        "DatabaseTransaction",
        "PgPool",
        "PgConnection",
        "Database::connect",
        "sqlx::query",
        "set_config",
        "from_sql_and_values",
        "Statement::",
    ];
    let mut offences = Vec::new();
    for (name, code) in sources().into_iter().filter(|(name, _)| !name.starts_with("access/")) {
        offences.extend(words.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: {word} belongs to access/")));
        if code.contains(".lobby()")
            && !["features/accounts/", "features/sessions/", "features/invitations/", "features/identity/"]
                .iter()
                .any(|slice| name.starts_with(slice))
        {
            offences.push(format!("{name}: only what comes before signing in opens the lobby"));
        }
        if code.contains(".dispatch()") && !name.starts_with("jobs/") {
            offences.push(format!("{name}: only jobs/ opens the queue"));
        }
        if code.contains(".enter_job(") && !["jobs/worker.rs", "commands/audit.rs"].contains(&name.as_str()) {
            offences.push(format!("{name}: only the worker and operators' commands enter a tenant without a credential"));
        }
        let control_plane =
            ["members/repo.rs", "identity/repo.rs", "invitations/repo.rs", "sign_in_policy/repo.rs", "tokens/entity.rs", "search/repo.rs"]
                .map(|file| format!("features/{file}"));
        if name.starts_with("features/") && code.contains("public.") && !control_plane.contains(&name) {
            offences.push(format!("{name}: a slice stays in its tenant's schema"));
        }
    }
    refuse(offences);
}

#[test]
fn edges_translate_and_features_do_not_know_them() {
    let mut offences = Vec::new();
    for (name, code) in sources() {
        let layer = name.split('/').next().unwrap_or_default();
        let forbidden: &[&str] = match layer {
            "features" if name.ends_with("graphql.rs") => &["crate::http", "crate::mlflow"],
            "features" => &["crate::http", "crate::mlflow", "crate::graphql"],
            "jobs" => &["crate::http", "crate::mlflow", "crate::graphql"],
            "access" => &["crate::http", "crate::mlflow", "crate::graphql", "crate::features"],
            "platform" | "config.rs" | "fault.rs" => {
                &["crate::http", "crate::mlflow", "crate::graphql", "crate::features", "crate::jobs", "crate::access"]
            }
            "graphql" | "mlflow" | "http" => &["sea_orm"],
            _ => &[],
        };
        offences.extend(forbidden.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: imports upwards or past a layer: {word}")));
    }
    refuse(offences);
}

/// What is in no table has no policy, and no test asks it.
#[test]
fn routes_are_mounted_from_the_tables_alone() {
    let words = [".service(", ".route(", ".configure(", "web::resource", "web::scope", "web::get", "web::post", "default_service"];
    let mounts = ["http/mod.rs", "http/routes.rs", "mlflow/mod.rs"];
    let mut offences = Vec::new();
    for (name, code) in sources().into_iter().filter(|(name, _)| !mounts.contains(&name.as_str())) {
        offences.extend(words.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: {word} mounts a route past the tables")));
    }
    refuse(offences);
}

#[test]
fn slices_have_no_cycles_and_keep_their_repos_to_themselves() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut offences = Vec::new();
    for (name, code) in sources().into_iter().filter(|(name, _)| name.starts_with("features/")) {
        let Some(slice) = name.split('/').nth(1).filter(|slice| !slice.ends_with(".rs")) else { continue };
        // What the API shows of another noun is not a dependency of the noun.
        if name.ends_with("graphql.rs") || name.contains("/graphql/") {
            continue;
        }
        for line in code.split("features::").skip(1) {
            let names = line.trim_start_matches('{');
            let end = if line.starts_with('{') {
                names.find('}').unwrap_or(names.len())
            } else {
                names.find([':', ';', ',', ')', ' ', '\n']).unwrap_or(names.len())
            };
            for other in names[..end]
                .split(',')
                .filter_map(|part| part.trim().split("::").next())
                .filter(|other| !other.is_empty() && *other != slice && *other != "page")
            {
                uses.entry(slice.to_owned()).or_default().insert(other.to_owned());
            }
        }
        if code.contains("::repo::")
            && code.contains("features::")
            && code.split("features::").skip(1).any(|part| part.split(';').next().is_some_and(|import| import.contains("::repo")))
        {
            offences.push(format!("{name}: another slice's repo"));
        }
    }
    fn reaches<'a>(uses: &'a BTreeMap<String, BTreeSet<String>>, from: &'a str, to: &str, seen: &mut BTreeSet<&'a str>) -> bool {
        seen.insert(from) && uses.get(from).is_some_and(|next| next.iter().any(|slice| slice == to || reaches(uses, slice, to, seen)))
    }
    for slice in uses.keys() {
        if reaches(&uses, slice, slice, &mut BTreeSet::new()) {
            offences.push(format!("features/{slice} is part of a cycle: {:?}", uses[slice]));
        }
    }
    refuse(offences);
}
