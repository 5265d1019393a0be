//! Virtual servers of a running daemon on this machine's own kernel. What takes a kernel with a
//! load balancer is shown in the virtual machine of `cargo xtask vm`.

#[allow(dead_code, reason = "the hosts are those of the tests of virtual routers, which use all")]
mod vrrp_lab;

use std::path::Path;
use std::time::Duration;
use vrrp_lab::{Maker, Net, Router, VIP, cannot_run, wait_for};

/// A router that is master at once, and two virtual servers.
const CONFIG: &str = "
vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 255
    virtual_ipaddress {
        10.0.0.100
    }
}
virtual_server 10.0.0.100 80 {
    delay_loop 1
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 10.0.0.2 80 {
        TCP_CHECK {
        }
    }
}
virtual_server fwmark 7 {
    lb_algo wlc
    lb_kind NAT
    real_server 10.0.0.3 0 {
        PING_CHECK {
        }
    }
}
";

/// Nobody takes longer to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(15);

fn times(text: &str, words: &str) -> usize {
    text.matches(words).count()
}

#[test]
fn without_a_load_balancer_each_virtual_server_says_so_once_and_routers_run() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    if Path::new("/proc/net/ip_vs").exists() {
        println!("skipped: this kernel has a load balancer");
        return;
    }
    let net = Net::new();
    let mut a = Router::new(&net, "a", 1, Maker::Ours, CONFIG);
    // As on a machine whose kernel has no such module, whatever this one's would load.
    let masked =
        "p=$(cat /proc/sys/kernel/modprobe); [ ! -e \"$p\" ] || mount --bind /bin/false \"$p\"";
    a.run(&["sh", "-c", masked]);
    a.start();
    assert!(wait_for(PATIENCE, || a.holds(VIP)), "{}", a.log());
    let said = |words: &str| times(&a.log(), words);
    assert!(wait_for(PATIENCE, || said(" is not served: ") == 2), "{}", a.log());
    assert_eq!(said("[10.0.0.100]:tcp:80 is not served: the kernel's load balancer"), 1);
    assert_eq!(said("FWM 7 is not served: "), 1, "{}", a.log());

    assert_eq!(a.read("/run/checkers.pid"), a.read("/run/vrrp.pid"));
    a.signal("USR1");
    let data = || a.read("/tmp/keepalived_check.data").unwrap_or_default();
    let told = " VS [10.0.0.100]:tcp:80: not served\n";
    assert!(wait_for(PATIENCE, || data().contains(told)), "{}", data());

    // The address never left, and goes only now.
    assert!(a.holds(VIP));
    a.stop();
    assert!(wait_for(PATIENCE, || !a.runs()), "{}", a.log());
    assert!(!a.holds(VIP));
    assert_eq!(a.read("/run/checkers.pid"), None);
}

/// The network namespace of a process or thread, by its path below /proc.
fn network(router: &Router, of: &str) -> String {
    router.run(&["readlink", &format!("/proc/{of}/ns/net")]).trim().to_owned()
}

#[test]
fn net_namespace_ipvs_without_a_name_is_the_network_of_the_start() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let net = Net::new();
    let config = format!("net_namespace inner\nnet_namespace_ipvs\n{CONFIG}");
    let mut a = Router::new(&net, "a", 1, Maker::Ours, &config);
    a.run(&["ip", "netns", "add", "inner"]);
    a.run(&["ip", "link", "set", "eth0", "netns", "inner"]);
    let inner = |words: &[&str]| a.run(&[&["ip", "netns", "exec", "inner"], words].concat());
    inner(&["ip", "addr", "add", "10.0.0.1/24", "dev", "eth0"]);
    inner(&["ip", "link", "set", "eth0", "up"]);
    a.start();
    let addresses = || a.run(&["ip", "netns", "exec", "inner", "ip", "addr"]);
    assert!(wait_for(PATIENCE, || addresses().contains("10.0.0.100")), "{}", a.log());
    let (parent, worker) = (a.parent().expect("runs"), a.worker().expect("runs"));
    let checkers = || {
        let named = format!("grep -lx checkers /proc/{worker}/task/*/comm");
        let found = a.run(&["sh", "-c", &named]);
        found.split('/').nth(4).map(str::to_owned)
    };
    assert!(wait_for(PATIENCE, || checkers().is_some()), "{}", a.log());
    let checkers = network(&a, &format!("{worker}/task/{}", checkers().expect("found")));
    assert_eq!(checkers, network(&a, "self"), "the balancer's thread is where the daemon began");
    assert_eq!(network(&a, &parent), checkers);
    assert_ne!(network(&a, &worker), checkers, "the routers are in the other one");
    let executor = a.executor().expect("runs");
    assert_eq!(network(&a, &executor), network(&a, &worker), "scripts see the routers' network");
}
