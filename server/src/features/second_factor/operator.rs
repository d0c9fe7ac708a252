//! Turning it off for whoever has lost device and recovery codes and all.

use serde_json::json;
use shared::field::Email;
use uuid::Uuid;

use super::{repo, service::reset_page};
use crate::{
    access::audit::{Author, Entry, Subject},
    fault::Fault,
    features::mail::{Letter, SendMail},
    services::Services,
};

/// Longest reason, in characters.
const REASON_MAX: usize = 500;

/// Turns off the second factor of a person, by the word of an operator who knows that it is theirs to ask. The reason stands in the log of each of their
/// organizations, and the person is mailed: this is the one way past the factor, and nobody takes it unseen.
///
/// # Errors
/// `Invalid` naming `email` or `reason`; `NotFound` when nobody has the address; `Conflict` when it is off.
pub async fn remove_by_operator(services: &Services, email: &str, reason: &str) -> Result<(), Fault> {
    let email = Email::parse(email).map_err(|refused| Fault::invalid("email", refused.0))?;
    let reason = check_reason(reason)?;
    let tx = services.vault.lobby().await?;
    let (person, name, since) = repo::find_person(&tx, email.as_str()).await?.ok_or_else(|| Fault::not_found("person", email.as_str()))?;
    if !repo::turn_off(&tx, person).await? {
        return Err(Fault::conflict(format!("{} has no second factor.", email.as_str())));
    }
    let request_id = Uuid::now_v7().simple().to_string();
    let letter = Letter::SecondFactorRemoved { name, reason: reason.to_owned(), reset: reset_page(services) };
    tx.enqueue(&SendMail { to: email.as_str().to_owned(), letter }, &request_id).await?;
    let tenants = repo::tenants(&tx, person).await?;
    let author =
        Author { kind: "operator", id: String::new(), name: "operator".to_owned(), credential: String::new(), request_id, address: String::new() };
    let entry =
        Entry::new("second_factor.remove", Subject::new("person", person, email.as_str())).detail(json!({ "since": since, "reason": reason }));
    tx.commit_in_all(&tenants, &author, &entry).await
}

fn check_reason(reason: &str) -> Result<&str, Fault> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Fault::invalid("reason", "Say why: it stands in the audit log, and the person is told."));
    }
    if reason.chars().count() > REASON_MAX || reason.contains(char::is_control) {
        return Err(Fault::invalid("reason", format!("A reason is one line of at most {REASON_MAX} characters.")));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert_eq!(check_reason(" lost her phone ").ok(), Some("lost her phone"));
        assert!(check_reason(&"é".repeat(REASON_MAX)).is_ok());
        for bad in ["", " \n", "a\nb", "a\0", &"x".repeat(REASON_MAX + 1)] {
            assert!(check_reason(bad).is_err(), "{bad:?}");
        }
    }
}
