//! What tells people and tools of the API: its schema, and GraphiQL.

use serde_json::Value;

use crate::support::{Actor, world};

#[tokio::test]
async fn t55_a_client_that_asks_for_the_schema_gets_it_and_nobody_else_does() {
    let organization = world().organization().await;
    let mut of_type = "kind name".to_owned();
    for _ in 0..9 {
        of_type = format!("kind name ofType {{ {of_type} }}");
    }
    let query = format!("{{ __schema {{ types {{ name fields(includeDeprecated: true) {{ name args {{ name type {{ {of_type} }} }} }} }} }} }}");
    let script = organization.owner.token(&["runs:read"]).await;
    let answer = script.graphql(&query, Value::Null).await;
    let names = answer["data"]["__schema"]["types"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert!(names.iter().any(|ty| ty["name"] == "RunTable"));
    let answer = world().anonymous().graphql(&query, Value::Null).await;
    assert!(!answer.to_string().contains("RunTable"), "{answer}");
    // Deeper than any client asks.
    for _ in 0..8 {
        of_type = format!("kind ofType {{ {of_type} }}");
    }
    let answer = script.graphql(&format!("{{ __schema {{ types {{ fields {{ type {{ {of_type} }} }} }} }} }}"), Value::Null).await;
    assert_eq!(Actor::code(&answer), "LIMIT_EXCEEDED", "{answer:.300}");
    let sdl = script.get("/schema.graphql").await;
    assert_eq!((sdl.status, sdl.text().contains("type RunTable {")), (200, true));
    assert_eq!(world().anonymous().get("/schema.graphql").await.status, 401);
}

#[tokio::test]
async fn t41_graphiql_is_for_who_signed_in_and_runs_nothing_but_its_own_scripts() {
    let organization = world().organization().await;
    let answer = world().anonymous().get("/graphiql").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=/graphiql"));
    let mut nonces = std::collections::HashSet::new();
    for _ in 0..2 {
        let page = organization.owner.get("/graphiql").await;
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        let expected = "default-src 'none'; script-src 'nonce-N' 'strict-dynamic'; style-src 'self' 'nonce-N'; style-src-attr 'unsafe-inline'; \
            img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
        assert_eq!((page.status, policy.replace(&nonce, "N").as_str()), (200, expected));
        assert!(page.text().contains(&format!("<script nonce=\"{nonce}\"")));
        assert!(nonces.insert(nonce), "a nonce is used once");
    }
}
