//! Every component with its states, on sample data that never changes: what a new page is made
//! from, and what the browser test of the kit looks at.

mod basics;
mod charts;
mod forms;
mod kinds;
mod overlays;
mod sample;
mod tables;

use leptos::prelude::*;

use crate::{
    frame,
    kit::{ButtonKind, ButtonLink, Crumb, Icon, IconButton, Page, Tab, Tabs},
};

/// The page at `/kit`.
#[component]
pub fn GalleryPage() -> impl IntoView {
    frame::around(sample::viewer(), vec![sample::project()], None, || view! { <Gallery/> }.into_any())
}

#[component]
fn Gallery() -> impl IntoView {
    let facts = || view! { <span>"Every component with its states"</span><span>"sample data"</span><span>"both themes"</span> };
    let starred = RwSignal::new(false);
    let actions = move || {
        view! {
            <IconButton icon=Icon::TAG label="Mark this page" pressed=Signal::derive(move || Some(starred.get())) on_press=move || starred.update(|on| *on = !*on)/>
            <ButtonLink href="#tables">"To the tables"</ButtonLink>
            <ButtonLink href="#charts" kind=ButtonKind::Primary icon=Icon::CHART_LINE>"To the charts"</ButtonLink>
        }
    };
    let tabs = vec![Tab::new("Components", "/kit").count(24), Tab::new("Overview", "/"), Tab::new("Experiments", "/experiments")];
    view! {
        <Page title="Component kit" crumbs=vec![Crumb::new("Overview", "/")] facts=facts actions=actions>
            <Tabs tabs label="Parts of the gallery"/>
            <div class="gallery">
                <basics::Basics/>
                <charts::Charts/>
                <kinds::Kinds/>
                <tables::Tables/>
                <forms::Forms/>
                <overlays::Overlays/>
                <basics::States/>
            </div>
        </Page>
    }
    .into_any()
}

/// A part of the gallery with its heading.
#[component]
fn Part(id: &'static str, title: &'static str, children: Children) -> impl IntoView {
    view! { <section class="part" id=id aria-label=title><h2>{title}</h2>{children()}</section> }.into_any()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// It stands around every page, this one too, and is seen as soon as a toast is made.
    const AROUND: [&str; 1] = ["ToastRegion"];

    /// The texts of the Rust files below a folder.
    fn texts(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(texts(&path));
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(fs::read_to_string(&path).expect("readable"));
            }
        }
        found
    }

    fn name(text: &str) -> String {
        text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
    }

    #[test]
    fn every_component_of_the_kit_is_shown() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (kit, gallery) = (texts(&source.join("kit")), texts(&source.join("gallery")));
        let made = kit.iter().flat_map(|text| text.split("#[component]").skip(1));
        let made: BTreeSet<String> = made.filter_map(|text| text.trim_start().strip_prefix("pub fn ").map(name)).collect();
        let shown: BTreeSet<String> = gallery.iter().flat_map(|text| text.split('<').skip(1)).map(name).collect();
        assert!(made.len() > 40, "{made:?}");
        let missing: Vec<&str> = made.difference(&shown).map(String::as_str).collect();
        assert_eq!(missing, AROUND, "what of the kit the gallery does not show");
    }
}
