//! The sign-in policy in the API.

use async_graphql::{ComplexObject, Context, InputObject, Object, Result, SimpleObject};

use super::{SignInPolicy as Domain, Wanted};
use crate::graphql::scope;

/// What an organization asks of the people who enter it.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SignInPolicy {
    /// How long a sign-in is worth, in minutes; null: 14 days.
    session_minutes: Option<i32>,
    /// The domains of mail addresses that enter; empty: all.
    mail_domains: Vec<String>,
    /// Whether a password leads in only with a second factor. Single sign-on and API tokens are not asked for one.
    second_factor_required: bool,
}

#[ComplexObject]
impl SignInPolicy {
    /// How many members have no second factor.
    #[graphql(complexity = 10)]
    async fn members_without_second_factor(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(super::without_second_factor(scope(ctx)?.grant()?).await?)
    }
}

impl From<Domain> for SignInPolicy {
    fn from(policy: Domain) -> Self {
        Self { session_minutes: policy.session_minutes, mail_domains: policy.mail_domains, second_factor_required: policy.second_factor_required }
    }
}

/// A whole policy: what is left out is no longer asked.
#[derive(InputObject)]
pub struct SignInPolicyInput {
    /// 15 to 20160; null: 14 days.
    session_minutes: Option<i32>,
    /// At most 100 domains such as `example.com`; subdomains are domains of their own.
    mail_domains: Vec<String>,
    /// Members who have no second factor set one up before anything else is shown. Whoever asks for it has one.
    #[graphql(default)]
    second_factor_required: bool,
    /// How many members may lose access by the domains; refused when it would be more.
    #[graphql(default)]
    shut_out: i64,
}

#[derive(Default)]
pub struct SignInPolicyQuery;

#[Object]
impl SignInPolicyQuery {
    /// What the organization asks of the people who enter it.
    async fn sign_in_policy(&self, ctx: &Context<'_>) -> Result<SignInPolicy> {
        Ok(super::get(scope(ctx)?.grant()?).await?.into())
    }
}

#[derive(Default)]
pub struct SignInPolicyMutation;

#[Object]
impl SignInPolicyMutation {
    /// Asks something else of the people who enter. It holds for every request that starts after this returned.
    async fn update_sign_in_policy(&self, ctx: &Context<'_>, input: SignInPolicyInput) -> Result<SignInPolicy> {
        let wanted = Wanted {
            session_minutes: input.session_minutes,
            mail_domains: input.mail_domains,
            second_factor_required: input.second_factor_required,
            shut_out: input.shut_out,
        };
        Ok(super::update(scope(ctx)?.grant()?, wanted).await?.into())
    }
}
