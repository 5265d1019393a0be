//! Virtual routers: RFC 3768 (VRRPv2), RFC 5798 and RFC 9568 (VRRPv3) as keepalived speaks them, with
//! its sync groups and trackers. Pure: packets, time and answers come in, actions go out.
//!
//! Start reading at [`Role`]. A packet goes through `index` (whose is it), `receive` (does it
//! count) and `elections` (what does it mean) to `transitions`; everything that is tracked goes
//! through `assess` to the same place. The sessions of [`bfd`] are a machine of their own.
#![forbid(unsafe_code)]

mod announce;
mod assess;
pub mod bfd;
pub mod config;
mod credentials;
mod elections;
mod groups;
mod index;
mod io;
mod links;
mod lost;
mod notify;
mod receive;
mod refusals;
mod reload;
mod role;
mod router;
mod scripts;
mod speak;
mod status;
mod step;
mod stop;
mod timing;
mod tracking;
mod transitions;

pub use credentials::Heard;
pub use io::{Advert, Condition, Input, Notification, Output, Received, Subject, What};
pub use role::{Boot, Inherited, Role};
