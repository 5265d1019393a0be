//! What an exchange of the program costs the network: nothing, with `--keep`; and units under a
//! real systemd, which is the first process of a namespace of its own.

#[allow(dead_code, reason = "the hosts have hands for other tests too")]
mod vrrp_lab;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use vrrp_lab::{Maker, Net, Router, VIP, cannot_run, wait_for};

/// Nobody takes longer to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(20);

fn router(priority: u8) -> String {
    format!(
        "vrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
         advert_int 1\n virtual_ipaddress {{\n 10.0.0.100\n }}\n}}\n"
    )
}

/// The worker before is gone, and another one is master.
fn is_another(router: &Router, before: &str) -> bool {
    router.worker().is_some_and(|now| now != before)
}

#[test]
fn a_restart_that_keeps_everything_is_noticed_by_nobody() {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let net = Net::new();
    let mut ours = Router::new(&net, "a", 1, Maker::Ours, &router(150));
    let mut peer = Router::new(&net, "b", 2, Maker::Real, &router(90));
    ours.start();
    peer.start();
    assert!(wait_for(PATIENCE, || ours.holds(VIP)), "{}", ours.log());
    let before = ours.worker().expect("a worker runs");
    let elections = peer.log().matches("Entering MASTER STATE").count();
    let program = ours.run(&["readlink", "-f", "/run/bin/keepalived"]);
    let words = [program.trim(), "restart", "keepalived", "--keep"];
    let mut restarting = ours.command(&words).stdin(Stdio::null()).spawn().expect("runs");
    let mut left = false;
    let done = wait_for(PATIENCE, || {
        left |= !ours.holds(VIP);
        restarting.try_wait().is_ok_and(|ended| ended.is_some()) && is_another(&ours, &before)
    });
    assert!(done, "{}", ours.log());
    // As long as the peer would wait for its master, and longer.
    assert!(!wait_for(Duration::from_secs(6), || peer.holds(VIP) || !ours.holds(VIP)));
    assert!(!left, "the address left for a moment");
    let now = peer.log().matches("Entering MASTER STATE").count();
    assert_eq!(now, elections, "the peer missed its master: {}", peer.log());
}

/// Prepares a root of its own and lets systemd be its first process; `PROGRAM` is ours, `OUT` what
/// the probe writes to. Nothing of the host's files changes: they are the lower layer.
const SYSTEMD: &str = r#"set -e
mount --make-rprivate /
W=$(dirname OUT)/sd; mkdir -p $W; mount -t tmpfs layer $W; mkdir $W/up $W/work $W/root; N=$W/root
mount -t overlay overlay -o lowerdir=/,upperdir=$W/up,workdir=$W/work $N
cp PROGRAM $N/usr/bin/handover
mount -t proc proc $N/proc; mount -t sysfs sysfs $N/sys; mount -t cgroup2 cgroup $N/sys/fs/cgroup
mount -t tmpfs run $N/run; mount -t tmpfs tmp $N/tmp; mount -t tmpfs state $N/var/lib/private 2>/dev/null || true
mount --rbind /dev $N/dev; touch $N/probe.out; mount --bind OUT $N/probe.out
ip link set lo up; ip link add eth0 type veth peer name other; ip link set eth0 up; ip link set other up
ip addr add 10.0.0.1/24 dev eth0
hostname guest; echo guest > $N/etc/hostname
chroot $N /usr/bin/handover install --compat heartbeat,keepalived >/dev/null 2>&1
mkdir -p $N/etc/keepalived $N/etc/ha.d
cat > $N/etc/keepalived/keepalived.conf <<C
vrrp_instance VI_1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 255
  virtual_ipaddress { 10.0.0.100 }
}
C
printf 'node guest\nucast eth0 10.0.0.9\nkeepalive 1\ndeadtime 5\n' > $N/etc/ha.d/ha.cf
printf 'auth 1\n1 md5 secret\n' > $N/etc/ha.d/authkeys; chmod 600 $N/etc/ha.d/authkeys
: > $N/etc/ha.d/haresources
cat > $N/etc/systemd/system/probe.service <<U
[Unit]
DefaultDependencies=no
After=keepalived.service heartbeat.service
Wants=keepalived.service heartbeat.service
[Service]
Type=oneshot
ExecStart=/bin/sh /probe.sh
StandardOutput=append:/probe.out
StandardError=append:/probe.out
U
cat > $N/probe.sh <<P
say() { echo "\$1 \$(systemctl is-active handover-keepalived) \$(systemctl is-active handover-heartbeat) \$(ip -4 -o addr show eth0 | grep -c 10.0.0.100/)"; }
for i in \$(seq 80); do
  ip addr | grep -q 10.0.0.100/ && systemctl is-active -q handover-heartbeat && break
  sleep 0.5
done
say started
systemctl reload keepalived && say reloaded
systemctl stop keepalived && say stopped
systemctl poweroff -f
P
cd $N
exec chroot $N /usr/bin/env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  SYSTEMD_PROGRAM --system --unit=probe.service --log-target=null
"#;

#[test]
fn under_systemd_stopping_keepalived_stops_that_role_alone() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let systemd = "/lib/systemd/systemd";
    if !Path::new(systemd).exists() {
        println!("skipped: no systemd");
        return;
    }
    let program = Maker::Ours.program().expect("was asked before");
    let place = tempfile::tempdir().expect("a directory");
    let out = place.path().join("out");
    std::fs::write(&out, "").expect("writes");
    let script = SYSTEMD
        .replace("OUT", &out.display().to_string())
        .replace("SYSTEMD_PROGRAM", systemd)
        .replace("PROGRAM", &program.display().to_string());
    let spaces = ["--net", "--mount", "--pid", "--fork", "--uts", "--cgroup", "--kill-child"];
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "90", "unshare"]).args(spaces).args(["sh", "-c", &script]);
    let ran = command.stdin(Stdio::null()).output().expect("unshare runs");
    let told = std::fs::read_to_string(&out).expect("reads");
    let words = String::from_utf8_lossy(&ran.stderr);
    assert!(told.contains("started active active 1\n"), "{told}\n{words}");
    assert!(told.contains("reloaded active active 1\n"), "{told}\n{words}");
    assert!(told.contains("stopped inactive active 0\n"), "{told}\n{words}");
}
