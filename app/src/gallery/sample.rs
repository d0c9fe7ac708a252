use crate::{
    frame::{Organization, Project, Viewer},
    kit::Series,
};
use shared::Role;

pub(super) fn viewer() -> Viewer {
    let organization = |id: &str, name: &str, slug: &str| Organization { id: id.into(), name: name.into(), slug: slug.into() };
    let northwind = organization("org_1", "Northwind Risk", "northwind-risk");
    Viewer {
        id: "mem_01920aaaabbbbccccddddeeeeffff0001".into(),
        name: "Ada Engineer".into(),
        email: "ada@northwind.example".into(),
        organization: northwind.clone(),
        organizations: vec![northwind, organization("org_2", "Fabrikam Labs", "fabrikam-labs")],
        roles: vec!["ml_engineer".into()],
        permissions: Role::Owner.permissions().into_iter().map(|permission| permission.as_str().into()).collect(),
    }
}

pub(super) fn project() -> Project {
    Project { id: "prj_1".into(), name: "fraud-detection".into(), slug: "fraud-detection".into() }
}

/// A repeatable noise between -1 and 1 (a 32-bit xorshift).
pub(super) fn noise(seed: u32) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}

/// A series of `count` points, one each 5 steps and 4 seconds, up to now.
pub(super) fn series(name: &str, colour: u8, count: usize, now: f64, value: impl Fn(f64, f64) -> f64) -> Series {
    let mut noise = noise(u32::from(colour) * 97 + count as u32);
    let steps: Vec<i64> = (0..count as i64).map(|at| at * 5).collect();
    Series {
        name: name.into(),
        colour,
        times: steps.iter().map(|step| now - ((count as i64 * 5 - step) * 800) as f64).collect(),
        values: steps.iter().map(|step| value(*step as f64, noise())).collect(),
        steps,
        total: count,
        smoothed: None,
        sampled: false,
    }
}
