//! Signing up, signing in, resetting a password, accepting an invitation: plain HTML forms.

mod form_state;

use leptos::prelude::*;

pub use form_state::FormState;

macro_rules! soon { ($($name:ident)*) => { $(#[component] pub fn $name() -> impl IntoView { let _ = form_state::use_form_state(); view! { <main class="alone"></main> } })* } }
soon!(SignIn SignUp ForgotPassword ResetPassword Invitation AccountPage);
