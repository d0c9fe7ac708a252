//! What each mail says.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use minijinja::{AutoEscape, Environment, context};
use serde::{Deserialize, Serialize};
use shared::limits::{INVITATION_DAYS, RESET_MINUTES, SIGN_UP_HOURS};

use crate::fault::Fault;

/// A mail, before it is rendered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// Confirms the address of somebody who signs up.
    ConfirmSignUp { name: String, organization: String, link: String },
    /// Somebody signed up with an address that has an account.
    AlreadySignedUp { name: String, sign_in: String, reset: String },
    /// A link to choose a new password.
    ResetPassword { name: String, link: String },
    /// The password was changed.
    PasswordChanged { name: String, reset: String },
    /// A second factor was set up.
    SecondFactorOn { name: String, reset: String },
    /// It was turned off by whoever has the password or a code.
    SecondFactorOff { name: String, reset: String },
    /// An operator turned it off, and says why.
    SecondFactorRemoved { name: String, reason: String, reset: String },
    /// There are new recovery codes.
    RecoveryCodesRenewed { name: String, reset: String },
    /// Somebody signed in with a recovery code; so many are left.
    RecoveryCodeUsed { name: String, left: i64, reset: String },
    /// An invitation to an organization.
    Invitation { organization: String, inviter: String, role: String, link: String },
    /// An owner closed the organization; the link restores it.
    OrganizationClosed { name: String, organization: String, by: String, erased_on: String, link: String },
    /// It is erased tomorrow.
    OrganizationErasedSoon { name: String, organization: String, erased_on: String, link: String },
    /// An owner restored it.
    OrganizationRestored { name: String, organization: String, by: String, link: String },
    /// Somebody of the operator looks into it, by an owner's leave.
    SupportEntered { name: String, organization: String, operator: String, granted_by: String, until: String, link: String },
    /// What a member was told and has not read: `told` holds the first of `count`.
    News { name: String, organization: String, told: Vec<Told>, count: usize, all: String },
}

/// One thing somebody was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    pub sentence: String,
    pub quote: String,
    pub link: String,
    /// What the button says when it is the only one.
    #[serde(default)]
    pub button: String,
}

/// A rendered mail.
pub struct Rendered {
    pub subject: String,
    pub plain: String,
    pub html: String,
}

macro_rules! templates {
    ($($name:literal),*) => {{
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        $(environment.add_template($name, include_str!(concat!("templates/", $name))).expect("templates are checked by a test");)*
        environment
    }};
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| templates!("letter.txt", "letter.html"));

/// The time as mails say it: a day and a time of UTC.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

impl Letter {
    /// Subject, paragraphs before the button, the button, the paragraph after it.
    fn parts(&self) -> (String, Vec<String>, Option<(&str, &str)>, String) {
        match self {
            Self::ConfirmSignUp { name, organization, link } => (
                format!("Confirm your address to start {}", one_line(organization)),
                vec![
                    format!("Hello {name},"),
                    format!("you asked to create the organization {organization} on Assay. Confirm that this address is yours, and it is ready."),
                ],
                Some(("Confirm and start", link)),
                format!("The link works once, for {SIGN_UP_HOURS} hours. If you did not ask for this, ignore this mail: nothing was created."),
            ),
            Self::AlreadySignedUp { name, sign_in, reset } => (
                "You already have an Assay account".into(),
                vec![
                    format!("Hello {name},"),
                    "somebody, probably you, signed up on Assay with this address. It already has an account, so nothing was created.".into(),
                    format!("Forgot the password? Choose a new one: {reset}"),
                ],
                Some(("Sign in", sign_in)),
                "If this was not you, nothing needs to be done.".into(),
            ),
            Self::ResetPassword { name, link } => (
                "Choose a new password".into(),
                vec![format!("Hello {name},"), "somebody asked to reset the password of your Assay account.".into()],
                Some(("Choose a new password", link)),
                format!(
                    "The link works once, for {RESET_MINUTES} minutes, and signs you out everywhere. If you did not ask for this, ignore this mail: your password stays."
                ),
            ),
            Self::PasswordChanged { name, reset } => (
                "Your password was changed".into(),
                vec![format!("Hello {name},"), "the password of your Assay account was changed, and all sessions were signed out.".into()],
                Some(("This was not me", reset)),
                "If you changed it, nothing needs to be done.".into(),
            ),
            Self::SecondFactorOn { name, reset } => second_factor(
                name,
                reset,
                "on",
                "From now on a code of an authenticator app is asked for beside your password. Other sessions that your password opened were signed out.".into(),
            ),
            Self::SecondFactorOff { name, reset } => second_factor(name, reset, "off", "Your password alone signs you in again.".into()),
            Self::SecondFactorRemoved { name, reason, reset } => second_factor(
                name,
                reset,
                "off by an operator",
                format!("The reason given: {reason}. Your app and your recovery codes are worth nothing any more; set it up anew on the page of your account."),
            ),
            Self::RecoveryCodesRenewed { name, reset } => (
                "New recovery codes were made".into(),
                vec![
                    format!("Hello {name},"),
                    "new recovery codes were made for two-factor sign-in to your Assay account. The old ones are worth nothing any more.".into(),
                ],
                Some(("This was not me", reset)),
                "If you made them, nothing needs to be done.".into(),
            ),
            Self::RecoveryCodeUsed { name, left, reset } => (
                "A recovery code was used to sign in".into(),
                vec![
                    format!("Hello {name},"),
                    "somebody signed in to your Assay account with your password and one of your recovery codes.".into(),
                    match left {
                        0 => "It was the last one. Make new ones on the page of your account.".into(),
                        1 => "One is left. Make new ones on the page of your account.".into(),
                        left => format!("{left} are left."),
                    },
                ],
                Some(("This was not me", reset)),
                "If it was you, nothing needs to be done.".into(),
            ),
            Self::Invitation { organization, inviter, role, link } => (
                format!("{} invites you to {}", one_line(inviter), one_line(organization)),
                vec!["Hello,".into(), format!("{inviter} invites you to the organization {organization} on Assay, as {role}.")],
                Some(("Accept the invitation", link)),
                format!("The link works once, for {INVITATION_DAYS} days. If you do not know the sender, ignore this mail."),
            ),
            Self::OrganizationClosed { name, organization, by, erased_on, link } => (
                format!("{} was deleted and will be erased", one_line(organization)),
                vec![
                    format!("Hello {name},"),
                    format!(
                        "{by} deleted the organization {organization} on Assay. Nobody can enter it any more: sessions, API tokens and links have stopped."
                    ),
                    format!("On {erased_on} it will be erased, with everything in it. Until then any owner can bring it back as it was."),
                ],
                Some(("Restore the organization", link)),
                "The link is yours alone and works once. If the organization is to go, nothing needs to be done.".into(),
            ),
            Self::OrganizationErasedSoon { name, organization, erased_on, link } => (
                format!("{} will be erased tomorrow", one_line(organization)),
                vec![
                    format!("Hello {name},"),
                    format!(
                        "the organization {organization} on Assay was deleted, and will be erased on {erased_on}. Nothing of it can be brought back after that."
                    ),
                ],
                Some(("Restore the organization", link)),
                "The link is yours alone and works once. If the organization is to go, nothing needs to be done.".into(),
            ),
            Self::OrganizationRestored { name, organization, by, link } => (
                format!("{} was restored", one_line(organization)),
                vec![
                    format!("Hello {name},"),
                    format!("{by} restored the organization {organization} on Assay. It is as it was; sessions, API tokens and links work again."),
                ],
                Some(("Sign in", link)),
                "If it was to go, an owner deletes it again on the page of the organization.".into(),
            ),
            Self::SupportEntered { name, organization, operator, granted_by, until, link } => (
                format!("Support looks into {}", one_line(organization)),
                vec![
                    format!("Hello {name},"),
                    format!(
                        "{operator} of the operator's support entered the organization {organization} on Assay. {granted_by} gave them leave to look until {until}; they can change nothing."
                    ),
                ],
                Some(("See or end support access", link)),
                "Ended there, it is over at once. What they read and what they were denied is in the logs.".into(),
            ),
            Self::News { name, organization, told, count, all } => {
                let subject = match told.as_slice() {
                    [one] => one_line(&one.sentence),
                    _ => format!("{count} notifications from {}", one_line(organization)),
                };
                let quoted = |one: &Told| {
                    let quote = if one.quote.is_empty() { String::new() } else { format!(": \u{201C}{}\u{201D}", one.quote) };
                    format!("{}{quote} {}", one.sentence, one.link)
                };
                let rest = (*count > told.len()).then(|| format!("And {} more.", count - told.len()));
                let paragraphs = std::iter::once(format!("Hello {name},")).chain(told.iter().map(quoted)).chain(rest).collect();
                let button = match told.as_slice() {
                    [one] if one.button.is_empty() => ("Open the discussion", one.link.as_str()),
                    [one] => (one.button.as_str(), one.link.as_str()),
                    _ => ("Open your notifications", all.as_str()),
                };
                (
                    subject,
                    paragraphs,
                    Some(button),
                    format!(
                        "You get this because you are a member of {organization} on Assay. Choose what is mailed to you on the page of your notifications."
                    ),
                )
            }
        }
    }

    /// Subject, plain part and HTML part.
    ///
    /// # Errors
    /// `Internal` when a template is broken.
    pub fn render(&self) -> Result<Rendered, Fault> {
        let (subject, paragraphs, button, after) = self.parts();
        let (label, link) = button.unwrap_or_default();
        let values = context! { subject => subject.clone(), paragraphs, label, link, after };
        let render = |name| TEMPLATES.get_template(name).and_then(|template| template.render(&values)).map_err(Fault::internal);
        Ok(Rendered { plain: render("letter.txt")?, html: render("letter.html")?, subject })
    }
}

/// What is said when two-factor sign-in was switched, and what follows from it. A new password ends all sessions: it is what helps whoever did not do it.
fn second_factor<'a>(name: &str, reset: &'a str, how: &str, then: String) -> (String, Vec<String>, Option<(&'static str, &'a str)>, String) {
    let said = format!("two-factor sign-in to your Assay account was switched {how}.");
    (
        format!("Two-factor sign-in was switched {how}"),
        vec![format!("Hello {name},"), said, then],
        Some(("This was not me", reset)),
        "If you did it or asked for it, nothing needs to be done.".into(),
    )
}

/// A header is one line, whatever a name holds.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> [(&'static str, Letter); 17] {
        let (name, organization) = ("Ada Lovelace".to_owned(), "Analytical & Sons".to_owned());
        let link = |path: &str| format!("https://assay.example.com{path}");
        let told = |who: &str, quote: &str| Told {
            sentence: format!("{who} mentioned you in the discussion of amber-fox-12"),
            quote: quote.to_owned(),
            link: link("/runs/run_1#thread-2"),
            button: String::new(),
        };
        let news = |told: Vec<Told>, count| Letter::News {
            name: name.clone(),
            organization: organization.clone(),
            told,
            count,
            all: link("/notifications"),
        };
        [
            ("confirm_sign_up", Letter::ConfirmSignUp { name: name.clone(), organization: organization.clone(), link: link("/confirm?token=t") }),
            ("already_signed_up", Letter::AlreadySignedUp { name: name.clone(), sign_in: link("/sign-in"), reset: link("/forgot-password") }),
            ("reset_password", Letter::ResetPassword { name: name.clone(), link: link("/reset-password?token=t") }),
            ("password_changed", Letter::PasswordChanged { name: name.clone(), reset: link("/forgot-password") }),
            ("second_factor_on", Letter::SecondFactorOn { name: name.clone(), reset: link("/forgot-password") }),
            ("second_factor_off", Letter::SecondFactorOff { name: name.clone(), reset: link("/forgot-password") }),
            (
                "second_factor_removed",
                Letter::SecondFactorRemoved { name: name.clone(), reason: "phone & codes lost".into(), reset: link("/forgot-password") },
            ),
            ("recovery_codes_renewed", Letter::RecoveryCodesRenewed { name: name.clone(), reset: link("/forgot-password") }),
            ("recovery_code_used", Letter::RecoveryCodeUsed { name: name.clone(), left: 9, reset: link("/forgot-password") }),
            (
                "invitation",
                Letter::Invitation {
                    organization: organization.clone(),
                    inviter: "Grace Hopper".into(),
                    role: "Data scientist".into(),
                    link: link("/invitation?token=t"),
                },
            ),
            (
                "organization_closed",
                Letter::OrganizationClosed {
                    name: name.clone(),
                    organization: organization.clone(),
                    by: "Grace Hopper".into(),
                    erased_on: "13 December 2026".into(),
                    link: link("/restore?token=t"),
                },
            ),
            (
                "organization_erased_soon",
                Letter::OrganizationErasedSoon {
                    name: name.clone(),
                    organization: organization.clone(),
                    erased_on: "13 December 2026".into(),
                    link: link("/restore?token=t"),
                },
            ),
            (
                "organization_restored",
                Letter::OrganizationRestored { name: name.clone(), organization: organization.clone(), by: "Grace Hopper".into(), link: link("/") },
            ),
            (
                "support_entered",
                Letter::SupportEntered {
                    name: name.clone(),
                    organization: organization.clone(),
                    operator: "Sam Support <sam@operator.example>".into(),
                    granted_by: "grace@example.com".into(),
                    until: "13 December 2026, 09:00 UTC".into(),
                    link: link("/organization"),
                },
            ),
            ("news_of_one", news(vec![told("Grace Hopper", "is <0.9> enough?")], 1)),
            ("news_of_two", news(vec![told("Grace Hopper", "look"), told("Alan Turing", "")], 2)),
            ("news_of_many", news(vec![told("Grace Hopper", "look")], 21)),
        ]
    }

    /// Whoever changes a letter changes its snapshot, and reads it there as it arrives.
    #[test]
    fn each_letter_says_what_was_agreed() {
        for (name, letter) in letters() {
            let mail = letter.render().expect("renders");
            insta::assert_snapshot!(name, format!("Subject: {}\n\n{}\n{}", mail.subject, mail.plain, mail.html));
        }
    }

    #[test]
    fn names_are_escaped_in_html_and_cannot_add_headers() {
        let letter = Letter::Invitation {
            organization: "<img src=x>\r\nBcc: all@example.com".into(),
            inviter: "{{7*7}} Ada".into(),
            role: "Viewer".into(),
            link: "http://localhost/invitation?token=x".into(),
        };
        let mail = letter.render().expect("renders");
        assert!(!mail.subject.contains(['\r', '\n']));
        assert!(mail.html.contains("&lt;img src=x&gt;") && !mail.html.contains("<img"));
        assert!(mail.plain.contains("{{7*7}} Ada"));
    }
}
