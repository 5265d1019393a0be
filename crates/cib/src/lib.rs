//! The cluster information base: one XML document that says how the cluster is configured and what
//! is known of it.
//!
//! Pure: text and moments come in, documents and findings go out. Start with [`xml::Document`].

#![forbid(unsafe_code)]

pub mod acl;
pub mod crmsh;
pub mod date;
pub mod digest;
pub mod haresources;
pub mod nvpairs;
pub mod patch;
pub mod request;
pub mod rules;
pub mod upgrade;
pub mod validate;
pub mod value;
pub mod version;
pub mod xml;
pub mod xpath;
