//! Sending mail: by SMTP, or into a folder where nobody has set up a mail server yet.

use lettre::{
    AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};

use super::telemetry::{Span, SpanKind};
use crate::fault::Fault;

/// A mail with a plain and an HTML part.
#[derive(Clone, Debug)]
pub struct Message {
    pub to: String,
    pub subject: String,
    pub plain: String,
    pub html: String,
    /// The same for every attempt to send this mail, so that a receiver can drop a repetition.
    pub key: String,
}

/// Where mail goes.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl Mailer {
    /// `smtp://[user:password@]host:port`, `smtps://…` (TLS from the first byte), or `file:FOLDER`.
    ///
    /// # Errors
    /// `Internal` when the URL or the sender's address cannot be read.
    pub fn new(url: &str, from: &str) -> Result<Self, Fault> {
        let transport = match url.strip_prefix("file:") {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(Fault::internal)?;
                Transport::Folder(AsyncFileTransport::new(folder))
            }
            None => Transport::Smtp(AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(Fault::internal)?.build()),
        };
        Ok(Self { from: from.parse().map_err(Fault::internal)?, transport })
    }

    /// Hands the mail over.
    ///
    /// # Errors
    /// `Unavailable` when the server does not take it; `Invalid` when the address cannot be mailed.
    pub async fn send(&self, message: Message) -> Result<(), Fault> {
        let to: Mailbox = message.to.parse().map_err(|_| Fault::invalid("email", "This address cannot be mailed."))?;
        let mail = Mail::builder()
            .from(self.from.clone())
            .to(to)
            .subject(message.subject)
            .message_id(Some(format!("<{}@assay>", message.key)))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(message.plain, message.html))
            .map_err(Fault::internal)?;
        // Whom it is for and what it says is told nobody else.
        let span = Span::part("send mail", SpanKind::Client);
        span.set("network.protocol.name", if matches!(self.transport, Transport::Smtp(_)) { "smtp" } else { "file" });
        span.around(self.hand_over(mail)).await.inspect_err(|fault| span.fail(fault.code().as_str()))
    }

    async fn hand_over(&self, mail: Mail) -> Result<(), Fault> {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(mail).await.map(drop).map_err(Fault::unavailable),
            Transport::Folder(folder) => folder.send(mail).await.map(drop).map_err(Fault::unavailable),
        }
    }
}

/// Keeps vacation responders quiet (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}
