//! Virtual routers: RFC 3768 (VRRPv2), RFC 5798 and RFC 9568 (VRRPv3) as keepalived speaks them, with
//! its sync groups and trackers. Pure: packets, time and answers come in, actions go out.
#![forbid(unsafe_code)]

pub mod config;
mod io;

pub use io::{Advert, Condition, Input, Notification, Output, Received, Subject, What};
