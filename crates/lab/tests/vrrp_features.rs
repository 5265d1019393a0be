//! What virtual routers can do beside moving an address, on hosts in network namespaces: with the
//! real keepalived 2.2.7 at the other end wherever it can notice.
//!
//! The tests wait for what they expect, with limits that a busy machine keeps.

#[expect(dead_code, reason = "the hosts have hands for other tests too")]
mod vrrp_lab;

use std::time::Duration;
use vrrp_lab::{Maker, Net, Router, VIP, cannot_run, wait_for, while_all};

/// Nobody takes longer to start, to stop or to notice.
const PATIENCE: Duration = Duration::from_secs(15);

/// A router of this priority that watches the other host by BFD. 100 ms leave a busy machine room.
fn with_bfd(priority: u8, host: u8, tracked: &str) -> String {
    let other = 3 - host;
    format!(
        "
bfd_instance path {{
    neighbor_ip 10.0.0.{other}
    source_ip 10.0.0.{host}
    min_rx 100
    min_tx 100
    idle_tx 1000
    multiplier 5
}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    virtual_ipaddress {{
        10.0.0.100
    }}
    {tracked}
}}
"
    )
}

/// The process that speaks BFD on a host.
fn bfd_process(router: &Router, maker: Maker) -> String {
    let file = if maker == Maker::Real { "/run/bfd.pid" } else { "/run/vrrp.pid" };
    router.read(file).expect("it runs").trim().to_owned()
}

/// A is the better router as long as it reaches B; B's BFD is frozen for a while.
fn follows_a_session(a: Maker, b: Maker) {
    if cannot_run(&[a, b]) {
        return;
    }
    let net = Net::new();
    let tracked = "track_bfd {\n path\n }";
    let mut first = Router::new(&net, "a", 1, a, &with_bfd(100, 1, tracked));
    let mut second = Router::new(&net, "b", 2, b, &with_bfd(90, 2, ""));
    first.start();
    assert!(
        while_all(Duration::from_secs(5), || !first.holds(VIP)),
        "a session that was never up is a fault: {}",
        first.log()
    );
    second.start();
    assert!(wait_for(PATIENCE, || first.holds(VIP)), "{a:?}/{b:?}: {}", first.log());

    let process = bfd_process(&second, b);
    second.run(&["kill", "-STOP", &process]);
    assert!(wait_for(PATIENCE, || !first.holds(VIP)), "{a:?}/{b:?}: {}", first.log());
    if b == Maker::Real {
        // Its VRRP is a process of its own.
        assert!(wait_for(PATIENCE, || second.holds(VIP)), "{}", second.log());
    }
    second.run(&["kill", "-CONT", &process]);
    assert!(
        wait_for(PATIENCE, || first.holds(VIP) && !second.holds(VIP)),
        "{a:?}/{b:?}: {}",
        first.log()
    );
}

#[test]
fn ours_follows_a_bfd_session_with_the_real_one() {
    follows_a_session(Maker::Ours, Maker::Real);
}

#[test]
fn the_real_one_follows_a_bfd_session_with_ours() {
    follows_a_session(Maker::Real, Maker::Ours);
}

#[test]
fn ours_follows_a_bfd_session_with_ours() {
    follows_a_session(Maker::Ours, Maker::Ours);
}
