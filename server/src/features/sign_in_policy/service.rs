//! Reading and changing what an organization asks.

use serde_json::json;

use super::{ChangePolicy, ReadPolicy, SignInPolicy, Wanted, model, repo};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
};

/// What the organization asks.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn get(grant: Grant<'_, ReadPolicy>) -> Result<SignInPolicy, Fault> {
    repo::get(grant.read().await?, grant.tenant().id).await
}

/// Members who sign in with their password alone, or not by a password.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn without_second_factor(grant: Grant<'_, ReadPolicy>) -> Result<i64, Fault> {
    repo::count_without_second_factor(grant.read().await?, grant.tenant().id).await
}

/// Asks something else from now on: sessions that are too old and members of other domains are refused with their next request.
///
/// # Errors
/// `Invalid` naming `sessionMinutes`; `secondFactorRequired` when the caller has none; `mailDomains`, also when they shut out the caller or an owner; `shutOut` when more members would
/// lose access than the caller says they know of.
pub async fn update(grant: Grant<'_, ChangePolicy>, wanted: Wanted) -> Result<SignInPolicy, Fault> {
    let session_minutes = model::check_minutes(wanted.session_minutes).map_err(|refused| Fault::invalid("sessionMinutes", refused.0))?;
    let mail_domains = model::check_domains(&wanted.mail_domains).map_err(|refused| Fault::invalid("mailDomains", refused.0))?;
    let policy = SignInPolicy { session_minutes, mail_domains, second_factor_required: wanted.second_factor_required };
    let (tenant, person) = (grant.tenant().clone(), grant.actor().person);
    if !policy.admits(&grant.actor().email) {
        return Err(Fault::invalid("mailDomains", "Add the domain of your own address; without it you would lock yourself out."));
    }
    let tx = grant.begin().await?;
    let before = repo::get_for_update(&tx, tenant.id).await?;
    if before.mail_domains != policy.mail_domains && !policy.mail_domains.is_empty() {
        let (shut_out, owner) = repo::count_shut_out(&tx, tenant.id, &before.mail_domains, &policy.mail_domains).await?;
        if owner {
            return Err(Fault::invalid("mailDomains", "These domains shut out an owner. Add the owner's domain, or give them another role first."));
        }
        if shut_out > wanted.shut_out {
            let who = if shut_out == 1 {
                "1 member has an address of another domain and loses".to_owned()
            } else {
                format!("{shut_out} members have addresses of other domains and lose")
            };
            return Err(Fault::invalid("shutOut", format!("{who} access at once, with their sessions and tokens. Confirm that this is meant.")));
        }
    }
    if policy.second_factor_required && !before.second_factor_required && !repo::has_second_factor(&tx, person).await? {
        let words = "Set up two-factor sign-in for yourself first, on the page of your account; without it you would lock yourself out.";
        return Err(Fault::invalid("secondFactorRequired", words));
    }
    repo::set(&tx, tenant.id, &policy).await?;
    let detail = |policy: &SignInPolicy| json!({ "sessionMinutes": policy.session_minutes, "mailDomains": policy.mail_domains, "secondFactorRequired": policy.second_factor_required });
    let entry = Entry::new("organization.update_sign_in_policy", Subject::new("organization", tenant.id, &tenant.name))
        .detail(json!({ "from": detail(&before), "to": detail(&policy) }));
    tx.commit(entry).await?;
    Ok(policy)
}
