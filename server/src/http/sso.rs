//! The way to an identity provider and back, and what an owner says of it. Links and plain forms: they work before any script has loaded.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, time::Duration as CookieDuration},
    web,
};
use shared::{Permission, limits::SSO_MINUTES};

use super::{
    Edge, caller,
    fields::{Fields, field},
    forms, once, render,
    routes::{Route, Who},
};
use crate::{
    config::Config,
    fault::Fault,
    features::identity::{self, Answer, GroupRole, SsoError, Wanted},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/sso/begin/{organization}", Who::Public, || web::to(begin)),
    Route::get("/sso/callback", Who::Public, || web::to(callback)),
    Route::post("/access/single-sign-on", Who::Needs(Permission::IdentityWrite), || web::to(set)),
    Route::post("/access/single-sign-on/remove", Who::Needs(Permission::IdentityWrite), || web::to(remove)),
];

/// Sends the browser to the provider. A link and not a form: a page's policy lets forms lead nowhere else, also not by a detour.
async fn begin(request: HttpRequest, edge: web::Data<Edge>, organization: web::Path<String>, query: web::Query<once::Fields>) -> HttpResponse {
    let next = query.get("next").map_or("", String::as_str);
    match identity::begin(&edge.services, &caller::request_info(&request), &organization, next).await {
        Ok(begun) => {
            let minutes = CookieDuration::minutes(SSO_MINUTES);
            forms::with_cookie(forms::see_other(&begun.address), browser_cookie(&edge.services.config, begun.browser.expose(), minutes))
        }
        Err(error) => refused(&error, Some(organization.as_str())),
    }
}

async fn callback(request: HttpRequest, edge: web::Data<Edge>, query: web::Query<once::Fields>) -> HttpResponse {
    let config = &edge.services.config;
    let cookie = request.cookie(browser_cookie_name(config));
    let text = |name: &str| query.get(name).map(String::as_str);
    let answer = Answer {
        state: text("state").unwrap_or_default(),
        code: text("code").filter(|_| text("error").is_none()),
        issuer: text("iss"),
        browser: cookie.as_ref().map_or("", Cookie::value),
    };
    let response = match identity::finish(&edge.services, &caller::request_info(&request), &answer).await {
        Ok((opened, next)) => forms::signed_in(&request, &edge, &opened, &next).await,
        // What belongs to no attempt of this browser ends none: its own may be under way in another tab.
        Err((SsoError::Stale, _)) => return refused(&SsoError::Stale, None),
        Err((error, organization)) => refused(&error, organization.as_deref()),
    };
    forms::with_cookie(response, browser_cookie(config, "", CookieDuration::ZERO))
}

/// Back to where one begins, with the reason as a word.
fn refused(error: &SsoError, organization: Option<&str>) -> HttpResponse {
    let Some(problem) = error.problem() else {
        return match error {
            SsoError::Fault(fault) => render::response(fault),
            other => render::response(&Fault::internal(other.reason())),
        };
    };
    let slug: String = organization.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    forms::see_other(&format!("/sso?organization={slug}&problem={}", problem.as_str()))
}

/// What binds an attempt to the browser that began it. With TLS it is bound to the host and to secure requests.
fn browser_cookie_name(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-assay_sso" } else { "assay_sso" }
}

fn browser_cookie<'c>(config: &Config, value: &'c str, max_age: CookieDuration) -> Cookie<'c> {
    forms::private_cookie(config, browser_cookie_name(config), value, max_age)
}

async fn set(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    let outcome = match wanted(&fields) {
        Ok(wanted) => identity::set(&edge.services, &scope, wanted).await,
        Err(fault) => Err(fault),
    };
    Ok(match outcome {
        Ok(_) => forms::see_other("/access/single-sign-on?saved=1"),
        Err(fault) => forms::refused_inside(&request, &edge, Some(scope), &fields, &fault).await,
    })
}

async fn remove(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    identity::remove(scope.grant()?).await?;
    Ok(forms::see_other("/access/single-sign-on?removed=1"))
}

fn wanted(fields: &Fields) -> Result<Wanted, Fault> {
    let text = |name: &str| field(fields, name).to_owned();
    Ok(Wanted {
        kind: text("kind"),
        label: text("label"),
        issuer: text("issuer"),
        client_id: text("clientId"),
        client_secret: text("clientSecret"),
        groups_claim: text("groupsClaim"),
        group_roles: group_roles(field(fields, "groupRoles"))?,
        default_role: Some(text("defaultRole")),
        required: field(fields, "required") == "true",
    })
}

fn group_roles(text: &str) -> Result<Vec<GroupRole>, Fault> {
    let pairs = shared::provider::pairs(text).map_err(|refused| Fault::invalid("groupRoles", refused.0))?;
    Ok(pairs.into_iter().map(|(group, role)| GroupRole { group: group.to_owned(), role: role.to_owned() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_line_by_line() {
        let rules = group_roles("ml = data_scientist\r\n\n cn=ops,dc=x =admin\n").expect("reads");
        let pairs: Vec<_> = rules.iter().map(|rule| (rule.group.as_str(), rule.role.as_str())).collect();
        assert_eq!(pairs, [("ml", "data_scientist"), ("cn=ops,dc=x", "admin")]);
        assert!(group_roles("ml = viewer\nops").is_err_and(|fault| fault.message().starts_with("Line 2:")));
    }
}
