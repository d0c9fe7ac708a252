//! Sending a mail.

use serde::{Deserialize, Serialize};

use super::Letter;
use crate::{
    fault::Fault,
    jobs::{Context, ControlJob, Job},
    platform::Message,
};

/// Sends one letter to one address. Repeated after a failure under the same message id.
#[derive(Serialize, Deserialize)]
pub struct SendMail {
    pub to: String,
    pub letter: Letter,
}

impl Job for SendMail {
    const KIND: &'static str = "mail.send";
    const PERMISSION: shared::Permission = shared::Permission::MembersRead;
    // An invitation, a new password, a new organization: each is whoever's who has the link.
    const SEALED: bool = true;

    async fn run(self, context: Context) -> Result<(), Fault> {
        let rendered = self.letter.render()?;
        let message =
            Message { to: self.to, subject: rendered.subject, plain: rendered.plain, html: rendered.html, key: context.id.simple().to_string() };
        context.services.mailer.send(message).await
    }
}

impl ControlJob for SendMail {}
