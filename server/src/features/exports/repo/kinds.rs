//! What an export takes of each kind: the statements that read a page of it, each row as one line of JSON. Columns are named one by one, so that what is added to a
//! table leaves only when somebody says so here, and no secret ever does; `tests/leaving.rs` asks for every column of every table.

/// One kind: a table, or what belongs to its rows with it.
pub struct Kind {
    /// The name of its files.
    pub name: &'static str,
    /// The cursor before the first row: a list with a value for each part of the key.
    pub start: &'static str,
    /// Answers lines with their cursors, in the order of the key: as many as fit in two MiB, one at least.
    pub sql: &'static str,
}

const ID: &str = r#"["00000000-0000-0000-0000-000000000000"]"#;
const ID_TEXT: &str = r#"["00000000-0000-0000-0000-000000000000",""]"#;
const ID_NUMBER: &str = r#"["00000000-0000-0000-0000-000000000000",0]"#;
const ID_ID: &str = r#"["00000000-0000-0000-0000-000000000000","00000000-0000-0000-0000-000000000000"]"#;
const TEXT: &str = r#"[""]"#;
const NUMBER: &str = "[0]";

/// `$1` is the cursor, `$2` how many rows are looked at. A row of the table is `x` among the columns.
macro_rules! page {
    ($from:literal, $key:literal > $after:literal, $columns:literal) => {
        concat!(
            "with numbered as (select json_build_array(",
            $key,
            ")::text as cursor, row_number() over (order by ",
            $key,
            ") as place, ",
            "(select row_to_json(r)::text from (select ",
            $columns,
            ") r) as line from (select * from ",
            $from,
            " (",
            $key,
            ") > (",
            $after,
            ") order by ",
            $key,
            " limit $2) x), sized as (select line, cursor, place, sum(octet_length(line)) over (order by place) as bytes from numbered) ",
            "select line, cursor from sized where place = 1 or bytes <= 2097152 order by place"
        )
    };
}

/// All kinds, what belongs to something before that to which it belongs: what is made meanwhile is missing rather than without its owner.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "comments",
        start: ID,
        sql: page!(
            "comments where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.thread_id, x.author_id, x.author, x.body, x.mention_words, x.mention_members, x.created_at, x.edited_at, x.removed_at, \
             (select json_agg(json_build_object('kind', c.kind, 'member_id', c.member_id, 'member', c.member, 'at', c.at) order by c.at, c.member_id) from comment_reactions c where c.comment_id = x.id) as reactions"
        ),
    },
    Kind {
        name: "threads",
        start: ID,
        sql: page!(
            "threads where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.experiment_id, x.run_id, x.metric_key, x.metric_step, x.created_at, x.resolved_at, x.resolved_by"
        ),
    },
    Kind {
        name: "templates",
        start: ID,
        sql: page!(
            "templates where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.run_id, x.experiment_id, x.project_id, x.name, x.description, x.created_by, x.created_at, x.removed_at"
        ),
    },
    Kind {
        name: "saved_comparisons",
        start: ID,
        sql: page!("saved_comparisons where", "id" > "($1::jsonb->>0)::uuid", "x.id, x.name, x.wish, x.created_by, x.created_at"),
    },
    Kind {
        name: "trace_spans",
        start: ID_TEXT,
        sql: page!(
            "trace_spans where",
            "trace_id, span_id" > "($1::jsonb->>0)::uuid, $1::jsonb->>1",
            "x.trace_id, x.span_id, x.parent_id, x.name, x.type, x.status, x.start_ns, x.end_ns, x.data"
        ),
    },
    Kind {
        name: "trace_assessments",
        start: ID_ID,
        sql: page!(
            "trace_assessments where",
            "trace_id, id" > "($1::jsonb->>0)::uuid, ($1::jsonb->>1)::uuid",
            "x.trace_id, x.id, x.name, x.kind, x.value, x.valid, x.data, x.created_at"
        ),
    },
    Kind {
        name: "traces",
        start: ID,
        sql: page!(
            "traces where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.experiment_id, x.request_ms, x.ended_ms, x.state, x.client_request_id, x.request_preview, x.response_preview, x.finalized, x.created_by, x.created_at, \
             (select json_object_agg(t.key, t.value) from trace_tags t where t.trace_id = x.id) as tags, \
             (select json_object_agg(m.key, m.value) from trace_metadata m where m.trace_id = x.id) as metadata, \
             (select json_agg(r.run_id) from trace_runs r where r.trace_id = x.id) as runs"
        ),
    },
    Kind {
        name: "model_versions",
        start: ID_NUMBER,
        sql: page!(
            "model_versions where",
            "model_id, version" > "($1::jsonb->>0)::uuid, ($1::jsonb->>1)::integer",
            "x.model_id, x.version, x.source, x.owner_run_id, x.owner_model_id, x.source_path, x.run_id, x.run_link, x.logged_model_id, x.description, x.stage, x.created_by, \
             x.created_at, x.updated_at, (select json_object_agg(t.key, t.value) from model_version_tags t where t.model_id = x.model_id and t.version = x.version) as tags"
        ),
    },
    Kind {
        name: "registered_models",
        start: ID,
        sql: page!(
            "registered_models where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.project_id, x.name, x.description, x.last_version, x.created_by, x.created_at, x.updated_at, \
             (select json_object_agg(t.key, t.value) from registered_model_tags t where t.model_id = x.id) as tags, \
             (select json_object_agg(a.alias, a.version) from registered_model_aliases a where a.model_id = x.id) as aliases"
        ),
    },
    Kind {
        name: "logged_models",
        start: ID,
        sql: page!(
            "logged_models where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.experiment_id, x.source_run_id, x.name, x.model_type, x.status, x.created_by, x.created_at, x.updated_at, x.removed_at, \
             (select json_object_agg(p.key, p.value) from logged_model_params p where p.model_id = x.id) as params, \
             (select json_object_agg(t.key, t.value) from logged_model_tags t where t.model_id = x.id) as tags, \
             (select json_agg(json_build_object('key', m.key, 'run_id', m.run_id, 'dataset_name', m.dataset_name, 'dataset_digest', m.dataset_digest, 'value', m.value, \
                'step', m.step, 'at_ms', m.at_ms) order by m.key, m.run_id) from logged_model_metrics m where m.model_id = x.id) as metrics"
        ),
    },
    Kind {
        name: "datasets",
        start: ID,
        sql: page!(
            "datasets where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.experiment_id, x.name, x.digest, x.source_type, x.source, x.schema, x.profile"
        ),
    },
    Kind {
        name: "runs",
        start: ID,
        sql: page!(
            "runs where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.experiment_id, x.name, x.user_name, x.created_by, x.by_service, x.status, x.started_ms, x.ended_ms, x.created_at, x.removed_at, x.revision, \
             (select p.params from run_params p where p.run_id = x.id) as params, \
             (select json_object_agg(t.key, t.value) from run_tags t where t.run_id = x.id) as tags, \
             (select json_object_agg(m.key, json_build_object('value', m.value, 'step', m.step, 'at_ms', m.at_ms, 'count', m.count, 'low', m.low, 'high', m.high)) \
                from latest_metrics m where m.run_id = x.id) as metrics, \
             (select json_agg(json_build_object('dataset_id', d.dataset_id, 'ordinal', d.ordinal, 'tags', d.tags) order by d.ordinal) from run_datasets d where d.run_id = x.id) as datasets, \
             (select json_agg(json_build_object('model_id', m.model_id, 'direction', m.direction, 'step', m.step)) from run_models m where m.run_id = x.id) as models"
        ),
    },
    Kind {
        name: "experiments",
        start: ID,
        sql: page!(
            "experiments where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.project_id, x.name, x.is_default, x.created_by, x.created_at, x.updated_at, x.removed_at, x.shared_at, x.shared_by, \
             (select json_object_agg(t.key, t.value) from experiment_tags t where t.experiment_id = x.id) as tags"
        ),
    },
    Kind {
        name: "projects",
        start: ID,
        sql: page!(
            "projects where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.name, x.slug, x.description, x.is_default, x.access, x.created_at, \
             (select json_agg(json_build_object('member_id', m.member_id, 'role', m.role, 'added_by', m.added_by, 'added_at', m.added_at) order by m.member_id) \
                from project_members m where m.project_id = x.id) as members"
        ),
    },
    Kind {
        name: "notifications",
        start: ID,
        sql: page!(
            "notifications where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.member_id, x.kind, x.actor, x.subject_id, x.subject_name, x.path, x.quote, x.at, x.read_at, x.mailed_at, x.in_app"
        ),
    },
    Kind {
        name: "notification_preferences",
        start: ID_TEXT,
        sql: page!(
            "notification_preferences where",
            "member_id, kind" > "($1::jsonb->>0)::uuid, $1::jsonb->>1",
            "x.member_id, x.kind, x.in_app, x.mail, x.slack"
        ),
    },
    Kind {
        name: "member_preferences",
        start: ID_TEXT,
        sql: page!(
            "member_preferences where",
            "member_id, key" > "($1::jsonb->>0)::uuid, $1::jsonb->>1",
            "x.member_id, x.key, x.value, x.changed_at"
        ),
    },
    Kind {
        name: "imports",
        start: ID,
        sql: page!(
            "imports where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.source, x.experiments, x.with_files, x.with_registry, x.started_by, x.state, x.reason, x.created_at, x.finished_at, \
             (select json_agg(json_build_object('kind', c.kind, 'found', c.found, 'taken', c.taken, 'unchanged', c.unchanged, 'failed', c.failed, 'amount', c.amount)) \
                from import_counts c where c.import_id = x.id) as counts"
        ),
    },
    Kind {
        name: "slack_channels",
        start: ID,
        sql: page!(
            "slack_connections where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.member_id, x.label, x.posts, x.connected_by, x.connected_by_name, x.connected_at, x.broken_at, x.broken_reason, x.posted_at"
        ),
    },
    Kind {
        name: "links",
        start: ID,
        sql: page!(
            "public.links where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.experiment_id, x.run_id, x.label, x.created_by, x.created_at, x.expires_at, x.last_used_at, x.revoked_at"
        ),
    },
    Kind {
        name: "job_tokens",
        start: ID,
        sql: page!(
            "public.job_tokens where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.run_id, x.person_id, x.created_by, x.created_at, x.expires_at, x.last_used_at, x.revoked_at"
        ),
    },
    Kind {
        name: "support_grants",
        start: ID,
        sql: page!(
            "public.support_grants where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.reason, x.scopes, x.member_id, x.granted_by, x.granted_at, x.expires_at, x.ended_at, x.ended_by"
        ),
    },
    Kind {
        name: "support_visits",
        start: ID,
        sql: page!(
            "public.support_visits where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.grant_id, x.operator, x.entered_at, x.opened_at, x.last_used_at, x.left_at"
        ),
    },
    Kind {
        name: "api_tokens",
        start: ID,
        sql: page!(
            "public.api_tokens where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.person_id, x.made_by, x.name, x.scopes, x.created_at, x.expires_at, x.last_used_at, x.revoked_at"
        ),
    },
    Kind {
        name: "invitations",
        start: ID,
        sql: page!(
            "public.invitations where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.email, x.role, x.group_roles, x.member_id, x.invited_by, x.created_at, x.expires_at, x.accepted_at"
        ),
    },
    Kind {
        name: "provisioned_groups",
        start: ID,
        sql: page!(
            "scim_groups where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.display_name, x.external_id, x.role, x.version, x.created_at, x.updated_at, \
             (select json_agg(m.user_id) from scim_group_members m where m.group_id = x.id) as members"
        ),
    },
    Kind {
        name: "provisioned_users",
        start: ID,
        sql: page!(
            "scim_users where",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.user_name, x.external_id, x.email, x.given_name, x.family_name, x.formatted_name, x.display_name, x.active, x.created_at, x.updated_at"
        ),
    },
    Kind {
        name: "members",
        start: ID,
        sql: page!(
            "public.memberships where tenant_id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.person_id, (select p.email from public.people p where p.id = x.person_id) as email, (select p.name from public.people p where p.id = x.person_id) as name, \
             x.roles, x.group_roles, x.joined_at, x.last_seen_at, x.provisioned_at, x.suspended_at, x.resumed_at"
        ),
    },
    Kind {
        name: "service_accounts",
        start: ID,
        sql: page!("service_accounts where", "id" > "($1::jsonb->>0)::uuid", "x.id, x.description, x.created_by"),
    },
    Kind {
        name: "roles",
        start: TEXT,
        sql: page!(
            "(select distinct p.role as name from role_permissions p) own where",
            "name" > "$1::jsonb->>0",
            "x.name, (select o.title from roles o where o.name = x.name) as title, (select o.description from roles o where o.name = x.name) as description, \
             (select o.created_by from roles o where o.name = x.name) as created_by, (select o.created_at from roles o where o.name = x.name) as created_at, \
             (select json_agg(p.permission order by p.permission) from role_permissions p where p.role = x.name) as permissions"
        ),
    },
    Kind {
        name: "identity_provider",
        start: ID,
        sql: page!(
            "public.identity_providers where",
            "tenant_id" > "($1::jsonb->>0)::uuid",
            "x.kind, x.label, x.issuer, x.client_id, x.groups_claim, x.group_roles, x.default_role, x.updated_at"
        ),
    },
    Kind {
        name: "organization",
        start: ID,
        sql: page!(
            "public.tenants where id = current_setting('app.tenant_id')::uuid and",
            "id" > "($1::jsonb->>0)::uuid",
            "x.id, x.slug, x.name, x.created_at, x.session_minutes, x.mail_domains, x.sso_only, x.second_factor_required"
        ),
    },
    Kind {
        name: "access_log",
        start: r#"["-infinity","00000000-0000-0000-0000-000000000000","",false]"#,
        sql: page!(
            "access_decisions where",
            "minute, credential_id, permission, allowed"
                > "($1::jsonb->>0)::timestamptz, ($1::jsonb->>1)::uuid, $1::jsonb->>2, ($1::jsonb->>3)::boolean",
            "x.minute, x.credential_id, x.permission, x.allowed, x.actor, x.actor_kind, x.times"
        ),
    },
    // As `assay audit verify` reads it: the bytes of the hash in hexadecimal digits, the time to the microsecond.
    Kind {
        name: AUDIT_LOG,
        start: NUMBER,
        sql: page!(
            "audit_entries where",
            "seq" > "($1::jsonb->>0)::bigint",
            "x.seq, (extract(epoch from x.at) * 1000000)::bigint as at_us, x.at, x.actor_kind, x.actor_id, x.actor, x.credential_id, x.action, x.subject_kind, x.subject_id, \
             x.subject_name, x.outcome, x.detail, x.request_id, x.address, encode(x.hash, 'hex') as hash"
        ),
    },
];

/// The kind whose lines are numbered without a gap.
pub const AUDIT_LOG: &str = "audit_log";
