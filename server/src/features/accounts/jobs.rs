//! Making a link to choose a new password.

use serde::{Deserialize, Serialize};

use super::service;
use crate::{
    access::RequestInfo,
    fault::Fault,
    jobs::{Context, ControlJob, Job},
};

/// Mails a link to an address, if it has an account. Run again, it mails a newer link, and only the newest works.
#[derive(Serialize, Deserialize)]
pub struct MailReset {
    pub email: String,
    /// Of who asked, for the audit log.
    pub request_id: String,
    pub address: String,
}

impl Job for MailReset {
    const KIND: &'static str = "password.mail_reset";
    const PERMISSION: shared::Permission = shared::Permission::MembersRead;

    async fn run(self, context: Context) -> Result<(), Fault> {
        let request = RequestInfo { id: self.request_id, address: self.address, ..RequestInfo::default() };
        service::mail_reset(&context.services, &request, &self.email).await
    }
}

impl ControlJob for MailReset {}
