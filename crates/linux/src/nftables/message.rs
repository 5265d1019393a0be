//! Messages of nf_tables over netlink (`linux/netfilter/nfnetlink.h`, `nf_tables.h`): the few that
//! a table of ours takes, in one transaction.

use std::net::IpAddr;

/// Numbers of `linux/netlink.h` and `linux/netfilter/nfnetlink.h`.
mod number {
    pub(super) const REQUEST: u16 = 0x001;
    pub(super) const ACK: u16 = 0x004;
    pub(super) const CREATE: u16 = 0x400;
    pub(super) const APPEND: u16 = 0x800;
    pub(super) const NESTED: u16 = 0x8000;
    pub(super) const BATCH_BEGIN: u16 = 0x10;
    pub(super) const BATCH_END: u16 = 0x11;
    /// The subsystem nf_tables; the upper byte of its messages' types.
    pub(super) const NFTABLES: u16 = 10;
    pub(super) const NEW_TABLE: u16 = 0;
    pub(super) const DEL_TABLE: u16 = 2;
    pub(super) const NEW_CHAIN: u16 = 3;
    pub(super) const NEW_RULE: u16 = 6;
    pub(super) const NEW_SET: u16 = 9;
    pub(super) const NEW_ELEMENT: u16 = 12;
    pub(super) const DEL_ELEMENT: u16 = 14;
    /// Rules for IPv4 and IPv6 at once.
    pub(super) const INET: u8 = 1;
    /// And for IPv6 alone.
    pub(super) const IPV6: u8 = 10;
}

/// Where a chain stands: packets for this host, or from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hook {
    In = 1,
    Out = 3,
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Drop = 0,
    Accept = 1,
}

/// Attributes being written.
#[derive(Default)]
struct Attributes(Vec<u8>);

impl Attributes {
    fn put(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Numbers of nf_tables are in network order.
    fn number(self, kind: u16, value: u32) -> Self {
        self.put(kind, &value.to_be_bytes())
    }

    fn text(self, kind: u16, value: &str) -> Self {
        self.put(kind, &[value.as_bytes(), &[0]].concat())
    }

    fn nested(self, kind: u16, inner: &Self) -> Self {
        self.put(kind | number::NESTED, &inner.0)
    }
}

/// What a rule looks at or does.
pub(super) struct Expression(Attributes);

/// The register that expressions hand values on in.
const REGISTER: u32 = 1;

impl Expression {
    fn new(name: &str, data: &Attributes) -> Self {
        Self(Attributes::default().text(1, name).nested(2, data))
    }

    /// Takes a fact of the packet's surroundings.
    fn meta(key: u32) -> Self {
        Self::new("meta", &Attributes::default().number(1, REGISTER).number(2, key))
    }

    /// Goes on only if what was taken is this.
    fn equals(value: &[u8]) -> Self {
        const EQUAL: u32 = 0;
        let data = Attributes::default().put(1, value);
        let compared = Attributes::default().number(1, REGISTER).number(2, EQUAL);
        Self::new("cmp", &compared.nested(3, &data))
    }

    /// Takes bytes of a header: 1 that of the network, 2 that of the transport.
    fn payload(header: u32, offset: u32, length: u32) -> Self {
        let taken = Attributes::default().number(1, REGISTER).number(2, header);
        Self::new("payload", &taken.number(3, offset).number(4, length))
    }

    /// Goes on only if what was taken is in a set.
    pub(super) fn is_in(set: &str) -> Self {
        Self::new("lookup", &Attributes::default().text(1, set).number(2, REGISTER))
    }

    /// Counts packets and bytes.
    pub(super) fn counter() -> Self {
        Self::new("counter", &Attributes::default())
    }

    /// Ends the rule.
    pub(super) fn verdict(verdict: Verdict) -> Self {
        const VERDICT_REGISTER: u32 = 0;
        let code = Attributes::default().number(1, verdict as u32);
        let data = Attributes::default().nested(2, &code);
        let put = Attributes::default().number(1, VERDICT_REGISTER);
        Self::new("immediate", &put.nested(2, &data))
    }

    /// Only packets of this family, with the source or the destination taken.
    pub(super) fn address(v6: bool, source: bool) -> Vec<Self> {
        /// The network protocol, as netfilter numbers it (2 IPv4, 10 IPv6).
        const NFPROTO: u32 = 15;
        // RFC 791 §3.1, RFC 8200 §3.
        let (family, offset, length) = match (v6, source) {
            (false, true) => (2, 12, 4),
            (false, false) => (2, 16, 4),
            (true, true) => (10, 8, 16),
            (true, false) => (10, 24, 16),
        };
        vec![Self::meta(NFPROTO), Self::equals(&[family]), Self::payload(1, offset, length)]
    }

    /// Only ICMPv6 of this type.
    pub(super) fn icmpv6(kind: u8) -> Vec<Self> {
        /// The transport protocol; 58 is ICMPv6.
        const L4PROTO: u32 = 16;
        vec![
            Self::meta(L4PROTO),
            Self::equals(&[58]),
            Self::payload(2, 0, 1),
            Self::equals(&[kind]),
        ]
    }

    /// Only packets that leave by the interface of this number.
    pub(super) fn leaves_by(interface: u32) -> [Self; 2] {
        /// The number of the interface a packet leaves by.
        const OIF: u32 = 5;
        [Self::meta(OIF), Self::equals(&interface.to_ne_bytes())]
    }

    /// Sends a copy of an IPv6 packet to where it goes to, by the interface of this number.
    pub(super) fn copy_to(interface: u32) -> [Self; 3] {
        /// A register that the address, of four words, leaves alone.
        const NEXT_REGISTER: u32 = 2;
        let value = Attributes::default().put(1, &interface.to_ne_bytes());
        let number = Attributes::default().number(1, NEXT_REGISTER).nested(2, &value);
        let to = Attributes::default().number(1, REGISTER).number(2, NEXT_REGISTER);
        // RFC 8200 §3: the destination's place and length.
        [Self::payload(1, 24, 16), Self::new("immediate", &number), Self::new("dup", &to)]
    }
}

/// Messages that take effect together or not at all.
pub(super) struct Transaction {
    bytes: Vec<u8>,
    table: String,
    family: u8,
    sequence: u32,
}

impl Transaction {
    /// About a table for both families.
    pub(super) fn of(table: &str) -> Self {
        Self::about(table, number::INET)
    }

    /// About a table for IPv6.
    pub(super) fn ipv6(table: &str) -> Self {
        Self::about(table, number::IPV6)
    }

    fn about(table: &str, family: u8) -> Self {
        let mut new = Self { bytes: Vec::new(), table: table.to_owned(), family, sequence: 0 };
        new.frame(number::BATCH_BEGIN, 0, 0, number::NFTABLES, &Attributes::default());
        new
    }

    /// All of it.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.frame(number::BATCH_END, 0, 0, number::NFTABLES, &Attributes::default());
        self.bytes
    }

    fn frame(&mut self, kind: u16, flags: u16, family: u8, resource: u16, body: &Attributes) {
        /// Lengths of both headers.
        const HEADERS: usize = 16 + 4;
        let length = u32::try_from(HEADERS + body.0.len()).unwrap_or(u32::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((number::REQUEST | flags).to_ne_bytes());
        self.bytes.extend(self.sequence.to_ne_bytes());
        self.bytes.extend(0_u32.to_ne_bytes());
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        self.bytes.extend(&body.0);
        self.sequence += 1;
    }

    fn message(&mut self, kind: u16, flags: u16, body: &Attributes) -> &mut Self {
        let kind = number::NFTABLES << 8 | kind;
        self.frame(kind, number::ACK | flags, self.family, 0, body);
        self
    }

    /// Begins a message about the table: its name is the first attribute of each.
    fn named(&self) -> Attributes {
        Attributes::default().text(1, &self.table)
    }

    pub(super) fn add_table(&mut self) -> &mut Self {
        let body = self.named();
        self.message(number::NEW_TABLE, number::CREATE, &body)
    }

    pub(super) fn delete_table(&mut self) -> &mut Self {
        let body = self.named();
        self.message(number::DEL_TABLE, 0, &body)
    }

    /// A set of addresses.
    pub(super) fn add_set(&mut self, name: &str, v6: bool) -> &mut Self {
        // The types are nft's own names for what is in the set; the kernel keeps them for it.
        let (kind, length) = if v6 { (8, 16) } else { (7, 4) };
        let body = self.named().text(2, name).number(3, 0).number(4, kind).number(5, length);
        let body = body.number(10, self.sequence);
        self.message(number::NEW_SET, number::CREATE, &body)
    }

    pub(super) fn add_chain(&mut self, name: &str, hook: Hook, priority: i32) -> &mut Self {
        let place =
            Attributes::default().number(1, hook as u32).number(2, priority.cast_unsigned());
        let body = self.named().text(3, name).nested(4, &place);
        let body = body.number(5, Verdict::Accept as u32).text(7, "filter");
        self.message(number::NEW_CHAIN, number::CREATE, &body)
    }

    /// A rule behind those the chain has.
    pub(super) fn add_rule(&mut self, chain: &str, expressions: &[Expression]) -> &mut Self {
        let list = expressions
            .iter()
            .fold(Attributes::default(), |list, expression| list.nested(1, &expression.0));
        let body = self.named().text(2, chain).nested(4, &list);
        self.message(number::NEW_RULE, number::CREATE | number::APPEND, &body)
    }

    /// Puts addresses into a set, or takes them out.
    pub(super) fn elements(
        &mut self,
        set: &str,
        addresses: impl Iterator<Item = IpAddr>,
        there: bool,
    ) -> &mut Self {
        let list = addresses.fold(Attributes::default(), |list, address| {
            let value = match address {
                IpAddr::V4(address) => Attributes::default().put(1, &address.octets()),
                IpAddr::V6(address) => Attributes::default().put(1, &address.octets()),
            };
            list.nested(1, &Attributes::default().nested(1, &value))
        });
        let body = self.named().text(2, set).nested(3, &list);
        let (kind, flags) =
            if there { (number::NEW_ELEMENT, number::CREATE) } else { (number::DEL_ELEMENT, 0) };
        self.message(kind, flags, &body)
    }
}
