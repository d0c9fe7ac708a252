//! A session as its owner sees it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::ids::{MemberId, PersonId, SessionId, TenantId};

use crate::{access::Secret, features::second_factor::Given};

/// A browser in which a person has signed in.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    /// The organization it is in now.
    pub tenant: TenantId,
    /// That organization's name.
    pub organization: String,
    /// The browser's name for itself, at most 200 characters.
    pub user_agent: String,
    /// The address the sign-in came from.
    pub address: String,
    pub created_at: DateTime<Utc>,
    /// To within half a minute; `None`: not used yet.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When it ends by itself, as its organization asks.
    pub expires_at: DateTime<Utc>,
}

/// Who enters, and where.
#[derive(Clone, Copy, Debug)]
pub struct Entrance<'a> {
    pub person: PersonId,
    pub tenant: TenantId,
    pub member: MemberId,
    pub email: &'a str,
    /// The second factor that was given beside the password.
    pub second_factor: Option<Given>,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means<'a> {
    /// By their password.
    Password,
    /// By an invitation's link, and a password that is new or was there.
    Invitation,
    /// The organization's identity provider said so; `linked` is whether it did for the first time.
    Provider { issuer: &'a str, linked: bool },
}

/// What became of a right password.
pub enum SignedIn {
    /// It opened a session.
    In(Opened),
    /// The person has a second factor, which is asked for in this browser alone: its secret goes into a cookie. No session is opened before.
    Half(Secret),
    /// It was for this once: the person chooses one of their own with it, as with the link of a mail. No session is opened before.
    Once,
}

/// What became of moving a session to another organization.
pub enum Switched {
    /// It is there, and opened by a new secret alone.
    There(Opened),
    /// The organization asks for a newer sign-in.
    TooOld,
    /// The organization does not let the person's mail address in.
    NotAdmitted,
    /// The organization asks for its single sign-on.
    OtherWay,
    /// The organization asks for a second factor.
    SecondFactor,
}

/// A session that was just opened: the secret goes into the cookie and nowhere else.
pub struct Opened {
    pub secret: Secret,
    pub max_age: Duration,
}

/// What an organization says to a session that is to move there.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// It lets the person's mail address in.
    pub admits: bool,
    /// The sign-in is new enough.
    pub recent: bool,
    /// It takes this way of signing in.
    pub takes: bool,
    /// It would take it with a second factor.
    pub takes_with_second_factor: bool,
    /// A password leads in only because the person is an owner.
    pub break_glass: bool,
}

/// Browsers by what they say of themselves. Most pretend to be others too, so the first that fits is the one.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

impl Session {
    /// `Firefox on Linux`; the first word of what does not say that it is a browser.
    pub fn device(&self) -> String {
        let find = |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| self.user_agent.contains(mark)).map(|(_, name)| *name);
        match (find(&BROWSERS), find(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(only), None) | (None, Some(only)) => only.to_owned(),
            (None, None) => {
                let word = self.user_agent.split(['/', ' ']).next().unwrap_or_default();
                if word.is_empty() { "Unknown device".to_owned() } else { word.to_owned() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_device_is_named_by_browser_and_system() {
        let device = |user_agent: &str| {
            let (id, tenant) = (SessionId::from_uuid(Uuid::nil()), TenantId::from_uuid(Uuid::nil()));
            let (organization, address, at) = (String::new(), String::new(), DateTime::default());
            let user_agent = user_agent.to_owned();
            Session { id, tenant, organization, user_agent, address, created_at: at, last_seen_at: None, expires_at: at }.device()
        };
        for (user_agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile Safari/604.1",
                "Chrome on iPhone",
            ),
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
            ("curl/8.14.1", "curl"),
            ("", "Unknown device"),
        ] {
            assert_eq!(device(user_agent), name);
        }
    }
}
