//! Names for runs that come without one.

use rand::RngExt;

const QUALITIES: &[&str] = &[
    "amber", "bold", "brisk", "calm", "candid", "clever", "cosmic", "crisp", "daring", "eager", "fabled", "gentle", "gilded", "hardy", "honest",
    "humble", "indigo", "keen", "likely", "lively", "lucid", "mellow", "merry", "nimble", "noble", "patient", "placid", "polite", "proud", "quiet",
    "rapid", "rare", "robust", "rustic", "serene", "sincere", "sleek", "smooth", "spry", "steady", "stellar", "sunny", "swift", "tidy", "upbeat",
    "valiant", "vivid", "warm", "wise", "witty",
];
const THINGS: &[&str] = &[
    "anchor", "aspen", "badger", "beacon", "birch", "bobcat", "canyon", "cedar", "comet", "condor", "coral", "crane", "delta", "dolphin", "ember",
    "falcon", "fern", "finch", "fjord", "gecko", "glacier", "harbor", "hawk", "heron", "island", "juniper", "kestrel", "lagoon", "lark", "lynx",
    "maple", "marten", "meadow", "meteor", "moose", "ocelot", "orbit", "osprey", "otter", "panda", "pine", "plover", "raven", "reef", "river",
    "sable", "sparrow", "summit", "tern", "willow",
];

/// `brisk-heron-417`: two words and up to three digits.
pub fn random() -> String {
    let mut rng = rand::rng();
    let quality = QUALITIES[rng.random_range(0..QUALITIES.len())];
    let thing = THINGS[rng.random_range(0..THINGS.len())];
    format!("{quality}-{thing}-{}", rng.random_range(0..1000))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_has_two_words_and_a_number() {
        let name = super::random();
        assert_eq!(name.split('-').count(), 3, "{name}");
    }
}
