//! Numbers that both sides must know. A limit that only one module needs stands in that module.

/// Rows a page holds when the caller does not say.
pub const PAGE_DEFAULT: usize = 50;
/// Rows a page holds at the most.
pub const PAGE_MAX: usize = 200;
/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 12;
/// Longest password, in bytes: hashing cost is bounded by it.
pub const PASSWORD_MAX_BYTES: usize = 1024;
/// Longest name of a person, an organization, a token or a project, in characters.
pub const NAME_MAX: usize = 120;
/// Longest name of an experiment, in characters.
pub const EXPERIMENT_NAME_MAX: usize = 500;
/// Longest name of a run, in characters.
pub const RUN_NAME_MAX: usize = 250;
/// Most tags, and most params, that one request brings: as many as MLflow lets a batch hold in all.
pub const PAIRS_MAX: usize = 1_000;
/// Longest e-mail address, in characters (RFC 5321, section 4.5.3.1).
pub const EMAIL_MAX: usize = 254;
/// Longest address of a web server, in bytes.
pub const ADDRESS_MAX: usize = 2_000;
/// How long the link that confirms an address works, in hours.
pub const SIGN_UP_HOURS: i64 = 24;
/// How long the link to a new password works, in minutes.
pub const RESET_MINUTES: i64 = 15;
/// How long a sign-in may take at an identity provider, in minutes.
pub const SSO_MINUTES: i64 = 10;
/// How long somebody whose password was right has for the second factor, in minutes.
pub const SECOND_STEP_MINUTES: i64 = 10;
/// Recovery codes that a person gets at once.
pub const RECOVERY_CODES: usize = 10;
/// How long an invitation works, in days.
pub const INVITATION_DAYS: i64 = 7;
/// How long an archive of an export can be downloaded, in days.
pub const EXPORT_DAYS: i64 = 7;
/// For how long support access can be given, in hours.
pub const SUPPORT_HOURS: [i32; 4] = [1, 4, 24, 72];
/// How long the address works that begins a session of the support, in minutes.
pub const SUPPORT_ADDRESS_MINUTES: i64 = 5;
/// How long an organization that was closed can be restored, in days.
pub const CLOSING_DAYS: i64 = 14;
/// How long a sign-in counts as fresh, in minutes: some acts ask for one.
pub const FRESH_MINUTES: i64 = 60;
/// Longest life of an API token, in days.
pub const TOKEN_DAYS_MAX: u32 = 366;
/// Shortest and longest time that an organization may let a sign-in be worth, in minutes.
pub const SESSION_MINUTES_MIN: i32 = 15;
/// Fourteen days: how long a session lives.
pub const SESSION_MINUTES_MAX: i32 = 14 * 24 * 60;
/// Domains of mail addresses that an organization may list.
pub const MAIL_DOMAINS_MAX: usize = 100;
/// Longest comment, in characters.
pub const COMMENT_MAX: usize = 10_000;
/// A series is drawn with at most so many points; more are sampled on the server.
pub const SERIES_POINTS_MAX: usize = 4000;
