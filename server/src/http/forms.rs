//! The plain HTML forms around signing in. They work before any script has loaded: success answers
//! with a redirect, a refusal with the same page, what was typed and what is wrong with it.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration as CookieDuration},
    http::{StatusCode, header},
    web,
};
use app::FormState;
use shared::ErrorCode;

use super::{Edge, caller, once, pages, render};
use crate::{
    access::{ActorKind, Scope},
    config::Config,
    fault::Fault,
    features::{
        accounts::{self, SignUp},
        invitations,
        sessions::{self, Opened, Switched},
        sign_in_policy::{self, Wanted},
    },
};

pub(super) type Fields = web::Form<once::Fields>;

pub fn configure(app: &mut web::ServiceConfig) {
    app.app_data(web::FormConfig::default().limit(16 * 1024))
        .route("/sign-in", web::post().to(sign_in))
        .route("/sign-up", web::post().to(sign_up))
        .route("/confirm", web::post().to(confirm))
        .route("/forgot-password", web::post().to(forgot_password))
        .route("/reset-password", web::post().to(reset_password))
        .route("/invitation", web::post().to(accept_invitation))
        .route("/sign-out", web::post().to(sign_out))
        .route("/sign-out-everywhere", web::post().to(sign_out_everywhere))
        .route("/organization", web::post().to(switch_organization))
        .route("/end-session", web::post().to(end_session))
        .route("/end-other-sessions", web::post().to(end_other_sessions))
        .route("/access", web::post().to(update_sign_in_policy))
        .route("/new-organization", web::post().to(found_organization))
        .route("/theme", web::post().to(theme));
}

pub(super) fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.get(name).map_or("", String::as_str)
}

async fn sign_in(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    let info = caller::request_info(&request);
    match sessions::sign_in(&edge.services, &info, field(&fields, "email"), field(&fields, "password")).await {
        Ok(opened) => signed_in(&request, &edge, &opened, field(&fields, "next")).await,
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn sign_up(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    let form = SignUp {
        organization: field(&fields, "organization"),
        name: field(&fields, "name"),
        email: field(&fields, "email"),
        password: field(&fields, "password"),
    };
    match accounts::sign_up(&edge.services, &caller::request_info(&request), form).await {
        Ok(()) => see_other("/sign-up?sent=1"),
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn confirm(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    match accounts::confirm_sign_up(&edge.services, &caller::request_info(&request), field(&fields, "token")).await {
        Ok(opened) => signed_in(&request, &edge, &opened, "/").await,
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn forgot_password(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    match accounts::request_reset(&edge.services, &caller::request_info(&request), field(&fields, "email")).await {
        Ok(()) => see_other("/forgot-password?sent=1"),
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn reset_password(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    match accounts::reset_password(&edge.services, &caller::request_info(&request), field(&fields, "token"), field(&fields, "password")).await {
        Ok(()) => with_cookie(see_other("/sign-in?reset=1"), ended(&edge.services.config)),
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn accept_invitation(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    let info = caller::request_info(&request);
    match invitations::accept(&edge.services, &info, field(&fields, "token"), field(&fields, "name"), field(&fields, "password")).await {
        Ok(opened) => signed_in(&request, &edge, &opened, "/").await,
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn sign_out(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let outcome = match caller::authenticate(&request, &edge.services).await {
        Ok(scope) => sessions::sign_out(&edge.services, &scope).await,
        Err(fault) => Err(fault),
    };
    left(&edge.services.config, outcome)
}

async fn sign_out_everywhere(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let outcome = match caller::authenticate(&request, &edge.services).await {
        Ok(scope) => sessions::sign_out_everywhere(&edge.services, &scope).await,
        Err(fault) => Err(fault),
    };
    left(&edge.services.config, outcome)
}

async fn switch_organization(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    Ok(see_other(match sessions::switch_organization(&edge.services, &scope, field(&fields, "organization")).await? {
        Switched::There => "/",
        Switched::TooOld => "/account?switch=too-old",
        Switched::NotAdmitted => "/account?switch=not-admitted",
        Switched::OtherWay => "/account?switch=other-way",
    }))
}

async fn end_session(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    match sessions::end(&edge.services, &scope, field(&fields, "session").parse()?).await {
        // Pressed twice, or it had ended by itself: what was asked for is so.
        Err(fault) if fault.code() != ErrorCode::NotFound => Err(fault),
        _ => Ok(see_other("/account?ended=one")),
    }
}

async fn end_other_sessions(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    sessions::end_others(&edge.services, &scope).await?;
    Ok(see_other("/account?ended=others"))
}

async fn update_sign_in_policy(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    let outcome = match (scope.grant(), wanted_policy(&fields)) {
        (Ok(grant), Ok(wanted)) => sign_in_policy::update(grant, wanted).await,
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    };
    Ok(match outcome {
        Ok(_) => see_other("/access?saved=1"),
        Err(fault) => refused_inside(&request, &edge, Some(scope), &fields, &fault).await,
    })
}

async fn found_organization(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    Ok(match accounts::found_organization(&edge.services, &scope, field(&fields, "organization")).await {
        Ok(()) => see_other("/"),
        Err(fault) => refused_inside(&request, &edge, Some(scope), &fields, &fault).await,
    })
}

fn wanted_policy(fields: &Fields) -> Result<Wanted, Fault> {
    let session_minutes = match field(fields, "sessionMinutes") {
        "" => None,
        minutes => Some(minutes.parse().map_err(|_| Fault::invalid("sessionMinutes", "Choose one of the lengths."))?),
    };
    let mail_domains = field(fields, "mailDomains").split([',', ' ', '\r', '\n']).map(str::to_owned).collect();
    // An unticked box is not sent, and stands for nobody.
    let shut_out = field(fields, "shutOut").parse().unwrap_or(0);
    Ok(Wanted { session_minutes, mail_domains, shut_out })
}

/// Remembers light or dark for a year and goes back to the page.
async fn theme(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    let theme = app::Theme::parse(field(&fields, "theme"));
    let cookie = lasting_cookie(&edge.services.config, "theme", theme.name());
    let back = request
        .headers()
        .get(header::REFERER)
        .and_then(|referer| referer.to_str().ok())
        .and_then(|referer| referer.split_once("://"))
        .and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..]));
    let next = if field(&fields, "next").is_empty() { back.unwrap_or("/") } else { field(&fields, "next") };
    with_cookie(see_other(own_path(next)), cookie)
}

/// A refusal shows the same page again; passwords and secrets are never sent back.
async fn refused(request: &HttpRequest, edge: &Edge, fields: &Fields, fault: &Fault) -> HttpResponse {
    refused_inside(request, edge, None, fields, fault).await
}

/// The same on a page of somebody who has signed in.
pub(super) async fn refused_inside(request: &HttpRequest, edge: &Edge, scope: Option<Scope>, fields: &Fields, fault: &Fault) -> HttpResponse {
    if matches!(fault.code(), ErrorCode::Unavailable | ErrorCode::Internal) {
        return render::response(fault);
    }
    let values = fields
        .iter()
        .filter(|(name, _)| !name.contains("password") && !name.contains("Secret"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let form = FormState { error: Some(fault.message().to_owned()), field: fault.field().map(str::to_owned), values };
    let status = if fault.code() == ErrorCode::Invalid { StatusCode::UNPROCESSABLE_ENTITY } else { render::status(fault) };
    pages::form_again(request, edge, scope, form, status).await
}

/// Hands the new session to the browser. The one that it had ends, so that an old copy of its cookie is worth nothing.
pub(super) async fn signed_in(request: &HttpRequest, edge: &Edge, opened: &Opened, next: &str) -> HttpResponse {
    match caller::scope_of(request, &edge.services).await {
        Ok(Some(scope)) if scope.actor().kind == ActorKind::Member => {
            if let Err(fault) = sessions::sign_out(&edge.services, &scope).await {
                return render::response(&fault);
            }
        }
        Err(fault) if fault.code() != ErrorCode::Unauthenticated => return render::response(&fault),
        _ => {}
    }
    let config = &edge.services.config;
    let max_age = CookieDuration::try_from(opened.max_age).unwrap_or(CookieDuration::days(1));
    with_cookie(see_other(own_path(next)), cookie(config, opened.secret.expose(), max_age))
}

fn left(config: &Config, outcome: Result<(), Fault>) -> HttpResponse {
    match outcome {
        Err(fault) if fault.code() != ErrorCode::Unauthenticated => render::response(&fault),
        _ => with_cookie(see_other("/sign-in"), ended(config)),
    }
}

fn cookie<'c>(config: &Config, value: &'c str, max_age: CookieDuration) -> Cookie<'c> {
    private_cookie(config, caller::session_cookie(config), value, max_age)
}

/// A cookie that no script reads, kept to encrypted connections where the server has them.
pub(super) fn private_cookie<'c>(config: &Config, name: &'c str, value: &'c str, max_age: CookieDuration) -> Cookie<'c> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        // Lax: a link from elsewhere leads to the page it names, and a provider's page leads back.
        .same_site(SameSite::Lax)
        .secure(config.is_secure())
        .max_age(max_age)
        .finish()
}

/// A cookie that keeps a choice for a year; our pages read it too. An empty value forgets it.
pub(super) fn lasting_cookie<'c>(config: &Config, name: &'c str, value: &'c str) -> Cookie<'c> {
    let age = if value.is_empty() { CookieDuration::ZERO } else { CookieDuration::days(365) };
    Cookie::build(name, value).path("/").same_site(SameSite::Lax).secure(config.is_secure()).max_age(age).finish()
}

fn ended(config: &Config) -> Cookie<'static> {
    cookie(config, "", CookieDuration::ZERO)
}

pub(super) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

pub(super) fn with_cookie(mut response: HttpResponse, cookie: Cookie<'_>) -> HttpResponse {
    if let Err(error) = response.add_cookie(&cookie) {
        return render::response(&Fault::internal(error));
    }
    response
}

/// A path on this site, or the start page: nobody is sent elsewhere.
pub(super) fn own_path(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t'])
        && !next.chars().any(char::is_control)
        && next.is_ascii();
    if own { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t69_nobody_is_sent_to_another_site() {
        for evil in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "",
            "evil",
            "/\tx",
            "/x\r\nSet-Cookie: a=b",
            "\\\\evil",
        ] {
            assert_eq!(own_path(evil), "/", "{evil:?}");
        }
        assert_eq!(own_path("/runs/1?x=2"), "/runs/1?x=2");
    }
}
