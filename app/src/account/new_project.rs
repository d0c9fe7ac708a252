use leptos::prelude::*;

use super::{door::PostForm, form_state::use_form_state};
use crate::{
    frame::use_viewer,
    kit::{Card, Empty, Field, Icon, Page, field},
};
use shared::Permission;

/// The page at `/new-project`: a further shelf for experiments and models.
#[component]
pub fn NewProject() -> impl IntoView {
    let state = use_form_state();
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::ProjectsWrite)) {
        crate::respond_with(403);
        return view! { <Page title="New project"><Empty icon=Icon::BAN title="Not for your role">"Your roles do not include making projects. An owner or admin can change that."</Empty></Page> }.into_any();
    }
    let facts = || view! { <span>"Names of experiments and models belong to their project: two projects may each have a baseline"</span> };
    view! {
        <Page title="New project" facts=facts>
            <div class="account">
                <Card>
                    <PostForm action="/new-project" state=state.clone() fields=&["name"] submit="Create the project">
                        <Field name="name" label="Name" hint="Everybody in the organization sees it. Scripts choose it as their workspace." autofocus=true value=state.value("name") error=state.error_of("name") rule=field::name as field::Rule/>
                    </PostForm>
                </Card>
            </div>
        </Page>
    }
    .into_any()
}
