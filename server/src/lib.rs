//! Assay's server. Edges at the top, tools at the bottom, imports only downwards:
//! `http`, `graphql`, `mlflow`, `scim` → `features` → `jobs` → `access` → `platform`, `config`, `fault`.
// The futures of GraphQL's roots hold one of every slice.
#![recursion_limit = "256"]

pub mod access;
pub mod commands;
pub mod config;
pub mod fault;
pub mod features;
pub mod graphql;
pub mod http;
pub mod jobs;
pub mod mlflow;
pub mod platform;
pub mod scim;
pub mod services;
pub mod stats;
