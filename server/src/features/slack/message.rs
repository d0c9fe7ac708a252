//! What is posted, in Slack's blocks. Everything that people wrote stands there letter by letter.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Characters that Slack takes in a header, a section, a line of small print, a button, an address and the text that stands for all of it.
const HEADER_MAX: usize = 150;
const SECTION_MAX: usize = 3_000;
const CONTEXT_MAX: usize = 1_000;
const BUTTON_MAX: usize = 75;
const ADDRESS_MAX: usize = 3_000;
const TEXT_MAX: usize = 3_000;

/// What is said, before it is known where it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One sentence: who did what, where.
    pub title: String,
    /// The beginning of what was said; may be empty.
    pub quote: String,
    /// What the button says, and the path it leads to.
    pub button: String,
    pub path: String,
}

impl Message {
    /// What is sent when somebody tries a channel.
    pub fn test(who: &str, path: &str) -> Self {
        let quote = "Messages from Assay will look like this one.".to_owned();
        Self { title: format!("{who} tried this channel"), quote, button: "Choose what is posted".to_owned(), path: path.to_owned() }
    }

    /// As Slack takes it. `settings` is the page on which it is chosen what is posted.
    pub fn payload(&self, organization: &str, public_url: &str, settings: &str) -> Value {
        let mut blocks =
            vec![json!({ "type": "header", "text": { "type": "plain_text", "text": literal(&self.title, HEADER_MAX), "emoji": false } })];
        if !self.quote.is_empty() {
            // `verbatim`: names of channels and addresses in it stay text.
            let quote = format!(">{}", literal(&self.quote, SECTION_MAX - 1).replace('\n', "\n>"));
            blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(&quote, SECTION_MAX), "verbatim": true } }));
        }
        let address = format!("{public_url}{}", self.path);
        if address.chars().count() <= ADDRESS_MAX {
            let button = json!({ "type": "plain_text", "text": literal(&self.button, BUTTON_MAX), "emoji": false });
            blocks.push(json!({ "type": "actions", "elements": [{ "type": "button", "action_id": "open", "text": button, "url": address }] }));
        }
        let settings = literal(&format!("{public_url}{settings}"), ADDRESS_MAX);
        let context = format!("{} on Assay \u{B7} <{settings}|Choose what is posted>", literal(organization, CONTEXT_MAX));
        blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": context, "verbatim": true }] }));
        let quote = if self.quote.is_empty() { String::new() } else { format!(": {}", self.quote) };
        json!({ "text": literal(&format!("{}{quote}", self.title), TEXT_MAX), "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
    }
}

/// A text as Slack's markup shows it letter by letter, at most so many characters of markup. What would call a whole channel is broken in two.
fn literal(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut rest = text.char_indices();
    while let Some((at, letter)) = rest.next() {
        let written: String = match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '@' if calls_everybody(&text[at + 1..]) => "@\u{200B}".to_owned(),
            '\n' => "\n".to_owned(),
            letter if letter.is_control() => " ".to_owned(),
            letter => letter.to_string(),
        };
        let more = written.chars().count();
        let ends = rest.as_str().is_empty();
        // An entity is never cut in two.
        if length + more > most - usize::from(!ends) {
            out.push('\u{2026}');
            return out;
        }
        out.push_str(&written);
        length += more;
    }
    out
}

fn calls_everybody(rest: &str) -> bool {
    ["channel", "here", "everyone", "group"].iter().any(|word| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// Cuts what grew by its marks; an entity that would be cut goes as a whole.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let kept = &text[..end];
            let whole = kept.rfind('&').filter(|at| !kept[*at..].contains(';')).unwrap_or(end);
            text[..whole].to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(title: &str, quote: &str) -> Message {
        Message { title: title.into(), quote: quote.into(), button: "Open".into(), path: "/runs/run_1#thr_1".into() }
    }

    #[test]
    fn what_people_wrote_calls_nobody_and_is_no_link() {
        let hostile = "<!channel> <!subteam^S1> <@U1> <https://evil.example|Open> @here @Channel @everyone &lt;!here&gt; a@b.example";
        let payload = message(hostile, hostile).payload("<!here> & Co", "https://assay.example", "/slack");
        let texts = payload.to_string();
        for forged in ["<!", "<@", "<https://evil", "@here", "@Channel", "@everyone"] {
            assert!(!texts.contains(forged), "{forged}: {texts}");
        }
        assert!(texts.contains("&lt;!channel&gt;") && texts.contains("&amp;lt;!here&amp;gt;") && texts.contains("a@b.example"), "{texts}");
        assert!(texts.contains("<https://assay.example/slack|Choose what is posted>"), "{texts}");
        assert_eq!(payload["blocks"][2]["elements"][0]["url"], "https://assay.example/runs/run_1#thr_1");
    }

    #[test]
    fn nothing_is_longer_than_slack_takes() {
        for letter in ["&", "<", "a", "\n", "\u{1F600}", "@here "] {
            let long = letter.repeat(20_000);
            let payload = message(&long, &long).payload(&long, "https://assay.example", "/slack");
            let length = |value: &Value| value.as_str().expect("a text").chars().count();
            let blocks = payload["blocks"].as_array().expect("blocks");
            assert!(blocks.len() <= 50 && length(&payload["text"]) <= TEXT_MAX, "{letter:?}");
            assert!(length(&blocks[0]["text"]["text"]) <= HEADER_MAX && length(&blocks[1]["text"]["text"]) <= SECTION_MAX, "{letter:?}");
            assert!(length(&blocks[3]["elements"][0]["text"]) <= 3_000, "{letter:?}");
            for text in [&payload["text"], &blocks[0]["text"]["text"], &blocks[1]["text"]["text"]] {
                let text = text.as_str().expect("a text");
                let entities = ["&amp;", "&lt;", "&gt;"].iter().map(|entity| text.matches(entity).count()).sum::<usize>();
                assert_eq!(text.matches('&').count(), entities, "{letter:?}: an entity was cut");
            }
        }
    }

    #[test]
    fn short_texts_stand_whole() {
        assert_eq!(literal("abc", 3), "abc");
        assert_eq!(literal("abcd", 3), "ab\u{2026}");
        assert_eq!(literal("a&", 6), "a&amp;");
        assert_eq!(literal("a\r\u{7}b", 9), "a  b");
    }
}
