//! What acts are called in the audit log: nouns, each with its verbs. One list for the server, which enters nothing else, and for the filter, which
//! offers all of it.

/// The nouns in their order, and what is done to each.
pub const ACTS: &[(&str, &[&str])] = &[
    ("artifact", &["begin_upload", "damaged", "end_upload", "put", "remove"]),
    ("authorization", &["denied", "unknown_id"]),
    ("comment", &["create", "edit", "react", "remove", "unreact"]),
    ("comparison", &["remove", "save"]),
    ("experiment", &["create", "remove", "rename", "restore", "share", "tag", "unshare", "untag"]),
    ("export", &["cancel", "download", "fail", "finish", "remove", "request"]),
    ("group", &["create", "remove", "set_role", "update"]),
    ("identity_provider", &["remove", "set"]),
    ("import", &["cancel", "fail", "files", "finish", "links", "list", "models", "registry", "runs", "start"]),
    ("invitation", &["accept", "create", "revoke"]),
    ("job_token", &["create", "revoke"]),
    ("link", &["create", "revoke"]),
    ("logged_model", &["add_params", "create", "finalize", "remove", "remove_tag", "set_tags"]),
    ("member", &["join", "provision", "remove", "resume", "suspend", "update", "update_roles"]),
    ("model_version", &["create", "remove", "remove_tag", "set_tag", "transition", "update"]),
    ("notification", &["mail", "prefer", "read"]),
    ("organization", &["close", "create", "remind_owners", "restore", "update_sign_in_policy"]),
    ("password", &["request_reset", "reset"]),
    ("person", &["rename"]),
    ("preference", &["set"]),
    ("project", &["create", "open", "remove", "remove_member", "restrict", "set_member", "update"]),
    ("registered_model", &["create", "remove", "remove_alias", "remove_tag", "rename", "set_alias", "set_tag", "update"]),
    ("role", &["create", "remove", "update"]),
    ("run", &["create", "end", "log", "log_inputs", "log_outputs", "remove", "rename", "restore", "tag", "untag", "update"]),
    ("second_factor", &["create", "remove", "renew_codes"]),
    ("service_account", &["create", "create_token", "remove", "resume", "revoke_token", "suspend", "update"]),
    ("session", &["break_glass", "create", "remove", "remove_all", "remove_others", "switch"]),
    ("slack", &["break", "choose_posts", "connect", "disconnect", "give_up", "post", "test"]),
    ("storage", &["erase", "free", "set_quota"]),
    ("support", &["begin", "end", "enter", "grant", "leave"]),
    ("template", &["create", "remove", "restore", "update"]),
    ("thread", &["reopen", "resolve", "start"]),
    ("token", &["create", "revoke"]),
    ("trace", &["assess", "link", "link_prompts", "log", "log_spans", "reassess", "remove", "remove_assessment", "tag", "untag"]),
];

/// Whether acts are called so: `run.create`.
pub fn is_act(action: &str) -> bool {
    action.split_once('.').is_some_and(|(noun, verb)| ACTS.iter().any(|(own, verbs)| *own == noun && verbs.contains(&verb)))
}

/// All that a filter by action can ask for: each noun, which finds whatever is done to it, followed by each act on it.
pub fn names() -> impl Iterator<Item = String> {
    ACTS.iter().flat_map(|(noun, verbs)| std::iter::once((*noun).to_owned()).chain(verbs.iter().map(move |verb| format!("{noun}.{verb}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_names_nothing_twice() {
        assert!(names().is_sorted() && ACTS.is_sorted());
        assert_eq!(names().collect::<std::collections::BTreeSet<_>>().len(), names().count());
        assert!(is_act("run.create") && !is_act("run") && !is_act("model.create") && !is_act("run.create.again"));
    }
}
