//! Ending a sign-in that a password began.

use serde_json::json;

use crate::{
    access::{
        RequestInfo,
        audit::{Author, Entry, Subject},
    },
    fault::Fault,
    features::{
        invitations,
        second_factor::{self, Step},
        sessions::{self, Opened},
    },
    services::Services,
};

/// Opens the session of whoever is in the middle of signing in with this browser, and says where the browser goes on to.
///
/// # Errors
/// `Invalid` naming `code` when it is wrong or was used, and `step` when there is no such sign-in any more; `TooManyRequests`.
pub async fn finish(services: &Services, request: &RequestInfo, browser: &str, code: &str) -> Result<(Opened, String), Fault> {
    let step = second_factor::take_step(services, request, browser).await?;
    let tx = services.vault.lobby().await?;
    let Some(given) = second_factor::check(services, &tx, step.person, code).await? else {
        drop(tx);
        note_refusal(services, request, &step).await?;
        return Err(Fault::invalid("code", "This code is not right, or was used before. Wait for the next one, or use a recovery code."));
    };
    second_factor::end_step(&tx, &step).await?;
    second_factor::tell_of_use(services, &tx, request, &step, given).await?;
    let opened = match step.invitation {
        Some(invitation) => invitations::join(tx, request, invitation, step.person, given).await?,
        None => sessions::enter(tx, request, step.person, &step.email, given).await?,
    };
    Ok((opened, step.next))
}

/// A wrong code after a right password stands in the log of an organization of the person: somebody may know the password.
async fn note_refusal(services: &Services, request: &RequestInfo, step: &Step) -> Result<(), Fault> {
    let tx = services.vault.lobby().await?;
    let Some((tenant, member)) = sessions::last_seen(&tx, step.person).await? else { return Ok(()) };
    let author = Author {
        kind: "member",
        id: member.to_string(),
        name: step.email.clone(),
        credential: uuid::Uuid::nil().simple().to_string(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    };
    let entry = Entry::new("session.create", Subject::new("member", member, &step.email)).detail(json!({ "reason": "second factor" })).denied();
    tx.commit_in(tenant, author, entry).await
}
