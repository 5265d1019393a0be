//! What is shown of the role of virtual routers and virtual servers.

pub mod servers;
pub mod status;
pub mod story;
