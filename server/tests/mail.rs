//! Every letter that can be caused, as a real mail server receives it: a plain part and an HTML part that say the same, and nothing that a name smuggled in.

use std::{collections::BTreeSet, path::PathBuf};

use crate::support::{
    Actor, PASSWORD, World,
    html::elements,
    mail::link_to,
    phone::{PAGE, Phone},
    tracking::run_in,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

/// A name as an attacker chooses it.
const HOSTILE: &str = "<img src=x onerror=alert(1)> & \"Co\" {{ 7*7 }}";

/// A mail or a part of one: headers in lower case with their values, and the decoded body.
struct Part {
    headers: Vec<(String, String)>,
    body: String,
}

impl Part {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        // A line that begins with a space continues the one before it.
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let headers = head.split("\r\n").filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let mut part = Self { headers: headers.collect(), body: String::new() };
        part.body = match part.headers.iter().find(|(name, _)| name == "content-transfer-encoding").map(|(_, value)| value.as_str()) {
            Some("quoted-printable") => unquote(body).replace("\r\n", "\n"),
            Some("base64") => String::from_utf8(STANDARD.decode(body.replace("\r\n", "")).expect("base64")).expect("UTF-8"),
            Some(_) => body.replace("\r\n", "\n"),
            None => body.to_owned(),
        };
        part
    }

    /// The value of a header that must be there once.
    fn header(&self, name: &str) -> &str {
        let values: Vec<&str> = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect();
        assert_eq!(values.len(), 1, "{name}: {:?}", self.headers);
        values[0]
    }

    fn parts(&self) -> Vec<Self> {
        let boundary = self.header("content-type").split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a boundary");
        let all: Vec<&str> = self.body.split(&format!("--{boundary}")).collect();
        assert!(all.last().is_some_and(|end| end.starts_with("--")), "the last boundary closes it");
        all[1..all.len() - 1].iter().map(|part| Self::read(part.trim_start_matches("\r\n"))).collect()
    }
}

fn unquote(text: &str) -> String {
    let (text, mut bytes, mut at) = (text.replace("=\r\n", ""), Vec::new(), 0);
    while let Some(byte) = text.as_bytes().get(at) {
        let code = (*byte == b'=').then(|| text.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok())).flatten();
        bytes.push(code.unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What a browser makes of an attribute's text.
fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/").replace("&#x27;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The addresses in a plain text.
fn links(text: &str) -> BTreeSet<String> {
    text.split_whitespace().filter(|word| word.starts_with("http")).map(str::to_owned).collect()
}

fn folder() -> PathBuf {
    std::env::var("ASSAY_TEST_MAIL_DIR").expect("ASSAY_TEST_MAIL_DIR is where the mail server keeps mails; infra/test starts one").into()
}

/// The mails to an address, in the order in which they came.
fn mails_to(email: &str) -> Vec<Part> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    files.sort();
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.filter(|text| text.contains(&format!("To: {email}\r\n"))).map(|text| Part::read(&text)).collect()
}

/// Looks at a mail from all sides; returns what it says in plain text.
fn examine(mail: &Part, to: &str, link: &str) -> String {
    assert_eq!((mail.header("to"), mail.header("mime-version"), mail.header("auto-submitted")), (to, "1.0", "auto-generated"));
    assert!(mail.header("from").contains("assay@localhost") && !mail.header("subject").is_empty() && !mail.header("date").is_empty());
    let id = mail.header("message-id");
    assert!(id.starts_with('<') && id.ends_with("@assay>") && id.len() == 32 + 8, "{id}");
    let known = ["from", "to", "subject", "message-id", "auto-submitted", "mime-version", "date", "content-type"];
    assert!(mail.headers.iter().all(|(name, _)| known.contains(&name.as_str())), "{:?}", mail.headers);
    assert!(mail.header("content-type").starts_with("multipart/alternative;"), "{}", mail.header("content-type"));
    let parts = mail.parts();
    let [plain, html] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    assert_eq!((plain.header("content-type"), html.header("content-type")), ("text/plain; charset=utf-8", "text/html; charset=utf-8"));

    let elements = elements(&html.body);
    let allowed = ["html", "head", "meta", "title", "body", "div", "p", "a"];
    assert!(elements.iter().all(|element| allowed.contains(&element.name.trim_start_matches('/'))), "{elements:?}");
    assert!(elements.iter().flat_map(|element| &element.attributes).all(|(name, _)| !name.starts_with("on")), "{elements:?}");
    let anchors: Vec<String> = elements.iter().filter_map(|element| element.attribute("href")).map(unescape).collect();
    let [anchor] = anchors.as_slice() else { panic!("{anchors:?}") };
    assert!(anchor.starts_with(link), "{anchor}");
    assert!(plain.body.contains(&format!(": {anchor}\n")), "{}", plain.body);
    // The same words, and the same links.
    let words = unescape(&html.body);
    assert!(links(&plain.body).iter().all(|link| words.contains(link.as_str())), "{words}");
    for line in plain.body.lines().filter(|line| !line.is_empty() && !line.contains(&format!(": {anchor}"))) {
        assert!(words.contains(line), "{line}\n{words}");
    }
    plain.body.clone()
}

#[tokio::test]
async fn every_letter_has_two_parts_that_say_the_same_and_no_name_becomes_markup() {
    let smtp = std::env::var("ASSAY_TEST_SMTP").expect("ASSAY_TEST_SMTP is a mail server; infra/test starts one");
    let world = World::idle(&[&format!("--mail={smtp}")]).await;
    let unique = Uuid::now_v7().simple();
    let (owner, colleague) = (format!("owner-{unique}@example.com"), format!("colleague-{unique}@example.com"));
    let (browser, site) = (world.anonymous(), world.url.replace("127.0.0.1", "localhost"));
    let token = async |email: &str| link_to(&folder(), email).await.split("token=").nth(1).expect("a token").to_owned();

    let form = [("organization", HOSTILE), ("name", HOSTILE), ("email", owner.as_str()), ("password", PASSWORD)];
    assert_eq!(browser.form("/sign-up", &form).await.status, 303);
    world.drain().await;
    let confirm = browser.form("/confirm", &[("token", &token(&owner).await)]).await;
    assert_eq!(confirm.status, 303, "{}", confirm.text());
    assert_eq!(browser.form("/sign-up", &form).await.status, 303, "once more, with an address that has an account");
    world.drain().await;
    let invited =
        browser.graphql("mutation($email: String!) { inviteMember(email: $email, role: \"data_scientist\") { id } }", json!({ "email": colleague }));
    assert!(invited.await["errors"].is_null());
    world.drain().await;
    let other = Actor::accept_invitation(&world, &link_to(&folder(), &colleague).await, HOSTILE, PASSWORD).await;
    let run = run_in(&browser.token(&["*"]).await, "0").await;
    let about = json!({ "input": { "about": format!("run_{run}"), "body": format!("@{owner} <script>alert(1)</script>") } });
    let started = other.graphql("mutation($input: StartThreadInput!) { startThread(input: $input) { id } }", about).await;
    assert!(started["errors"].is_null(), "{started}");
    world.clock.advance(TimeDelta::seconds(130));
    world.drain().await;
    // A second factor: on, a sign-in with a recovery code, new codes, off.
    let phone = Phone::set_up(&world, &browser).await;
    world.drain().await;
    let elsewhere = world.anonymous();
    assert_eq!(elsewhere.form("/sign-in", &[("email", &owner), ("password", PASSWORD)]).await.header("location"), "/second-factor");
    assert_eq!(elsewhere.form("/second-factor", &[("code", &phone.codes[0])]).await.status, 303);
    world.drain().await;
    for (act, status) in [("codes", 200), ("remove", 303)] {
        assert_eq!(browser.form(PAGE, &[("act", act), ("passwordOrCode", PASSWORD)]).await.status, status, "{act}");
        world.drain().await;
    }
    // Deleted, about to be erased, and restored.
    let fresh = world.anonymous();
    assert_eq!(fresh.form("/sign-in", &[("email", &owner), ("password", PASSWORD)]).await.status, 303);
    let closed = fresh.graphql("mutation($name: String!) { closeOrganization(name: $name) { eraseAt } }", json!({ "name": HOSTILE })).await;
    assert!(closed["errors"].is_null(), "{closed}");
    world.drain().await;
    world.clock.advance(TimeDelta::days(13));
    world.drain().await;
    assert_eq!(browser.form("/restore", &[("token", &token(&owner).await)]).await.status, 303);
    world.drain().await;
    assert_eq!(browser.form("/forgot-password", &[("email", &owner)]).await.status, 303);
    world.drain().await;
    let reset = browser.form("/reset-password", &[("token", &token(&owner).await), ("password", "another good password")]).await;
    assert_eq!(reset.status, 303, "{}", reset.text());
    world.drain().await;

    let (to_owner, to_colleague) = (mails_to(&owner), mails_to(&colleague));
    assert_eq!((to_owner.len(), to_colleague.len()), (12, 1));
    let mine = "/forgot-password";
    let owners = [
        "/confirm?token=",
        "/sign-in",
        "/runs/",
        mine,
        mine,
        mine,
        mine,
        "/restore?token=",
        "/restore?token=",
        "/sign-in",
        "/reset-password?token=",
        "/forgot-password",
    ];
    let mut said: Vec<String> = to_owner.iter().zip(owners).map(|(mail, path)| examine(mail, &owner, &format!("{site}{path}"))).collect();
    said.push(examine(&to_colleague[0], &colleague, &format!("{site}/invitation?token=")));
    assert!(said.iter().all(|text| text.contains(HOSTILE)), "who is meant is named, letter by letter: {said:?}");
    assert!(said[2].contains("<script>alert(1)</script>") && said[2].contains("mentioned you"), "{}", said[2]);
    let ids: BTreeSet<&str> = to_owner.iter().chain(&to_colleague).map(|mail| mail.header("message-id")).collect();
    assert_eq!(ids.len(), 13, "each has an id of its own");
    let unread: Value = browser.graphql("{ viewer { email } }", Value::Null).await;
    assert_eq!(Actor::code(&unread), "UNAUTHENTICATED", "the last letter told the truth: all sessions were signed out");
}
