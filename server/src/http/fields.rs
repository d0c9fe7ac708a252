//! Which fields each form has.

use std::ops::Deref;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures::future::LocalBoxFuture;
use shared::ErrorCode;

use super::once;
use crate::fault::Fault;

/// The forms with the fields that each has. Whatever else is sent, the whole form is refused: nobody shall think that it counted.
const FORMS: &[(&str, &[&str])] = &[
    ("/sign-in", &["email", "password", "next"]),
    ("/sign-up", &["organization", "name", "email", "password"]),
    ("/confirm", &["token"]),
    ("/forgot-password", &["email"]),
    ("/reset-password", &["token", "password"]),
    ("/invitation", &["token", "name", "password"]),
    ("/restore", &["token"]),
    ("/support", &["token"]),
    ("/organization", &["organization"]),
    ("/end-session", &["session"]),
    ("/second-factor", &["code"]),
    ("/account/second-factor", &["act", "sealed", "code", "password", "passwordOrCode"]),
    ("/access", &["sessionMinutes", "mailDomains", "secondFactorRequired", "shutOut"]),
    ("/access/single-sign-on", &["kind", "label", "issuer", "clientId", "clientSecret", "groupsClaim", "groupRoles", "defaultRole", "required"]),
    ("/new-organization", &["organization"]),
    ("/project", &["project", "next"]),
    ("/new-project", &["name"]),
    ("/theme", &["theme", "next"]),
];

/// The fields of one of the [`FORMS`], each sent at most once and none of them unknown.
pub(super) struct Fields(once::Fields);

impl Deref for Fields {
    type Target = once::Fields;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromRequest for Fields {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = web::Form::<once::Fields>::from_request(request, payload);
        let known = FORMS.iter().find(|(path, _)| *path == request.path()).map_or(&[][..], |(_, fields)| *fields);
        Box::pin(async move {
            let fields = form.await?.into_inner();
            match fields.keys().find(|name| !known.contains(&name.as_str())) {
                None => Ok(Self(fields)),
                Some(_) => Err(Fault::new(ErrorCode::Invalid, "The form has a field that is not known here.").into()),
            }
        })
    }
}

/// A field's text; empty when it was not sent.
pub(super) fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.get(name).map_or("", String::as_str)
}
