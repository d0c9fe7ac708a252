//! Why a single sign-on did not lead in, as the address of the page says it.

/// A closed list: what a page shows is one of these sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsoProblem {
    /// No organization of that name has a provider.
    Unknown,
    /// The attempt is unknown, used, expired, or another browser's.
    Stale,
    /// The provider said no.
    Declined,
    /// The provider did not answer.
    Unreachable,
    /// The provider's answer does not hold.
    Untrusted,
    /// A first sign-in with an address that the provider has not verified.
    Unverified,
    /// The same, and the provider does not say either way: it must be told to.
    Unsaid,
    /// Known to the provider, but nothing gives them a place in the organization.
    NoAccess,
    /// Too many attempts.
    TooMany,
}

impl SsoProblem {
    const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Stale,
        Self::Declined,
        Self::Unreachable,
        Self::Untrusted,
        Self::Unverified,
        Self::Unsaid,
        Self::NoAccess,
        Self::TooMany,
    ];

    /// The word in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::Declined => "declined",
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Unverified => "unverified",
            Self::Unsaid => "unsaid",
            Self::NoAccess => "no-access",
            Self::TooMany => "too-many",
        }
    }

    /// Reads [`SsoProblem::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.as_str() == text)
    }

    /// What happened and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "No single sign-on is set up under this name. Ask an owner of your organization for its short name.",
            Self::Stale => "This sign-in took longer than ten minutes, was used, or began in another browser. Begin again.",
            Self::Declined => "The identity provider did not sign you in. Begin again, or ask an owner of your organization.",
            Self::Unreachable => "The identity provider does not answer right now. Try again shortly.",
            Self::Untrusted => "What the identity provider answered cannot be trusted, so nobody was signed in. The audit log says why.",
            Self::Unverified => "The identity provider has not verified your e-mail address. Verify it there, then sign in again.",
            Self::Unsaid => {
                "The identity provider does not say whether your e-mail address is verified. Ask its administrator to add the claim email_verified to the ID token; in Microsoft Entra ID these are the optional claims email and xms_edov."
            }
            Self::NoAccess => "The identity provider knows you, but you have no place in this organization. Ask an owner or admin to invite you.",
            Self::TooMany => "Too many sign-ins were begun from your network. Try again in 15 minutes.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_nothing_else_is_one() {
        for problem in SsoProblem::ALL {
            assert_eq!(SsoProblem::parse(problem.as_str()), Some(problem));
        }
        assert_eq!(SsoProblem::parse("<script>"), None);
    }
}
