//! The HTML document around the app, and what a page tells the server about its answer.

use std::{collections::HashMap, sync::Arc};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The files of the built web app, as `manifest.json` of the site folder names them. The server
/// provides it by context.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteManifest {
    /// The stylesheet under `/pkg`.
    pub css: String,
    /// The module that loads the wasm.
    pub js: String,
    /// The module that fetches the parts.
    pub link: String,
    /// The wasm that every page needs.
    pub wasm: String,
    /// The wasm files of each part by the part's name: its own and those it shares with others.
    pub parts: HashMap<String, Vec<String>>,
    /// The text face, latin part, variable weight.
    pub inter: String,
    /// The face of anything a person may copy.
    #[serde(rename = "jetbrains-mono")]
    pub mono: String,
    /// The icon of the browser's tab.
    pub favicon: String,
    /// What the page with GraphiQL loads, and no other.
    pub graphiql: Explorer,
}

/// The files of GraphiQL.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Explorer {
    /// In the order in which they run.
    pub scripts: Vec<String>,
    /// Its own style sheet.
    pub css: String,
}

/// Light, dark, or as the reader's system says. Kept in the cookie `theme`; the server provides it
/// by context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Ink on paper.
    Light,
    /// Paper on ink.
    Dark,
}

impl Theme {
    /// The three choices in the order they are offered.
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// The value of the cookie and of the form field.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads a cookie's value; anything unknown means the system's choice.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == text).unwrap_or_default()
    }

    /// The value of `data-theme` on the document; absent for the system's choice.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.name())
    }
}

/// The address people reach this server at, for snippets. The server may provide it by context; in
/// the browser the address of the page itself is used.
#[derive(Clone, Debug)]
pub struct PublicUrl(pub String);

/// Lets a page set the status of the HTTP answer while it is rendered on the server. The server
/// provides it by context; in the browser there is none.
#[derive(Clone)]
pub struct Respond(Arc<dyn Fn(u16) + Send + Sync>);

impl Respond {
    /// Wraps what sets the status.
    pub fn new(set: impl Fn(u16) + Send + Sync + 'static) -> Self {
        Self(Arc::new(set))
    }
}

/// Sets the status of the answer being rendered, if there is one.
pub fn respond_with(status: u16) {
    if let Some(respond) = use_context::<Respond>() {
        (respond.0)(status);
    }
}

/// The whole document of a page. Expects [`SiteManifest`], and may use [`Theme`], by context.
#[cfg(feature = "ssr")]
pub fn shell() -> impl IntoView {
    use leptos::nonce::use_nonce;
    use leptos_meta::MetaTags;
    use leptos_router::location::RequestUrl;

    use crate::parts::Part;

    let site = use_context::<SiteManifest>().unwrap_or_default();
    let theme = use_context::<Theme>().unwrap_or_default();
    let file = |name: &str| format!("/pkg/{name}");
    let (js, wasm) = (file(&site.js), file(&site.wasm));
    let part = use_context::<RequestUrl>().and_then(|url| Part::of(url.as_ref())).and_then(|part| site.parts.get(part.name()));
    let part = part
        .into_iter()
        .flatten()
        .map(|name| view! { <link rel="preload" href=file(name) r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/> });
    let loader = format!(r#"import start, {{ hydrate }} from "{js}"; start({{ module_or_path: "{wasm}" }}).then(hydrate);"#);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="stylesheet" href=file(&site.css)/>
                // Nothing is painted before the last element is here: what a browser shows of half a page jumps when the other half comes.
                <link rel="expect" href=format!("#{}", crate::kit::LAST) blocking="render"/>
                <link rel="preload" href=file(&site.inter) r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="preload" href=file(&site.mono) r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <link rel="modulepreload" href=js nonce=use_nonce()/>
                <link rel="modulepreload" href=file(&site.link) nonce=use_nonce()/>
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                {part.collect_view()}
                <link rel="icon" href=file(&site.favicon) r#type="image/svg+xml"/>
                <script r#type="module" nonce=use_nonce()>{loader}</script>
                <MetaTags/>
            </head>
            <body>
                <crate::App/>
            </body>
        </html>
    }
}
