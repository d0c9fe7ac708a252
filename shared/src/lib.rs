//! What the server and the web app must agree on: ids, error codes, permissions, validated
//! fields and limits. No I/O, no clock; builds for wasm.

pub mod audit;
pub mod comparison;
pub mod csv;
pub mod error_code;
pub mod field;
pub mod ids;
pub mod key;
pub mod latin;
pub mod limits;
pub mod permission;
pub mod provider;
pub mod size;
pub mod spelling;
pub mod sso;
pub mod web_address;

pub use error_code::ErrorCode;
pub use permission::{Permission, Role};
