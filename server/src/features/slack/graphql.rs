//! Channels of Slack in the API.

use async_graphql::{Context, Enum, InputObject, Object, Result};
use chrono::{DateTime, Utc};

use super::{Connection as Domain, Post, Tested, Wanted};
use crate::graphql::{scope, services};

/// What the organization's channel can be told of. Of what is not open to the whole organization it is told nothing.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Post")]
pub enum SlackPost {
    /// Somebody began to talk about an experiment or a run.
    Thread,
    /// A run or an experiment became a template.
    Template,
    /// An experiment was shared with everybody.
    Share,
}

/// A channel of Slack. The address of its webhook is kept sealed and shown to nobody.
pub struct SlackChannel(Domain);

/// A channel of Slack that messages are posted to. The address of its webhook is never shown.
#[Object]
impl SlackChannel {
    /// What it is called here.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// The last characters of the address, to tell it from another.
    async fn hint(&self) -> &str {
        &self.0.hint
    }
    /// What the organization's channel is told of; of a member's own the member's preferences say it.
    async fn posts(&self) -> Vec<SlackPost> {
        self.0.posts.iter().map(|post| (*post).into()).collect()
    }
    /// The name of who connected it.
    async fn connected_by(&self) -> &str {
        &self.0.connected_by_name
    }
    /// When it was connected.
    async fn connected_at(&self) -> DateTime<Utc> {
        self.0.connected_at
    }
    /// When something was posted last.
    async fn posted_at(&self) -> Option<DateTime<Utc>> {
        self.0.posted_at
    }
    /// Since when nothing is posted any more, because Slack does not take it.
    async fn broken_at(&self) -> Option<DateTime<Utc>> {
        self.0.broken.as_ref().map(|(at, _)| *at)
    }
    /// Why nothing is posted any more.
    async fn broken_reason(&self) -> Option<&str> {
        self.0.broken.as_ref().map(|(_, reason)| reason.as_str())
    }
}

/// What became of a message that was sent to try a channel.
pub struct SlackTest(Tested);

/// What became of a message that was posted to try a channel.
#[Object]
impl SlackTest {
    /// Whether Slack took it.
    async fn posted(&self) -> bool {
        self.0.posted
    }
    /// What Slack said, in one sentence.
    async fn answer(&self) -> &str {
        self.0.answer
    }
    /// The channel as it is afterwards.
    async fn channel(&self) -> SlackChannel {
        SlackChannel(self.0.connection.clone())
    }
}

/// An incoming webhook, as Slack shows it to whoever adds one to a channel.
#[derive(InputObject)]
pub struct ConnectSlackInput {
    /// What the channel is called here: `#ml-experiments`.
    label: String,
    /// `https://hooks.slack.com/services/` and three codes.
    address: String,
}

impl From<ConnectSlackInput> for Wanted {
    fn from(input: ConnectSlackInput) -> Self {
        Self { label: input.label, address: input.address }
    }
}

fn domain(posts: Vec<SlackPost>) -> Vec<Post> {
    posts.into_iter().map(Into::into).collect()
}

#[derive(Default)]
pub struct SlackQuery;

#[Object]
impl SlackQuery {
    /// The organization's channel of Slack; null when none is connected.
    async fn slack_channel(&self, ctx: &Context<'_>) -> Result<Option<SlackChannel>> {
        Ok(super::get(scope(ctx)?.grant()?).await?.map(SlackChannel))
    }

    /// Your own channel of Slack; null when none is connected.
    async fn own_slack_channel(&self, ctx: &Context<'_>) -> Result<Option<SlackChannel>> {
        Ok(super::get_own(scope(ctx)?.grant()?).await?.map(SlackChannel))
    }
}

#[derive(Default)]
pub struct SlackMutation;

#[Object]
impl SlackMutation {
    /// Connects the organization's channel of Slack, in the place of the one that was. Without `posts` it is told of everything there is.
    async fn connect_slack(&self, ctx: &Context<'_>, input: ConnectSlackInput, posts: Option<Vec<SlackPost>>) -> Result<SlackChannel> {
        let posts = posts.map_or_else(|| Post::ALL.to_vec(), domain);
        Ok(SlackChannel(super::connect(services(ctx)?, scope(ctx)?.grant()?, input.into(), &posts).await?))
    }

    /// Chooses what the organization's channel is told of.
    async fn set_slack_posts(&self, ctx: &Context<'_>, posts: Vec<SlackPost>) -> Result<SlackChannel> {
        Ok(SlackChannel(super::set_posts(scope(ctx)?.grant()?, &domain(posts)).await?))
    }

    /// Posts a message to try the organization's channel, and tells what Slack said.
    async fn test_slack(&self, ctx: &Context<'_>) -> Result<SlackTest> {
        Ok(SlackTest(super::test(services(ctx)?, scope(ctx)?).await?))
    }

    /// Disconnects the organization's channel.
    async fn disconnect_slack(&self, ctx: &Context<'_>) -> Result<SlackChannel> {
        Ok(SlackChannel(super::disconnect(scope(ctx)?.grant()?).await?))
    }

    /// Connects a channel of your own, in the place of the one that was. What is posted there is said by your preferences.
    async fn connect_own_slack(&self, ctx: &Context<'_>, input: ConnectSlackInput) -> Result<SlackChannel> {
        Ok(SlackChannel(super::connect_own(services(ctx)?, scope(ctx)?.grant()?, input.into()).await?))
    }

    /// Posts a message to try your own channel, and tells what Slack said.
    async fn test_own_slack(&self, ctx: &Context<'_>) -> Result<SlackTest> {
        Ok(SlackTest(super::test_own(services(ctx)?, scope(ctx)?).await?))
    }

    /// Disconnects your own channel.
    async fn disconnect_own_slack(&self, ctx: &Context<'_>) -> Result<SlackChannel> {
        Ok(SlackChannel(super::disconnect_own(scope(ctx)?.grant()?).await?))
    }
}
