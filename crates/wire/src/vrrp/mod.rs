//! VRRP adverts, versions 2 and 3, over IPv4 and IPv6, as keepalived speaks them
//! (RFC 3768, RFC 5798, RFC 9568; docs/ancestors/keepalived.md §3).
//!
//! [`decode_v4`] and [`decode_v6`] judge all that can be judged without knowing how the virtual
//! router is configured; what is left of the receive checks (§3.3) are comparisons with fields
//! of [`Decoded`], and the signatures: [`Password`] is equal or not, [`Ah::is_signed_with`],
//! [`Trailer::verify`]. [`encode_v4`] and [`encode_v6`] make every variant there is.
//!
//! ```
//! use std::net::{IpAddr, Ipv4Addr};
//! use wire::vrrp::{self, Advert, Centiseconds, ChecksumForm, Dialect, Path4, Seal};
//! let advert = Advert {
//!     vrid: 51,
//!     priority: 100,
//!     dialect: Dialect::V3 { interval: Centiseconds::new(100).expect("12 bits") },
//!     addresses: vec![IpAddr::from([192, 0, 2, 10])],
//! };
//! let path = Path4 {
//!     source: Ipv4Addr::new(192, 0, 2, 1),
//!     destination: vrrp::GROUP_V4,
//!     ttl: vrrp::TTL,
//!     id: 1,
//! };
//! let packet = vrrp::encode_v4(&advert, path, ChecksumForm::PseudoHeader, Seal::None);
//! let heard = vrrp::decode_v4(&packet).expect("it is an advert");
//! assert_eq!(heard.advert, advert);
//! assert_eq!(heard.checksum, ChecksumForm::PseudoHeader);
//! ```

mod advert;
mod ah;
mod decode;
mod encode;
mod message;
mod refusal;
mod trailer;

pub use advert::{Advert, Auth, Centiseconds, ChecksumForm, Dialect, Password, Version};
pub use ah::{Ah, AhKey};
pub use decode::{Decoded, decode_v4, decode_v6};
pub use encode::{Path4, Seal, Signer, encode_v4, encode_v6};
pub use refusal::{Refusal, TrailerRefusal};
pub use trailer::{HmacKey, Stamp, Trailer};

use std::net::{Ipv4Addr, Ipv6Addr};

/// The IP protocol number of VRRP (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;
/// The IP protocol number of the authentication header that may precede it (RFC 4302 §2).
pub const PROTOCOL_AH: u8 = 51;
/// The IPv4 group of all virtual routers (RFC 9568 §5.1.1.2).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The IPv6 group of all virtual routers (RFC 9568 §5.1.2.2).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// TTL or hop limit of multicast adverts: what comes with less crossed a router, and may come
/// from anywhere (RFC 9568 §5.1.1.3).
pub const TTL: u8 = 255;
/// The most addresses of one advert: their count is one byte (RFC 9568 §5.2.5).
pub const ADDRESSES_MAX: usize = 255;
