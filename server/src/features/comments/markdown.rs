//! Markdown as comments show it. The tags that can come out are the ones written here: raw HTML, images and unknown constructs come out as text.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};

use super::mentions::ends;

/// Lists and quotations inside each other beyond this are shown flat.
const DEPTH_MAX: usize = 12;

fn parser(body: &str) -> impl Iterator<Item = Event<'_>> {
    TextMergeStream::new(Parser::new_ext(body, Options::ENABLE_STRIKETHROUGH))
}

/// The text as HTML. `mentions` are the words after an `@` that name somebody.
pub fn render(body: &str, mentions: &[&str]) -> String {
    let mut page = Page { html: String::with_capacity(body.len() * 2), open: Vec::new(), verbatim: 0, linked: 0, mentions };
    parser(body).for_each(|event| page.event(event));
    page.html
}

/// The texts of a comment without its code, in which somebody may be mentioned.
pub fn prose(body: &str) -> Vec<String> {
    let mut code = 0_usize;
    let mut texts = Vec::new();
    for event in parser(body) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::End(TagEnd::CodeBlock) => code = code.saturating_sub(1),
            Event::Text(text) if code == 0 => texts.push(text.into_string()),
            _ => {}
        }
    }
    texts
}

/// The text without its marks, on one line and at most so many characters: what a notification quotes.
pub fn excerpt(body: &str, most: usize) -> String {
    let mut out = String::new();
    for event in parser(body) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => out.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::End(_) => out.push(' '),
            _ => {}
        }
        if out.len() > most * 8 {
            break;
        }
    }
    let line = out.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}\u{2026}", line[..end].trim_end()),
        None => line,
    }
}

struct Page<'m> {
    html: String,
    /// The tags that close what is open; empty for what is not shown as a tag.
    open: Vec<&'static str>,
    /// Code blocks around.
    verbatim: usize,
    /// Links around: one does not stand in another.
    linked: usize,
    mentions: &'m [&'m str],
}

impl Page<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => {
                let close = self.open.pop().unwrap_or_default();
                self.verbatim -= usize::from(close == "</code></pre>");
                self.linked -= usize::from(close == "</a>");
                self.html.push_str(close);
            }
            Event::Text(text) if self.verbatim > 0 => escape(&mut self.html, &text),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => {
                self.html.push_str("<code>");
                escape(&mut self.html, &code);
                self.html.push_str("</code>");
            }
            Event::Html(text) | Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                escape(&mut self.html, &text);
            }
            // People who write comments mean the lines they type.
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let (open, close) = match tag {
            Tag::Paragraph | Tag::HtmlBlock => ("<p>", "</p>"),
            // The headings of a page are the page's own.
            Tag::Heading { .. } => ("<p><strong>", "</strong></p>"),
            Tag::BlockQuote(_) => ("<blockquote>", "</blockquote>"),
            Tag::CodeBlock(_) => ("<pre tabindex=\"0\"><code>", "</code></pre>"),
            Tag::List(None) => ("<ul>", "</ul>"),
            Tag::List(Some(_)) => ("<ol>", "</ol>"),
            Tag::Item => ("<li>", "</li>"),
            Tag::Emphasis => ("<em>", "</em>"),
            Tag::Strong => ("<strong>", "</strong>"),
            Tag::Strikethrough => ("<del>", "</del>"),
            Tag::Link { dest_url, .. } if self.linked == 0 && is_safe(&dest_url) => {
                self.link(&dest_url);
                self.open.push("</a>");
                return;
            }
            _ => ("", ""),
        };
        let nests = matches!(open, "<blockquote>" | "<ul>" | "<ol>" | "<li>");
        let (open, close) = if nests && self.open.len() > DEPTH_MAX * 2 { ("", "") } else { (open, close) };
        self.verbatim += usize::from(close == "</code></pre>");
        self.html.push_str(open);
        self.open.push(close);
    }

    fn link(&mut self, address: &str) {
        self.html.push_str("<a class=\"link\" href=\"");
        escape(&mut self.html, address);
        self.html.push_str("\" rel=\"nofollow noopener noreferrer\">");
        self.linked += 1;
    }

    /// Text with its mentions, and with addresses that lead somewhere.
    fn text(&mut self, text: &str) {
        let mut rest = text;
        let mut word = false;
        while let Some(c) = rest.chars().next() {
            if c == '@'
                && !word
                && let Some(words) = self.mentioned(&rest[1..])
            {
                self.html.push_str("<span class=\"mention\">@");
                escape(&mut self.html, words);
                self.html.push_str("</span>");
                rest = &rest[1 + words.len()..];
                word = true;
                continue;
            }
            if c == 'h'
                && !word
                && self.linked == 0
                && let Some(address) = address(rest)
            {
                self.link(address);
                escape(&mut self.html, address);
                self.html.push_str("</a>");
                self.linked -= 1;
                rest = &rest[address.len()..];
                word = true;
                continue;
            }
            let end = c.len_utf8();
            escape(&mut self.html, &rest[..end]);
            word = c.is_alphanumeric();
            rest = &rest[end..];
        }
    }

    fn mentioned<'t>(&self, after: &'t str) -> Option<&'t str> {
        let known = ends(after).map(|end| &after[..end]).filter(|words| self.mentions.contains(words));
        known.last()
    }
}

/// A plain address at the beginning of a text, without the punctuation after it.
fn address(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(text.len());
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '_']);
    (address.len() > scheme.len()).then_some(address)
}

/// Whether a link may lead there: to a page, to a mailbox, or within this site.
fn is_safe(address: &str) -> bool {
    let lower: String = address.chars().take(10).flat_map(char::to_lowercase).collect();
    let within = (address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\")) || address.starts_with('#');
    within || ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn html(body: &str) -> String {
        render(body, &[])
    }

    #[test]
    fn what_people_write_is_shown() {
        assert_eq!(html("a *b* **c** ~~d~~ `e`"), "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>");
        assert_eq!(html("# t\n\n- a\n- b"), "<p><strong>t</strong></p><ul><li>a</li><li>b</li></ul>");
        assert_eq!(html("a\nb"), "<p>a<br>b</p>");
        assert_eq!(html("```py\n<x> & 1\n```"), "<pre tabindex=\"0\"><code>&lt;x&gt; &amp; 1\n</code></pre>");
        assert_eq!(render("hi @Ada Lovelace!", &["Ada Lovelace"]), "<p>hi <span class=\"mention\">@Ada Lovelace</span>!</p>");
        assert_eq!(render("`@Ada` @Adam x@Ada", &["Ada"]), "<p><code>@Ada</code> @Adam x@Ada</p>");
        let link = |to: &str, words: &str| format!("<a class=\"link\" href=\"{to}\" rel=\"nofollow noopener noreferrer\">{words}</a>");
        assert_eq!(html("[r](/runs/1)"), format!("<p>{}</p>", link("/runs/1", "r")));
        assert_eq!(
            html("see https://a.example/x?b=1&c=2."),
            format!("<p>see {}.</p>", link("https://a.example/x?b=1&amp;c=2", "https://a.example/x?b=1&amp;c=2"))
        );
    }

    #[test]
    fn t42_nothing_hostile_comes_out() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a <b onclick=x>b</b>",
            "<!-- --><svg/onload=x>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\tscript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:x)",
            "[x](//evil.example)",
            "[x](/\\evil.example)",
            "![x](https://evil.example/pixel.png)",
            "[![x](javascript:x)](javascript:y)",
            "<javascript:alert(1)>",
            "[x](https://a\"onmouseover=\"x)",
            "[a]: javascript:x\n[a]",
            "```\"><script>\nx\n```",
            "@<script>x",
            "&#106;avascript:x [x](&#106;avascript:alert(1))",
            "https://a.example/\"onmouseover=x",
        ];
        for body in hostile {
            let out = render(body, &["<script>x", "x"]);
            let mut rest = out.as_str();
            while let Some(at) = rest.find('<') {
                rest = &rest[at..];
                let tag = &rest[..=rest.find('>').unwrap_or_else(|| panic!("{body}: {out}"))];
                let own = ["p", "strong", "em", "del", "code", "ul", "ol", "li", "br", "hr", "blockquote", "span", "a", "pre"];
                let name = tag.trim_start_matches("</").trim_start_matches('<').split([' ', '>']).next().unwrap_or_default();
                assert!(own.contains(&name), "{body}: {out}");
                if let Some(link) = tag.strip_prefix("<a ") {
                    let to = link.split('"').nth(3).unwrap_or_default();
                    assert!(is_safe(to) && link.matches('"').count() == 6, "{body}: {out}");
                } else {
                    assert!(matches!(tag, "<span class=\"mention\">" | "<pre tabindex=\"0\">") || !tag.contains(' '), "{body}: {out}");
                }
                rest = &rest[tag.len()..];
            }
        }
    }

    #[test]
    fn t42_bombs_cost_little_and_stay_flat() {
        for unit in [">", "[", "- ", "*", "`", "![", "<", "@a ", "> - ", "_a_ ", "https://", "&", "\\", "[a](", "~~"] {
            let body: String = unit.chars().cycle().take(10_000).collect();
            let started = Instant::now();
            let out = html(&body);
            // A debug build on a busy machine; the limit that matters is that it is not quadratic.
            assert!(started.elapsed() < Duration::from_secs(2), "{unit:?}: {:?}", started.elapsed());
            assert!(out.len() < body.len() * 40, "{unit:?}: {}", out.len());
            assert!(out.matches("<blockquote>").count() <= 10_000 && depth(&out) <= DEPTH_MAX * 2 + 4, "{unit:?}");
        }
    }

    fn depth(html: &str) -> usize {
        let (mut now, mut most) = (0_usize, 0);
        for tag in html.split('<').skip(1) {
            if tag.starts_with('/') {
                now -= 1;
            } else if !tag.starts_with("br") && !tag.starts_with("hr") {
                now += 1;
                most = most.max(now);
            }
        }
        most
    }

    #[test]
    fn an_excerpt_is_one_line() {
        assert_eq!(excerpt("# A\n\nb **c**\n`d` <e>", 100), "A b c d <e>");
        assert_eq!(excerpt("abcdef", 3), "abc\u{2026}");
        assert_eq!(excerpt(&"é".repeat(9_000), 140).chars().count(), 141);
    }
}
