//! Reads the sources and keeps the rules that the compiler cannot: who may import what, by file
//! name; no second door to the database; no cycles between slices.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Every Rust file below a folder of the workspace.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// Names and code of the server's files. Rules are about the code, not about its tests and comments.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        (name, code(&fs::read_to_string(&path).expect("readable")))
    };
    rust_files(&root).into_iter().map(read).collect()
}

/// A file's text without comments and without what is compiled for tests only; what follows that counts.
fn code(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")).unwrap_or_default();
        if !item.ends_with([';', '}']) {
            lines.by_ref().find(|line| *line == format!("{indent}}}"));
        }
    }
    kept.join("\n")
}

/// Which rule a file of a slice is under: the one of its name, or of the file whose folder it lies in. Whatever else a noun is made of is under the rule
/// of use cases.
fn kind(name: &str) -> &str {
    // Fragments of statements that several repos are made of; pages of lists as the API shows them.
    match name {
        "features/filter/sql.rs" | "features/filter/keyset.rs" => return "repo",
        "features/page.rs" => return "graphql",
        _ => {}
    }
    let file = name.split('/').nth(2).unwrap_or("mod.rs").trim_end_matches(".rs");
    if ["mod", "model", "repo", "entity", "graphql", "jobs", "error"].contains(&file) { file } else { "service" }
}

fn refuse(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn what_is_compiled_for_tests_alone_is_no_code_and_what_follows_is() {
    let text = "a\n#[cfg(test)]\nmod golden;\nb\n// c\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn d() {\n    }\n}\ne";
    assert_eq!(code(text), "a\nb\ne");
}

#[test]
fn a_file_imports_only_what_its_name_allows() {
    const EDGES: [&str; 4] = ["crate::http", "crate::graphql", "crate::mlflow", "crate::scim"];
    const PLAIN: [&str; 4] = ["sea_orm", "async_graphql", "actix_web", "sqlx"];
    let mut offences = Vec::new();
    let mut kinds = BTreeSet::new();
    for (name, code) in sources().into_iter().filter(|(name, _)| name.starts_with("features/")) {
        let kind = kind(&name);
        kinds.insert(kind.to_owned());
        let forbidden: Vec<&str> = match kind {
            "model" => [&PLAIN[..], &["repo::", "entity::"]].concat(),
            "repo" => vec!["async_graphql", "actix_web", "sqlx::"],
            "entity" => vec!["crate::", "super::", "shared::", "async_graphql", "actix_web"],
            "graphql" => vec!["sea_orm", "actix_web", "sqlx", "super::repo", "super::entity", "repo::", "entity::"],
            "jobs" => [&PLAIN[..], &EDGES].concat(),
            "mod" | "service" | "error" => PLAIN.to_vec(),
            other => panic!("{name}: no rule for {other}"),
        };
        offences.extend(forbidden.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: a {kind} never imports {word}")));
        let shown = |line: &&str| ["repo", "entity"].iter().any(|file| line.ends_with(&format!(" mod {file};")) && line.starts_with("pub"));
        offences.extend(code.lines().map(str::trim).filter(shown).map(|line| format!("{name}: `{line}`: a slice keeps it to itself")));
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
    refuse(offences);
}

#[test]
fn a_file_that_grows_past_400_lines_asks_for_a_second_noun() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut offences = Vec::new();
    for folder in ["server", "app", "shared", "migrations"] {
        let files = rust_files(&workspace.join(folder));
        assert!(!files.is_empty(), "{folder}");
        for file in files {
            let lines = fs::read_to_string(&file).expect("readable").lines().count();
            if lines > 400 {
                offences.push(format!("{}: {lines} lines", file.strip_prefix(workspace).expect("inside").display()));
            }
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
            && ![
                "features/accounts/",
                "features/sessions/",
                "features/invitations/",
                "features/closing/",
                "features/identity/",
                "features/second_factor/",
                "features/second_step/",
                "features/storage/operator.rs",
                "features/storage/repo.rs",
                "features/support/",
            ]
            .iter()
            .any(|slice| name.starts_with(slice))
        {
            offences.push(format!("{name}: only what comes before signing in, or ends it for all, opens the lobby"));
        }
        if code.contains(".begin_erasure(") && name != "features/closing/jobs.rs" {
            offences.push(format!("{name}: only the job that an owner asked for erases"));
        }
        if code.contains(".dispatch()") && !name.starts_with("jobs/") {
            offences.push(format!("{name}: only jobs/ opens the queue"));
        }
        if code.contains(".enter_job(") && !["jobs/worker.rs", "commands/audit.rs", "commands/quota.rs"].contains(&name.as_str()) {
            offences.push(format!("{name}: only the worker and operators' commands enter a tenant without a credential"));
        }
        let control_plane = [
            "members/repo.rs",
            "roles/repo.rs",
            "links/repo.rs",
            "sharing/repo.rs",
            "identity/repo.rs",
            "invitations/repo.rs",
            "job_tokens/repo.rs",
            "sign_in_policy/repo.rs",
            "tokens/entity.rs",
            "search/repo.rs",
            "scim/repo/users.rs",
            "scim/repo/groups.rs",
            "closing/repo.rs",
            "service_accounts/repo.rs",
            "support/repo.rs",
            "exports/repo/kinds.rs",
        ]
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
            "features" if kind(&name) == "graphql" => &["crate::http", "crate::mlflow", "crate::scim"],
            "features" => &["crate::http", "crate::mlflow", "crate::graphql", "crate::scim"],
            "jobs" => &["crate::http", "crate::mlflow", "crate::graphql", "crate::features", "actix_web", "async_graphql"],
            "access" => &["crate::http", "crate::mlflow", "crate::graphql", "crate::features", "actix_web", "async_graphql"],
            "platform" => &[
                "crate::http",
                "crate::mlflow",
                "crate::graphql",
                "crate::features",
                "crate::jobs",
                "crate::access",
                "actix_web",
                "async_graphql",
                "sea_orm",
            ],
            "fault.rs" => &["crate::", "actix_web", "async_graphql"],
            "config.rs" => &["crate::", "actix_web", "async_graphql", "sea_orm", "sqlx"],
            // Figures in, figures out.
            "stats" => &[
                "crate::",
                "sea_orm",
                "sqlx",
                "redis",
                "actix",
                "async_graphql",
                "tokio",
                "reqwest",
                "object_store",
                "std::fs",
                "std::net",
                "std::io",
                "async ",
            ],
            "graphql" | "mlflow" | "http" | "scim" => &["sea_orm"],
            // They put everything together.
            "commands" | "commands.rs" | "services.rs" | "lib.rs" | "main.rs" => &[],
            _ => panic!("{name}: no rule for {layer}"),
        };
        offences.extend(forbidden.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: imports upwards or past a layer: {word}")));
    }
    refuse(offences);
}

/// Ways past the audit log, who takes them, and how often. What is written so is either bookkeeping of work whose entry comes with its end, telemetry, or
/// asked for by somebody who is nobody yet.
const UNENTERED: [(&str, &str, usize); 14] = [
    // Points of metrics that were logged are packed together: nothing is added to what the run's end sums up.
    ("commit_telemetry", "features/metrics/service.rs", 1),
    // Traces and spans, for an hour after the first part arrived.
    ("commit_telemetry", "features/traces/service.rs", 2),
    // There is nothing to tell any more, or it is told later: the entry comes with the mail or the post.
    ("commit_telemetry", "features/notifications/jobs.rs", 4),
    // How many bytes of a file in parts have come: that it began and how it ended is entered.
    ("commit_telemetry", "features/artifacts/uploads.rs", 1),
    // That deleting for good goes on later: what it deletes is entered.
    ("commit_telemetry", "features/storage/erasing.rs", 1),
    // Where an import is: what it takes has an entry each, and its beginning and end.
    ("commit_telemetry", "features/imports/step.rs", 3),
    ("commit_telemetry", "features/imports/listing.rs", 3),
    // Where an export is: its beginning, its end and each download are entered.
    ("commit_telemetry", "features/exports/step.rs", 8),
    ("commit_telemetry", "features/exports/pack.rs", 3),
    ("commit_telemetry", "features/exports/artifacts.rs", 1),
    // Logging to running runs; runs that begin or end are entered.
    ("impl SharedWrite for", "features/runs/acts.rs", 1),
    // Mail asked for, attempts at a code, and a sign-in elsewhere that begins, by nobody.
    ("commit_unlogged", "features/accounts/service.rs", 2),
    ("commit_unlogged", "features/identity/service.rs", 2),
    ("commit_unlogged", "features/second_factor/service.rs", 2),
];

#[test]
fn c7_1d_only_what_is_listed_writes_past_the_audit_log() {
    let mut found: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (name, code) in sources().into_iter().filter(|(name, _)| !name.starts_with("access/")) {
        for way in ["commit_telemetry", "commit_unlogged", "commit_grouped", "impl SharedWrite for"] {
            let times = code.matches(way).count();
            if times > 0 {
                *found.entry((way, name.clone())).or_default() += times;
            }
        }
    }
    let listed: BTreeMap<(&str, String), usize> = UNENTERED.iter().map(|(way, name, times)| ((*way, (*name).to_owned()), *times)).collect();
    assert_eq!(found, listed);
}

/// What is in no table has no policy, and no test asks it.
#[test]
fn routes_are_mounted_from_the_tables_alone() {
    let words = [".service(", ".route(", ".configure(", "web::resource", "web::scope", "web::get", "web::post", "default_service"];
    let mounts = ["http/mod.rs", "http/monitor.rs", "http/routes.rs", "mlflow/mod.rs"];
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
        if kind(&name) == "graphql" {
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

/// The names of acts in some code, `noun.verb`, each with what stands before it. The kinds of jobs look the same and are none.
fn acts(code: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let quotes: Vec<usize> = code.match_indices('"').map(|(at, _)| at).collect();
    for pair in quotes.windows(2) {
        let (before, word) = (&code[..pair[0]], &code[pair[0] + 1..pair[1]]);
        let named = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if word.split_once('.').is_some_and(|(noun, verb)| named(noun) && named(verb)) && !before.ends_with("const KIND: &'static str = ") {
            found.push((before.trim_end(), word));
        }
    }
    found
}

#[test]
fn what_the_audit_log_is_filtered_by_is_what_is_entered_in_it() {
    let nouns: BTreeSet<&str> = shared::audit::ACTS.iter().map(|(noun, _)| *noun).collect();
    let sources = sources();
    let (mut offences, mut entered) = (Vec::new(), BTreeSet::new());
    for (name, code) in &sources {
        for (before, act) in acts(code) {
            let noun = act.split('.').next().unwrap_or_default();
            // What filters call their fields may look the same.
            let is_entered =
                nouns.contains(noun) && !before.ends_with("spellings: &[") || ["Entry::new(", "entry("].iter().any(|call| before.ends_with(call));
            if is_entered && !shared::audit::is_act(act) {
                offences.push(format!("{name}: {act} is missing in shared::audit, and nobody finds it by the filter"));
            }
            entered.insert(act);
        }
    }
    let offered = shared::audit::names().filter(|name| name.contains('.') && !entered.contains(name.as_str()));
    offences.extend(offered.map(|name| format!("shared::audit offers {name}, which is never entered")));
    refuse(offences);
}
