//! The rules of signing in.

use shared::{
    field::{MailDomain, Refused},
    limits::{SESSION_MINUTES_MAX, SESSION_MINUTES_MIN},
};

/// What an organization asks of the people who enter it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInPolicy {
    /// How long a sign-in is worth, in minutes; `None`: as long as a session lives, 14 days.
    pub session_minutes: Option<i32>,
    /// The domains of mail addresses that enter, in lower case; empty: all.
    pub mail_domains: Vec<String>,
    /// Whether a password leads in only with a second factor.
    pub second_factor_required: bool,
}

/// A policy to be, and how many members its author knows will lose access by it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub session_minutes: Option<i32>,
    pub mail_domains: Vec<String>,
    pub second_factor_required: bool,
    pub shut_out: i64,
}

impl SignInPolicy {
    /// Whether an address may enter.
    pub fn admits(&self, email: &str) -> bool {
        let domain = email.rsplit('@').next().unwrap_or_default();
        self.mail_domains.is_empty() || self.mail_domains.iter().any(|own| own == domain)
    }
}

/// A session's life: 15 minutes to 14 days.
pub fn check_minutes(minutes: Option<i32>) -> Result<Option<i32>, Refused> {
    match minutes {
        None => Ok(None),
        Some(minutes) if (SESSION_MINUTES_MIN..=SESSION_MINUTES_MAX).contains(&minutes) => Ok(Some(minutes)),
        Some(_) => Err(Refused("Choose between 15 minutes and 14 days.".into())),
    }
}

/// Domains in lower case, each once, at most 100.
pub fn check_domains(domains: &[String]) -> Result<Vec<String>, Refused> {
    Ok(MailDomain::list(domains.iter().map(String::as_str))?.into_iter().map(|domain| domain.as_str().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_as_a_whole_and_in_lower_case() {
        let own = check_domains(&[" @Example.com".into(), "example.com".into(), String::new()]).expect("valid");
        assert_eq!(own, ["example.com"]);
        let policy = SignInPolicy { mail_domains: own, ..SignInPolicy::default() };
        assert!(policy.admits("ada@example.com"));
        for other in ["ada@sub.example.com", "ada@example.com.evil.io", "ada@notexample.com", "example.com@evil.io"] {
            assert!(!policy.admits(other), "{other}");
        }
        assert!(SignInPolicy::default().admits("anybody@anywhere.io"));
        for wrong in ["*", "*.example.com", "exa mple.com", "example", "a@b.io", "-x.io"] {
            assert!(check_domains(&[wrong.into()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_session_lives_between_a_quarter_of_an_hour_and_two_weeks() {
        assert_eq!(check_minutes(None), Ok(None));
        assert!(check_minutes(Some(15)).is_ok() && check_minutes(Some(20_160)).is_ok());
        assert!(check_minutes(Some(14)).is_err() && check_minutes(Some(20_161)).is_err() && check_minutes(Some(-1)).is_err());
    }
}
