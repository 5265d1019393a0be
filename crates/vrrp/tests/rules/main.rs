//! The rules of virtual routers, each shown on a small network in virtual time with the figures of
//! docs/ancestors/keepalived.md.

mod announcing;
mod authentication;
mod bfd;
mod corpus;
mod elections;
mod groups;
mod notifying;
mod properties;
mod refusing;
mod reloading;
mod scale;
mod stopping;
mod timing;
mod tracking;
mod world;
