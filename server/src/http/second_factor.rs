//! The second factor beside a password: giving it, and the page on which it is set up. Plain forms: they work before any script has loaded.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, time::Duration as CookieDuration},
    http::StatusCode,
    web,
};
use app::FormState;
use shared::{ErrorCode, limits::SECOND_STEP_MINUTES};

use super::{
    Edge, caller,
    fields::{Fields, field},
    forms, pages, render,
    routes::{Route, Who},
};
use crate::{
    access::Secret,
    config::Config,
    fault::Fault,
    features::{
        second_factor::{self, Holder},
        second_step,
    },
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/second-factor", Who::Public, || web::to(give)),
    Route::get(PAGE, Who::SignedIn, || web::to(show)),
    Route::post(PAGE, Who::SignedIn, || web::to(change)),
];

/// Where a second factor is set up. It is shown also to a session that is worth nothing until there is one.
pub(super) const PAGE: &str = "/account/second-factor";

/// Sends a browser whose password was right to the form that asks for the second factor.
pub(super) fn asked_for(config: &Config, browser: &Secret) -> HttpResponse {
    let minutes = CookieDuration::minutes(SECOND_STEP_MINUTES);
    forms::with_cookie(forms::see_other("/second-factor"), browser_cookie(config, browser.expose(), minutes))
}

async fn give(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> HttpResponse {
    let config = &edge.services.config;
    let cookie = request.cookie(browser_cookie_name(config));
    let browser = cookie.as_ref().map_or("", Cookie::value);
    match second_step::finish(&edge.services, &caller::request_info(&request), browser, field(&fields, "code")).await {
        Ok((opened, next)) => {
            let response = forms::signed_in(&request, &edge, &opened, &next).await;
            forms::with_cookie(response, browser_cookie(config, "", CookieDuration::ZERO))
        }
        Err(fault) => forms::refused(&request, &edge, &fields, &fault).await,
    }
}

/// What binds a sign-in to the browser that began it. With TLS it is bound to the host and to secure requests.
fn browser_cookie_name(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-assay_step" } else { "assay_step" }
}

fn browser_cookie<'c>(config: &Config, value: &'c str, max_age: CookieDuration) -> Cookie<'c> {
    forms::private_cookie(config, browser_cookie_name(config), value, max_age)
}

/// Whoever holds the session of the request's cookie, whether it is worth something or not.
async fn holder(request: &HttpRequest, edge: &Edge) -> Result<Option<Holder>, Fault> {
    match caller::session_secret(request, &edge.services.config) {
        Some(cookie) => second_factor::holder(&edge.services, &cookie).await,
        None => Ok(None),
    }
}

/// Whether the request's session is worth nothing for want of a second factor alone.
pub(super) async fn is_awaited(request: &HttpRequest, edge: &Edge) -> Result<bool, Fault> {
    Ok(holder(request, edge).await?.is_some_and(|holder| !holder.enters))
}

async fn show(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    let Some(holder) = holder(&request, &edge).await? else { return Ok(sign_in_first()) };
    shown(&request, &edge, &holder, "", None).await
}

fn sign_in_first() -> HttpResponse {
    forms::see_other("/sign-in?next=/account/second-factor")
}

async fn change(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let Some(holder) = holder(&request, &edge).await? else { return Ok(sign_in_first()) };
    let (services, info, text) = (&edge.services, caller::request_info(&request), |name: &str| field(&fields, name));
    let outcome = match text("act") {
        "set-up" => match second_factor::confirm(services, &info, &holder, text("sealed"), text("code"), text("password")).await {
            Ok(confirmed) => {
                let response = with_codes(&request, &edge, &confirmed.codes).await;
                let max_age = CookieDuration::try_from(confirmed.max_age).unwrap_or(CookieDuration::days(1));
                Ok(forms::with_cookie(response, forms::cookie(&services.config, confirmed.session.expose(), max_age)))
            }
            Err(fault) => Err(fault),
        },
        "codes" => match second_factor::renew_codes(services, &info, &holder, text("passwordOrCode")).await {
            Ok(codes) => Ok(with_codes(&request, &edge, &codes).await),
            Err(fault) => Err(fault),
        },
        "remove" => {
            second_factor::remove(services, &info, &holder, text("passwordOrCode")).await.map(|()| forms::see_other("/account?second-factor=off"))
        }
        _ => Err(Fault::new(ErrorCode::Invalid, "The form does not say what it is for.")),
    };
    match outcome {
        Err(fault) => shown(&request, &edge, &holder, text("sealed"), Some(&fault)).await,
        done => done,
    }
}

/// The page as it stands for somebody, with what was refused.
async fn shown(request: &HttpRequest, edge: &Edge, holder: &Holder, sealed: &str, refused: Option<&Fault>) -> Result<HttpResponse, Fault> {
    let status = match refused {
        None => StatusCode::OK,
        Some(fault) if matches!(fault.code(), ErrorCode::Unavailable | ErrorCode::Internal) => return Ok(render::response(fault)),
        Some(fault) if fault.code() == ErrorCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Some(fault) => render::status(fault),
    };
    let mut values = BTreeMap::from([("organization", holder.organization.clone()), ("required", holder.required.to_string())]);
    match holder.since {
        _ if holder.vouched => drop(values.insert("state", "vouched".to_owned())),
        Some(since) => values.extend([("state", "on".to_owned()), ("since", since.to_rfc3339()), ("left", holder.left.to_string())]),
        None => {
            let offer = second_factor::offer(&edge.services, holder, sealed)?;
            values.extend([
                ("state", "off".to_owned()),
                ("secret", offer.secret),
                ("sealed", offer.sealed),
                ("size", offer.qr.size.to_string()),
                ("qr", offer.qr.path),
            ]);
        }
    }
    let (error, field) = (refused.map(|fault| fault.message().to_owned()), refused.and_then(Fault::field).map(str::to_owned));
    Ok(rendered(request, edge, values, error, field, status).await)
}

/// The page with new recovery codes, this once.
async fn with_codes(request: &HttpRequest, edge: &Edge, codes: &[String]) -> HttpResponse {
    let values = BTreeMap::from([("state", "codes".to_owned()), ("codes", codes.join("\n"))]);
    rendered(request, edge, values, None, None, StatusCode::OK).await
}

async fn rendered(
    request: &HttpRequest,
    edge: &Edge,
    values: BTreeMap<&'static str, String>,
    error: Option<String>,
    field: Option<String>,
    status: StatusCode,
) -> HttpResponse {
    let _turn = edge.rendering.acquire().await;
    let form = FormState { error, field, values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() };
    pages::form_again(request, edge, None, form, status).await
}
