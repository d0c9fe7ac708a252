//! An authenticator app, and the page on which it is set up.

use chrono::{DateTime, TimeDelta, Utc};
use totp_rs::{Builder, Secret, Totp};

use super::{Actor, PASSWORD, World};

pub const PAGE: &str = "/account/second-factor";

/// A phone with somebody's secret, and the recovery codes that they were shown.
pub struct Phone {
    totp: Totp,
    pub codes: Vec<String>,
}

/// What the page offers: the secret, and what it brings back.
pub fn offered(page: &str) -> (String, String) {
    let after = |mark: &str| page.split(mark).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{mark} in {page}")).to_owned();
    (after("<p class=\"secret\"><span class=\"copyable\"><code title=\""), after("name=\"sealed\" value=\""))
}

/// The recovery codes that a page shows.
pub fn recovery_codes(page: &str) -> Vec<String> {
    page.split("<li><code>").skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect()
}

impl Phone {
    /// One with a secret.
    pub fn with(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).expect("a secret");
        Self { totp: Builder::new().with_secret(secret).build().expect("a key"), codes: Vec::new() }
    }

    /// Sets up the second factor of whoever has signed in.
    pub async fn set_up(world: &World, actor: &Actor) -> Self {
        let page = actor.get(PAGE).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let (secret, sealed) = offered(&page.text());
        let phone = Self::with(&secret);
        let code = phone.code(world.clock.now());
        let done = actor.form(PAGE, &[("act", "set-up"), ("sealed", &sealed), ("code", &code), ("password", PASSWORD)]).await;
        assert_eq!(done.status, 200, "{}", done.text());
        Self { codes: recovery_codes(&done.text()), ..phone }
    }

    /// What it shows at a time.
    pub fn code(&self, at: DateTime<Utc>) -> String {
        self.totp.generate(at.timestamp().unsigned_abs()).to_string()
    }

    /// What it shows so many steps from now.
    pub fn code_in(&self, world: &World, steps: i32) -> String {
        self.code(world.clock.now() + TimeDelta::seconds(30) * steps)
    }
}
