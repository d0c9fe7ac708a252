//! ID tokens: the signature and the claims (OpenID Connect Core 1.0, section 3.1.3.7; RFC 7515 to 7518; RFC 8725).
//!
//! Only signatures with a public key count, by the algorithms in [`verify_signature`]; `none`, HMAC and every key that a token
//! brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are nothing here. The signatures are checked by ring, which TLS uses too.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// How far the provider's clock may be from ours, in seconds.
const SKEW: f64 = 120.0;
/// A token is used at once; an older one was kept, in seconds.
const AGE_MAX: f64 = 300.0;
/// Bytes of a token: groups of a large organization included.
const TOKEN_MAX: usize = 64 * 1024;

/// Why a token is not believed: one word for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    Form,
    Algorithm,
    /// No key of the provider has this name: it may have changed its keys.
    Key,
    Signature,
    Issuer,
    Audience,
    Nonce,
    Time,
}

impl Rejected {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Nonce => "nonce",
            Self::Time => "time",
        }
    }
}

/// A public key of the provider, as its key set lists it. Members that are not read are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The provider's key set; keys of kinds we do not know are left out.
pub fn read_keys(body: &[u8]) -> Option<Vec<Jwk>> {
    let set: Value = serde_json::from_slice(body).ok()?;
    Some(set.get("keys")?.as_array()?.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect())
}

/// What a token must say.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub now: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims of a token that was signed by one of the keys and says what is expected.
///
/// # Errors
/// The first reason not to believe it.
pub fn verify(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Value, Rejected> {
    let claims = signed_claims(token, keys)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn signed_claims(token: &str, keys: &[Jwk]) -> Result<Value, Rejected> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Rejected::Form);
    };
    if token.len() > TOKEN_MAX {
        return Err(Rejected::Form);
    }
    let message = &token[..header.len() + 1 + claims.len()];
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejected::Form);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Rejected::Form)?;
    if header.crit.is_some() {
        return Err(Rejected::Form);
    }
    let kind = key_kind(&header.alg).ok_or(Rejected::Algorithm)?;
    let fits = |key: &&Jwk| {
        key.kty == kind
            && key.usage.as_deref().is_none_or(|usage| usage == "sig")
            && key.alg.as_deref().is_none_or(|alg| alg == header.alg)
            && (header.kid.is_none() || key.kid == header.kid)
    };
    let mut candidates = keys.iter().filter(fits).take(8).peekable();
    if candidates.peek().is_none() {
        return Err(Rejected::Key);
    }
    let signature = decode(signature)?;
    if !candidates.any(|key| verify_signature(key, &header.alg, message.as_bytes(), &signature).is_some()) {
        return Err(Rejected::Signature);
    }
    serde_json::from_slice(&decode(claims)?).map_err(|_| Rejected::Form)
}

fn key_kind(algorithm: &str) -> Option<&'static str> {
    match algorithm {
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => Some("RSA"),
        "ES256" | "ES384" => Some("EC"),
        "EdDSA" => Some("OKP"),
        _ => None,
    }
}

fn verify_signature(key: &Jwk, algorithm: &str, message: &[u8], signature: &[u8]) -> Option<()> {
    let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let rsa = |parameters: &RsaParameters| {
        let (n, e) = (part(&key.n)?, part(&key.e)?);
        // ring wants numbers without leading zeros.
        let (n, e) = (n.iter().position(|byte| *byte != 0).map(|at| &n[at..])?, e.iter().position(|byte| *byte != 0).map(|at| &e[at..])?);
        RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).ok()
    };
    let curve = |parameters: &'static dyn signature::VerificationAlgorithm, name: &str, size: usize| {
        let (x, y) = (part(&key.x)?, part(&key.y)?);
        if key.crv.as_deref() != Some(name) || x.len() != size || y.len() != size {
            return None;
        }
        UnparsedPublicKey::new(parameters, [&[4], x.as_slice(), &y].concat()).verify(message, signature).ok()
    };
    match algorithm {
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => curve(&signature::ECDSA_P256_SHA256_FIXED, "P-256", 32),
        "ES384" => curve(&signature::ECDSA_P384_SHA384_FIXED, "P-384", 48),
        "EdDSA" if key.crv.as_deref() == Some("Ed25519") => {
            UnparsedPublicKey::new(&signature::ED25519, part(&key.x)?).verify(message, signature).ok()
        }
        _ => None,
    }
}

fn check_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), Rejected> {
    if claims["iss"].as_str() != Some(expected.issuer) || !claims["sub"].as_str().is_some_and(|subject| (1..=255).contains(&subject.len())) {
        return Err(Rejected::Issuer);
    }
    let audience: Vec<&str> = match &claims["aud"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let party = claims.get("azp").map(|party| party.as_str() == Some(expected.client_id));
    // With several audiences the token must say for whom it was made; whatever it says must be us.
    if !audience.contains(&expected.client_id) || party == Some(false) || (audience.len() > 1 && party.is_none()) {
        return Err(Rejected::Audience);
    }
    if claims["nonce"].as_str() != Some(expected.nonce) {
        return Err(Rejected::Nonce);
    }
    let now = expected.now.timestamp() as f64;
    let time = |name: &str| claims[name].as_f64().ok_or(Rejected::Time);
    let (expires, issued) = (time("exp")?, time("iat")?);
    let early = claims.get("nbf").is_some_and(|from| from.as_f64().is_none_or(|from| from > now + SKEW));
    if expires + SKEW <= now || issued > now + SKEW || issued + AGE_MAX + SKEW < now || early {
        return Err(Rejected::Time);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
    };
    use serde_json::json;

    fn encode(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = sign(message.as_bytes());
        format!("{message}.{}", encode(signature))
    }

    fn key(value: Value) -> Jwk {
        serde_json::from_value(value).expect("a key")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
    }

    fn claims() -> Value {
        let now = now().timestamp();
        json!({ "iss": "https://issuer.example.com", "sub": "ada", "aud": "assay", "nonce": "n", "iat": now, "exp": now + 3600 })
    }

    fn ask(token: &str, keys: &[Jwk]) -> Result<Value, Rejected> {
        verify(token, keys, &Expected { issuer: "https://issuer.example.com", client_id: "assay", nonce: "n", now: now() })
    }

    #[test]
    fn t65_a_token_counts_when_a_public_key_of_the_provider_signed_it() {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a key");
        let point = pair.public_key().as_ref().to_vec();
        let public = json!({ "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
        let keys = [key(public.clone())];
        let sign = |message: &[u8]| pair.sign(&random, message).expect("signs").as_ref().to_vec();
        let header = json!({ "alg": "ES256", "kid": "1" });
        assert_eq!(ask(&token(&header, &claims(), sign), &keys).map(|claims| claims["sub"].clone()), Ok(json!("ada")));
        // Another key of the same name, another name, a changed claim, no signature.
        let other = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
        let okp = key(json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "x": encode(other.public_key().as_ref()) }));
        let eddsa = token(&json!({ "alg": "EdDSA", "kid": "1" }), &claims(), |message| other.sign(message).as_ref().to_vec());
        assert!(ask(&eddsa, std::slice::from_ref(&okp)).is_ok());
        assert_eq!(ask(&eddsa, &keys), Err(Rejected::Key), "an algorithm is one of its own kind of key");
        assert_eq!(ask(&token(&json!({ "alg": "ES256", "kid": "../../x" }), &claims(), sign), &keys), Err(Rejected::Key));
        let good = token(&header, &claims(), sign);
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        parts[1] = encode(json!({ "iss": "https://issuer.example.com", "sub": "owner" }).to_string());
        assert_eq!(ask(&parts.join("."), &keys), Err(Rejected::Signature));
        for algorithm in ["none", "None", "HS256", "HS512", "", "ES256K", "RSA1_5"] {
            let forged = token(&json!({ "alg": algorithm, "kid": "1" }), &claims(), |_| Vec::new());
            assert_eq!(ask(&forged, &keys), Err(Rejected::Algorithm), "{algorithm}");
        }
        // HMAC with the public key as its secret, under an algorithm that is one of ours.
        let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.to_string().as_bytes());
        let confused = token(&header, &claims(), |message| ring::hmac::sign(&hmac, message).as_ref().to_vec());
        assert_eq!(ask(&confused, &keys), Err(Rejected::Signature));
        // A key that the token brings along counts for nothing.
        let embedded = json!({ "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": encode(other.public_key().as_ref()) }, "jku": "https://evil.example/keys" });
        assert_eq!(ask(&token(&embedded, &claims(), |message| other.sign(message).as_ref().to_vec()), &keys), Err(Rejected::Key));
        let critical = token(&json!({ "alg": "ES256", "kid": "1", "crit": ["exp"] }), &claims(), sign);
        assert_eq!(ask(&critical, &keys), Err(Rejected::Form));
        for form in ["", "a.b", "a.b.c.d", "e30.e30.", "!.!.!"] {
            assert!(ask(form, &keys).is_err(), "{form}");
        }
        for usage in [json!({ "use": "enc" }), json!({ "alg": "ES384" })] {
            let mut wrong = public.clone();
            wrong.as_object_mut().expect("an object").extend(usage.as_object().expect("an object").clone());
            assert_eq!(ask(&good, &[key(wrong)]), Err(Rejected::Key), "{usage}");
        }
    }

    #[test]
    fn t65_claims_are_for_us_from_them_now_and_for_this_sign_in() {
        let ask = |change: Value| {
            let mut claims = claims();
            for (name, value) in change.as_object().expect("an object") {
                claims[name] = value.clone();
            }
            check_claims(&claims, &Expected { issuer: "https://issuer.example.com", client_id: "assay", nonce: "n", now: now() })
        };
        let at = now().timestamp();
        for (change, outcome) in [
            (json!({}), Ok(())),
            (json!({ "iss": "https://issuer.example.com/" }), Err(Rejected::Issuer)),
            (json!({ "iss": "https://evil.example" }), Err(Rejected::Issuer)),
            (json!({ "sub": "" }), Err(Rejected::Issuer)),
            (json!({ "aud": "other" }), Err(Rejected::Audience)),
            (json!({ "aud": ["other", "assay"] }), Err(Rejected::Audience)),
            (json!({ "aud": ["other", "assay"], "azp": "assay" }), Ok(())),
            (json!({ "aud": ["assay"], "azp": "other" }), Err(Rejected::Audience)),
            (json!({ "aud": null }), Err(Rejected::Audience)),
            (json!({ "nonce": "m" }), Err(Rejected::Nonce)),
            (json!({ "nonce": null }), Err(Rejected::Nonce)),
            (json!({ "exp": at - 121 }), Err(Rejected::Time)),
            (json!({ "exp": at - 60 }), Ok(())),
            (json!({ "exp": null }), Err(Rejected::Time)),
            (json!({ "iat": at + 600, "exp": at + 4200 }), Err(Rejected::Time)),
            (json!({ "iat": at - 600, "exp": at + 3000 }), Err(Rejected::Time)),
            (json!({ "iat": at + 100, "exp": at + 3700 }), Ok(())),
            (json!({ "iat": at - 100 }), Ok(())),
            (json!({ "nbf": at + 600 }), Err(Rejected::Time)),
        ] {
            assert_eq!(ask(change.clone()), outcome, "{change}");
        }
    }
}
