//! The plain HTML forms around signing in. They work before any script has loaded: success answers
//! with a redirect, a refusal with the same page, what was typed and what is wrong with it.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration as CookieDuration},
    http::{StatusCode, header},
    web,
};
use app::FormState;
use shared::{ErrorCode, Permission, limits::PASSWORD_MAX_BYTES};

use super::{
    Edge, caller,
    fields::{Fields, field},
    pages, render,
    routes::{Route, Who},
    second_factor,
};
use crate::{
    access::{ActorKind, Scope},
    config::Config,
    fault::Fault,
    features::{
        accounts::{self, SignUp},
        closing, invitations,
        sessions::{self, Opened, SignedIn, Switched},
        sign_in_policy::{self, Wanted},
        support,
    },
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/sign-in", Who::Public, || web::to(sign_in)),
    Route::post("/sign-up", Who::Public, || web::to(sign_up)),
    Route::post("/confirm", Who::Public, || web::to(confirm)),
    Route::post("/forgot-password", Who::Public, || web::to(forgot_password)),
    Route::post("/reset-password", Who::Public, || web::to(reset_password)),
    Route::post("/invitation", Who::Public, || web::to(accept_invitation)),
    Route::post("/restore", Who::Public, || web::to(restore_organization)),
    Route::post("/support", Who::Public, || web::to(begin_support)),
    Route::post("/theme", Who::Public, || web::to(theme)),
    Route::post("/sign-out", Who::SignedIn, || web::to(sign_out)),
    Route::post("/sign-out-everywhere", Who::SignedIn, || web::to(sign_out_everywhere)),
    Route::post("/organization", Who::SignedIn, || web::to(switch_organization)),
    Route::post("/new-organization", Who::SignedIn, || web::to(found_organization)),
    Route::post("/end-session", Who::Needs(Permission::TokensOwn), || web::to(end_session)),
    Route::post("/end-other-sessions", Who::Needs(Permission::TokensOwn), || web::to(end_other_sessions)),
    Route::post("/access", Who::Needs(Permission::OrganizationWrite), || web::to(update_sign_in_policy)),
];

/// How much a form may hold.
pub(super) fn limits() -> web::FormConfig {
    web::FormConfig::default().limit(16 * 1024).error_handler(|_, _| Fault::new(ErrorCode::Invalid, "This form cannot be read.").into())
}

async fn sign_in(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    let info = caller::request_info(&request);
    let next = field(&fields, "next");
    match sessions::sign_in(&edge.services, &info, field(&fields, "email"), field(&fields, "password"), next).await {
        Ok(outcome) => let_in(&request, &edge, &fields, outcome, next).await,
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
        Ok(outcome) => let_in(&request, &edge, &fields, outcome, "/").await,
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn restore_organization(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    match closing::restore(&edge.services, &caller::request_info(&request), field(&fields, "token")).await {
        Ok(()) => see_other("/restore?done=1"),
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn begin_support(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    match support::begin(&edge.services, &caller::request_info(&request), field(&fields, "token")).await {
        Ok(opened) => signed_in(&request, &edge, &opened, "/").await,
        Err(fault) => refused(&request, &edge, &fields, &fault).await,
    }
}

async fn sign_out(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let outcome = match caller::authenticate(&request, &edge.services).await {
        Ok(scope) => end(&edge, &scope).await,
        Err(fault) => Err(fault),
    };
    left(&edge.services.config, outcome)
}

async fn sign_out_everywhere(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let outcome = match caller::authenticate(&request, &edge.services).await {
        // The support is nowhere else.
        Ok(scope) if scope.actor().kind == ActorKind::Support => end(&edge, &scope).await,
        Ok(scope) => sessions::sign_out_everywhere(&edge.services, &scope).await,
        Err(fault) => Err(fault),
    };
    left(&edge.services.config, outcome)
}

async fn switch_organization(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    Ok(see_other(match sessions::switch_organization(&edge.services, &scope, field(&fields, "organization")).await? {
        Switched::There(opened) => return Ok(with_session(&edge, &opened, "/")),
        Switched::TooOld => "/account?switch=too-old",
        Switched::NotAdmitted => "/account?switch=not-admitted",
        Switched::OtherWay => "/account?switch=other-way",
        Switched::SecondFactor => "/account?switch=second-factor",
    }))
}

async fn end_session(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    match sessions::end(&edge.services, &scope, field(&fields, "session").parse()?).await {
        // Pressed twice, or it had ended by itself: what was asked for is so.
        Err(fault) if fault.code() != ErrorCode::NotFound => Err(fault),
        outcome => {
            outcome.err().iter().for_each(|fault| scope.note(fault));
            Ok(see_other("/account?ended=one"))
        }
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
        Ok(opened) => with_session(&edge, &opened, "/"),
        Err(fault) => refused_inside(&request, &edge, Some(scope), &fields, &fault).await,
    })
}

fn wanted_policy(fields: &Fields) -> Result<Wanted, Fault> {
    let session_minutes = match field(fields, "sessionMinutes") {
        "" => None,
        minutes => Some(minutes.parse().map_err(|_| Fault::invalid("sessionMinutes", "Choose one of the lengths."))?),
    };
    let mail_domains = shared::field::MailDomain::split(field(fields, "mailDomains")).map(str::to_owned).collect();
    // An unticked box is not sent, and stands for nobody.
    let shut_out = field(fields, "shutOut").parse().unwrap_or(0);
    let second_factor_required = field(fields, "secondFactorRequired") == "true";
    Ok(Wanted { session_minutes, mail_domains, second_factor_required, shut_out })
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
    with_cookie(see_other(own_path(&edge.pages, next)), cookie)
}

/// A refusal shows the same page again; passwords and secrets are never sent back.
pub(super) async fn refused(request: &HttpRequest, edge: &Edge, fields: &Fields, fault: &Fault) -> HttpResponse {
    refused_inside(request, edge, None, fields, fault).await
}

/// The same on a page of somebody who has signed in.
pub(super) async fn refused_inside(request: &HttpRequest, edge: &Edge, scope: Option<Scope>, fields: &Fields, fault: &Fault) -> HttpResponse {
    if matches!(fault.code(), ErrorCode::Unavailable | ErrorCode::Internal) {
        return render::response(fault);
    }
    scope.iter().for_each(|scope| scope.note(fault));
    let values = fields
        .iter()
        .filter(|(name, _)| !name.contains("password") && !name.contains("Secret") && *name != "code")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let form = FormState { error: Some(fault.message().to_owned()), field: fault.field().map(str::to_owned), values };
    let status = match fault.code() {
        // Nobody types this: not a mistake to mend but a request that no page of ours makes.
        ErrorCode::Invalid if field(fields, "password").len() > PASSWORD_MAX_BYTES => StatusCode::BAD_REQUEST,
        ErrorCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        _ => render::status(fault),
    };
    pages::form_again(request, edge, scope, form, status).await
}

/// What follows a right password.
async fn let_in(request: &HttpRequest, edge: &Edge, fields: &Fields, outcome: SignedIn, next: &str) -> HttpResponse {
    match outcome {
        SignedIn::In(opened) => signed_in(request, edge, &opened, next).await,
        SignedIn::Half(browser) => second_factor::asked_for(&edge.services.config, &browser),
        SignedIn::Once => see_other(&format!("/reset-password?first=1&token={}", field(fields, "password"))),
    }
}

/// Hands the new session to the browser. The one that it had ends, so that an old copy of its cookie is worth nothing.
pub(super) async fn signed_in(request: &HttpRequest, edge: &Edge, opened: &Opened, next: &str) -> HttpResponse {
    match caller::scope_of(request, &edge.services).await {
        Ok(Some(scope)) if matches!(scope.actor().kind, ActorKind::Member | ActorKind::Support) => {
            if let Err(fault) = end(edge, &scope).await {
                return render::response(&fault);
            }
        }
        Err(fault) if fault.code() != ErrorCode::Unauthenticated => return render::response(&fault),
        _ => {}
    }
    with_session(edge, opened, next)
}

/// Ends what a browser came with.
async fn end(edge: &Edge, scope: &Scope) -> Result<(), Fault> {
    match scope.actor().kind {
        ActorKind::Support => support::leave(&edge.services, scope).await,
        _ => sessions::sign_out(&edge.services, scope).await,
    }
}

fn with_session(edge: &Edge, opened: &Opened, next: &str) -> HttpResponse {
    let config = &edge.services.config;
    let max_age = CookieDuration::try_from(opened.max_age).unwrap_or(CookieDuration::days(1));
    with_cookie(see_other(own_path(&edge.pages, next)), cookie(config, opened.secret.expose(), max_age))
}

fn left(config: &Config, outcome: Result<(), Fault>) -> HttpResponse {
    match outcome {
        Err(fault) if fault.code() != ErrorCode::Unauthenticated => render::response(&fault),
        _ => with_cookie(see_other("/sign-in"), ended(config)),
    }
}

pub(super) fn cookie<'c>(config: &Config, value: &'c str, max_age: CookieDuration) -> Cookie<'c> {
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

/// The address of one of the pages, or the start page: nobody is sent elsewhere.
pub(super) fn own_path<'n>(pages: &[String], next: &'n str) -> &'n str {
    let plain = next.starts_with('/') && next.is_ascii() && !next.contains('\\') && !next.chars().any(char::is_control);
    let path = next.split(['?', '#']).next().unwrap_or_default();
    if plain && page_at(pages, path).is_some() { next } else { "/" }
}

/// The page at a path, as the router writes it: `/runs/{id}`.
pub(super) fn page_at<'p>(pages: &'p [String], path: &str) -> Option<&'p str> {
    let path = if path == "/" { "" } else { path };
    pages.iter().map(String::as_str).find(|page| is_page(page, path))
}

/// Whether a path is a page's, whatever stands for its parameters.
fn is_page(page: &str, path: &str) -> bool {
    page.split('/').count() == path.split('/').count()
        && page.split('/').zip(path.split('/')).all(|(word, given)| if word.starts_with('{') { !given.is_empty() } else { word == given })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t69_nobody_is_sent_to_another_site() {
        let pages = ["", "/experiments", "/runs/{id}"].map(str::to_owned);
        for evil in [
            "//experiments",
            "/runs/",
            "/runs//evil.example",
            "/artifacts/runs/1/evil.html",
            "/graphql",
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
            assert_eq!(own_path(&pages, evil), "/", "{evil:?}");
        }
        for own in ["/", "/experiments", "/runs/1?x=2", "/runs/1#curves", "/experiments?next=//evil.example"] {
            assert_eq!(own_path(&pages, own), own);
        }
    }
}
