//! Signing up, signing in, resetting a password, accepting an invitation, and the reader's own
//! account. The forms are plain HTML: they work before the app is loaded, and the server shows the
//! same page again with what was typed and what is wrong with it.

mod door;
mod form_state;
mod invitation;
mod new_organization;
mod new_project;
mod own;
mod recovery;
mod restore;
mod second_factor;
mod second_step;
mod sessions;
mod sign_in;
mod sign_up;
mod single_sign_on;
mod support;

pub(crate) use door::{PostForm, just};
pub use form_state::FormState;
pub(crate) use form_state::use_form_state;
pub use invitation::Invitation;
pub use new_organization::NewOrganization;
pub use new_project::NewProject;
pub use own::AccountPage;
pub use recovery::{ForgotPassword, ResetPassword};
pub use restore::Restore;
pub use second_factor::SecondFactorPage;
pub use second_step::SecondStep;
pub use sign_in::SignIn;
pub use sign_up::{Confirm, SignUp};
pub use single_sign_on::SingleSignOn;
pub use support::Support;
