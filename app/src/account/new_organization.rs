use leptos::prelude::*;

use super::{door::PostForm, form_state::use_form_state};
use crate::kit::{Card, Field, Page, field};

/// The page at `/new-organization`: somebody who has signed in founds a further organization.
#[component]
pub fn NewOrganization() -> impl IntoView {
    let state = use_form_state();
    let facts = || view! { <span>"Experiments, models and the people who work on them stay inside it"</span> };
    view! {
        <Page title="New organization" facts=facts>
            <div class="account">
                <Card>
                    <PostForm action="/new-organization" state=state.clone() fields=&["organization"] submit="Create the organization">
                        <Field name="organization" label="Name" hint="The name your team knows it by. You become its owner; your other organizations stay as they are." autocomplete="organization" autofocus=true value=state.value("organization") error=state.error_of("organization") rule=field::name as field::Rule/>
                    </PostForm>
                </Card>
            </div>
        </Page>
    }
    .into_any()
}
