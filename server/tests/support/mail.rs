//! Reading mail from the folder that stands for a mail server.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The newest link mailed to an address. The worker sends within a moment of the commit.
pub async fn link_to(folder: &Path, email: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(link) = newest(folder, email) {
            return link;
        }
        assert!(Instant::now() < deadline, "no mail with a link to {email}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The mails to an address in which `words` stand.
pub fn mails_to(folder: &Path, email: &str, words: &str) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(folder) else { return Vec::new() };
    let texts = folder.flatten().filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.filter(|text| text.contains(&format!("To: {email}")) && text.contains(words)).collect()
}

/// Of the newest mail that has a link with a token: others may have been sent in the same moment.
fn newest(folder: &Path, email: &str) -> Option<String> {
    let mut mails: Vec<_> =
        std::fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.path().extension().is_some_and(|ending| ending == "eml")).collect();
    mails.sort_by_key(|entry| std::cmp::Reverse(entry.metadata().and_then(|data| data.modified()).ok()));
    let texts = mails.into_iter().filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.filter(|text| text.contains(&format!("To: {email}"))).find_map(|text| link(&text))
}

/// The first link with a token, with soft line breaks of quoted-printable undone.
fn link(mail: &str) -> Option<String> {
    let text = mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
    let at = text.find("?token=")?;
    let start = text[..at].rfind("http")?;
    let end = text[start..].find(|c: char| c.is_whitespace() || c == '"' || c == '<').map_or(text.len(), |end| start + end);
    Some(text[start..end].to_owned())
}
