//! Posting to Slack through the incoming webhooks that people connect.
//!
//! What must stay true: only Slack is asked, at an address that is looked at anew each time; no redirect is followed; an answer is waited for 15 seconds and
//! read up to 16 kB; who asked is told one of the reasons below, never what was answered.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;

use super::{Outbound, OutboundError, outbound::Heard};
use crate::fault::Fault;

const HOME: &str = "https://hooks.slack.com";
/// What every webhook's path begins with.
const WEBHOOKS: &str = "/services/";
/// What is said of an address that is none of Slack's.
const NOT_SLACK: &str = "This is not the address of a Slack webhook. Slack shows it as https://hooks.slack.com/services/ and three codes.";
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
const ANSWER_MAX: usize = 16 * 1024;
/// How long Slack is left alone when it asks for patience and does not say for how long, and at the most.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_MAX: Duration = Duration::from_secs(3600);

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlackAnswer {
    /// It stands in the channel.
    Posted,
    /// Too many came; the next one may come after that time.
    Busy(Duration),
    /// Slack cannot be reached or has troubles of its own.
    Away(&'static str),
    /// The webhook leads nowhere, and never will again.
    Gone(&'static str),
    /// Slack did not take this message.
    Refused(&'static str),
}

impl SlackAnswer {
    /// One sentence that may be shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Posted => "Slack posted the message.",
            Self::Busy(_) => "Slack had too many messages for this channel. Try again in a minute.",
            Self::Away(words) | Self::Gone(words) | Self::Refused(words) => words,
        }
    }
}

/// The way to Slack. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Slack {
    outbound: Outbound,
    home: Url,
}

impl Slack {
    /// `stand_in` takes Slack's place, where one is set.
    ///
    /// # Errors
    /// `Internal` when it is no address.
    pub fn new(outbound: Outbound, stand_in: Option<&str>) -> Result<Self, Fault> {
        let home = stand_in.filter(|text| !text.trim().is_empty()).unwrap_or(HOME).trim();
        shared::web_address::check(home).map_err(|refused| Fault::internal(format!("ASSAY_SLACK: {refused}")))?;
        Ok(Self { outbound, home: Url::parse(home).map_err(Fault::internal)? })
    }

    /// Checks that an address is one of a webhook, as far as can be known without asking for it, and returns it as it is asked.
    ///
    /// # Errors
    /// A sentence that may be shown.
    pub fn check(&self, text: &str) -> Result<String, String> {
        let url = self.outbound.parse(text).map_err(|error| match error {
            OutboundError::Private if self.home.as_str().starts_with(HOME) => NOT_SLACK.to_owned(),
            OutboundError::Address | OutboundError::Port => NOT_SLACK.to_owned(),
            other => other.to_string(),
        })?;
        let webhook = url.path().strip_prefix(WEBHOOKS).is_some_and(|rest| !rest.trim_matches('/').is_empty());
        if url.origin() == self.home.origin() && webhook { Ok(url.into()) } else { Err(NOT_SLACK.to_owned()) }
    }

    /// Posts a message. The address is checked again, and so is what its name leads to.
    pub async fn post(&self, address: &str, message: &Value) -> SlackAnswer {
        let Ok(address) = self.check(address) else { return SlackAnswer::Gone(NOT_SLACK) };
        let asked = async {
            let peer = self.outbound.connect(&address).await?;
            peer.hear(peer.request_itself(Method::POST).json(message), ANSWER_MAX).await
        };
        match tokio::time::timeout(ANSWER_WITHIN, asked).await {
            Ok(Ok(heard)) => read(&heard),
            Ok(Err(OutboundError::Redirect)) => SlackAnswer::Away("Slack sent on to another address, which is not followed."),
            Ok(Err(OutboundError::Private)) => SlackAnswer::Away("Slack's name leads to an address that is not on the public internet."),
            Ok(Err(_)) => SlackAnswer::Away("Slack could not be reached."),
            Err(_) => SlackAnswer::Away("Slack did not answer within 15 seconds."),
        }
    }
}

fn read(heard: &Heard) -> SlackAnswer {
    let word = std::str::from_utf8(&heard.body).unwrap_or_default().trim();
    match heard.status {
        200..=299 => SlackAnswer::Posted,
        429 => SlackAnswer::Busy(heard.wait.unwrap_or(PATIENCE).clamp(Duration::from_secs(1), PATIENCE_MAX)),
        408 | 500.. => SlackAnswer::Away("Slack answered with an error of its own."),
        status => match (gone(word), status) {
            (Some(words), _) => SlackAnswer::Gone(words),
            (None, 401 | 403 | 404 | 410) => SlackAnswer::Gone("Slack does not know this webhook any more: it was removed, or its app was."),
            _ => SlackAnswer::Refused("Slack did not take this message."),
        },
    }
}

/// What the words mean with which Slack turns a webhook off for good.
fn gone(word: &str) -> Option<&'static str> {
    Some(match word {
        "no_service" | "no_service_id" | "no_active_hooks" => "Slack does not know this webhook any more: it was removed, or its app was.",
        "invalid_token" | "no_team" | "team_disabled" | "team_not_found" => "Slack does not know the workspace or the secret of this webhook.",
        "channel_is_archived" | "channel_not_found" | "user_not_found" => "The channel of this webhook was archived or removed.",
        "action_prohibited" | "posting_to_general_channel_denied" => "An admin of the workspace does not let this webhook post.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slack(stand_in: Option<&str>) -> Slack {
        Slack::new(Outbound::default(), stand_in).expect("reads")
    }

    #[test]
    fn t75_only_webhooks_of_slack_are_webhooks() {
        let own = "https://hooks.slack.com/services/T0/B0/secret";
        assert_eq!(slack(None).check(&format!(" {own} ")).as_deref(), Ok(own));
        for wrong in [
            "",
            "x",
            "http://hooks.slack.com/services/T0/B0/secret",
            "https://hooks.slack.com",
            "https://hooks.slack.com/services/",
            "https://hooks.slack.com/services/../x",
            "https://hooks.slack.com:8443/services/T0/B0/secret",
            "https://hooks.slack.com./services/T0/B0/secret",
            "https://hooks.slack.com.evil.example/services/T0/B0/secret",
            "https://evil.example/hooks.slack.com/services/T0/B0/secret",
            "https://hooks.slack.com@evil.example/services/T0/B0/secret",
            "https://user:x@hooks.slack.com/services/T0/B0/secret",
            "https://slack.com/services/T0/B0/secret",
            "https://hooks.slack.com/services/T0/B0/secret?x=1",
            "https://hooks.slack.com/services/T0/B0/secret#x",
            "https://hooks.slack.com\\@evil.example/services/T0/B0/secret",
        ] {
            assert!(slack(None).check(wrong).is_err(), "{wrong}");
        }
        let relay = slack(Some("https://slack.example.com"));
        assert!(relay.check("https://slack.example.com/services/T0/B0/secret").is_ok());
        assert!(relay.check(own).is_err(), "a relay takes Slack's place");
        assert!(Slack::new(Outbound::default(), Some("ftp://x")).is_err());
    }

    #[test]
    fn answers_are_told_apart() {
        let heard = |status, body: &'static str, wait: Option<u64>| Heard { status, wait: wait.map(Duration::from_secs), body: body.into() };
        assert_eq!(read(&heard(200, "ok", None)), SlackAnswer::Posted);
        assert_eq!(read(&heard(429, "", Some(7))), SlackAnswer::Busy(Duration::from_secs(7)));
        assert_eq!(read(&heard(429, "", None)), SlackAnswer::Busy(PATIENCE));
        assert_eq!(read(&heard(429, "", Some(u64::MAX))), SlackAnswer::Busy(PATIENCE_MAX));
        for (status, body) in [(404, "no_service"), (410, "channel_is_archived"), (403, "invalid_token"), (404, "<html>"), (400, "user_not_found")] {
            assert!(matches!(read(&heard(status, body, None)), SlackAnswer::Gone(_)), "{status} {body}");
        }
        for (status, body) in [(400, "invalid_payload"), (413, "")] {
            assert!(matches!(read(&heard(status, body, None)), SlackAnswer::Refused(_)), "{status} {body}");
        }
        for status in [408, 500, 503] {
            assert!(matches!(read(&heard(status, "no_service", None)), SlackAnswer::Away(_)), "{status}");
        }
    }
}
