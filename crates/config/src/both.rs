//! Heartbeat and keepalived on one machine: an address that both would hold.

use crate::File;
use crate::haresources::{logical_lines, resource};
use base::{Diagnostic, Severity, Span};
use std::net::IpAddr;
use std::sync::Arc;
use vrrp::config::Instance;

/// An address of haresources that a virtual router has as well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shared {
    /// Which.
    pub ip: IpAddr,
    /// The virtual router.
    pub instance: String,
    /// Where haresources names it.
    pub span: Span,
}

impl Shared {
    /// The sentence, for logs and findings.
    pub fn sentence(&self) -> String {
        format!("{} is in haresources, and in the vrrp_instance {} too", self.ip, self.instance)
    }

    /// What it means.
    pub const EFFECT: &'static str = "heartbeat and keepalived decide on their own who holds it: \
                                      two machines can hold it at once, and one role removes it \
                                      under the other";

    /// What to do.
    pub const CURE: &'static str = "leave it to one of the two";

    /// A finding about `haresources`.
    pub fn finding(&self, haresources: &File) -> Diagnostic {
        let (severity, path) = (Severity::Error, &haresources.path);
        let text = self.sentence();
        Diagnostic::new(severity, "both::same-address", path, self.span, text)
            .effect(Self::EFFECT)
            .compat("Heartbeat and keepalived don't know of each other and say nothing")
            .help(Self::CURE)
    }
}

/// The addresses that `haresources` names and an instance has too, in the order of the file.
pub fn shared_addresses(haresources: &File, instances: &[Arc<Instance>]) -> Vec<Shared> {
    let mut shared = Vec::new();
    for line in logical_lines(&haresources.text) {
        // The first word is the home node.
        for word in line.iter().skip(1) {
            for argument in &resource(word.text).args {
                let address = argument.split('/').next().unwrap_or_default();
                let Ok(ip) = address.parse::<IpAddr>() else { continue };
                let holders = instances.iter().filter(|instance| {
                    instance.addresses.iter().chain(&instance.excluded).any(|held| held.ip == ip)
                });
                shared.extend(holders.map(|instance| Shared {
                    ip,
                    instance: instance.name.clone(),
                    span: word.span,
                }));
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keepalived::{Host, keepalived};

    #[test]
    fn an_address_of_both_is_found_in_whatever_form_haresources_has_it() {
        let conf = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 1\n \
                    virtual_ipaddress {\n 192.0.2.1/24\n 192.0.2.2\n }\n \
                    virtual_ipaddress_excluded {\n 192.0.2.3\n }\n}\n";
        let read = keepalived(&File::new("keepalived.conf", conf), &Host::assumed("a"));
        let text = "a 192.0.2.1 httpd\nb IPaddr2::192.0.2.3/24/eth0 # 192.0.2.2\na 192.0.2.9\n";
        let file = File::new("haresources", text);
        let shared = shared_addresses(&file, &read.vrrp.instances);
        let found: Vec<_> = shared.iter().map(|one| one.ip.to_string()).collect();
        assert_eq!(found, ["192.0.2.1", "192.0.2.3"]);
        let finding = shared[1].finding(&file);
        assert_eq!(finding.line_column(text), (2, 3));
        assert!(finding.message.contains("VI_1"), "{}", finding.message);
    }
}
