//! What virtual routers can do beside moving an address, on hosts in network namespaces: with the
//! real keepalived 2.2.7 at the other end wherever it can notice.
//!
//! The tests wait for what they expect, with limits that a busy machine keeps.

#[expect(dead_code, reason = "the hosts have hands for other tests too")]
mod vrrp_lab;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
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

/// Starts FRR's zebra, which knows interfaces, and bfdd on a host without a router.
fn start_frr(host: &Router) {
    let tree = lab::peers::Peer::Frr.ensure().expect("was asked before");
    let config = "bfd\n peer 10.0.0.1 local-address 10.0.0.2 interface eth0\n  receive-interval \
                  100\n  transmit-interval 100\n  detect-multiplier 5\n  no shutdown\n exit\nexit\n";
    host.write("/run/bfd.conf", config, false);
    host.write("/run/zebra.conf", "log file /run/zebra.log\n", false);
    let tree = tree.display();
    let script = format!(
        "echo frr:x:993:993::/:/usr/sbin/nologin >>/etc/passwd
         printf 'frr:x:993:\\nfrrvty:x:992:frr\\n' >>/etc/group
         mkdir -p /run/frr && chown frr:frr /run/frr
         libraries={tree}/usr/lib/x86_64-linux-gnu
         export LD_LIBRARY_PATH=$libraries:$libraries/frr
         {tree}/usr/lib/frr/zebra -d -f /run/zebra.conf
         {tree}/usr/lib/frr/bfdd -d -f /run/bfd.conf"
    );
    host.run(&["sh", "-c", &script]);
    let begun = || host.read("/run/frr/bfdd.pid").is_some_and(|pid| !pid.trim().is_empty());
    assert!(wait_for(PATIENCE, begun), "bfdd didn't start");
}

#[test]
fn ours_follows_a_bfd_session_with_frr() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    if let Err(why) = lab::peers::Peer::Frr.ensure() {
        println!("skipped: {why:#}");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true: skipped is failed");
        return;
    }
    let net = Net::new();
    let tracked = "track_bfd {\n path\n }";
    let mut router = Router::new(&net, "a", 1, Maker::Ours, &with_bfd(100, 1, tracked));
    let other = Router::new(&net, "b", 2, Maker::Ours, "");
    router.start();
    assert!(while_all(Duration::from_secs(5), || !router.holds(VIP)), "{}", router.log());
    start_frr(&other);
    assert!(wait_for(PATIENCE, || router.holds(VIP)), "{}", router.log());
    let bfdd = other.read("/run/frr/bfdd.pid").expect("it runs").trim().to_owned();
    for (down, up) in [("-STOP", "-CONT"), ("down", "up")] {
        let act = |what: &str| match what.strip_prefix('-') {
            Some(_) => other.run(&["kill", what, &bfdd]),
            None => other.run(&["ip", "link", "set", "eth0", what]),
        };
        act(down);
        assert!(wait_for(PATIENCE, || !router.holds(VIP)), "{down}: {}", router.log());
        act(up);
        assert!(wait_for(2 * PATIENCE, || router.holds(VIP)), "{up}: {}", router.log());
    }
}

/// A master of one address, with these further lines.
fn master_with(lines: &str) -> String {
    format!(
        "
vrrp_instance VI_1 {{
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 200
    advert_int 1
    virtual_ipaddress {{
        10.0.0.100
    }}
    {lines}
}}
"
    )
}

/// A router without another one, and a host beside it that asks.
fn with_a_neighbour(maker: Maker, config: &str) -> (Net, Router, Router) {
    let net = Net::new();
    let mut router = Router::new(&net, "a", 1, maker, config);
    let neighbour = Router::new(&net, "b", 2, Maker::Ours, "");
    router.start();
    (net, router, neighbour)
}

fn answers(neighbour: &Router, address: &str) -> bool {
    neighbour.run(&["ping", "-c", "1", "-W", "1", address]).contains("1 received")
}

/// What a host keeps closed, and that it doesn't any more after a stop.
fn does_not_answer(maker: Maker, line: &str) {
    if cannot_run(&[maker]) {
        return;
    }
    let (_net, router, neighbour) = with_a_neighbour(maker, &master_with(line));
    assert!(wait_for(PATIENCE, || router.holds(VIP)), "{}", router.log());
    assert!(wait_for(PATIENCE, || answers(&neighbour, "10.0.0.1")), "the host itself answers");
    assert!(!answers(&neighbour, VIP), "{maker:?} with {line}");
    let mut router = router;
    router.stop();
    assert!(wait_for(PATIENCE, || !router.runs()));
    router.run(&["ip", "addr", "add", "10.0.0.100/24", "dev", "eth0"]);
    assert!(wait_for(PATIENCE, || answers(&neighbour, VIP)), "nothing is left of it");
}

#[test]
fn an_address_with_no_accept_answers_nobody() {
    does_not_answer(Maker::Ours, "no_accept");
    does_not_answer(Maker::Real, "no_accept");
}

#[test]
fn an_address_in_strict_mode_answers_nobody() {
    does_not_answer(Maker::Ours, "strict_mode on");
    does_not_answer(Maker::Real, "strict_mode on");
}

#[test]
fn a_reload_opens_and_closes_addresses_that_are_held() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let (_net, router, neighbour) = with_a_neighbour(Maker::Ours, &master_with(""));
    assert!(wait_for(PATIENCE, || router.holds(VIP) && answers(&neighbour, VIP)));
    router.configure(&master_with("no_accept"));
    router.signal("HUP");
    assert!(wait_for(PATIENCE, || !answers(&neighbour, VIP)), "{}", router.log());
    router.configure(&master_with("accept"));
    router.signal("HUP");
    assert!(wait_for(PATIENCE, || answers(&neighbour, VIP)), "{}", router.log());
}

#[test]
fn settings_that_a_virtual_mac_address_takes_are_put_back_at_the_end() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let (_net, mut router, neighbour) = with_a_neighbour(Maker::Ours, &master_with("use_vmac"));
    let setting = |router: &Router, name: &str| {
        let path = format!("/proc/sys/net/ipv4/conf/eth0/{name}");
        router.run(&["cat", &path]).trim().to_owned()
    };
    assert!(wait_for(PATIENCE, || answers(&neighbour, VIP)), "{}", router.log());
    assert_eq!(setting(&router, "arp_ignore"), "1");
    router.run(&["kill", "-KILL", &router.worker().expect("a worker runs")]);
    assert!(wait_for(PATIENCE, || router.worker().is_some() && answers(&neighbour, VIP)));
    router.stop();
    assert!(wait_for(PATIENCE, || !router.runs()));
    assert_eq!(
        setting(&router, "arp_ignore"),
        "0",
        "the first worker's note is the one that counts"
    );
    assert_eq!(setting(&router, "arp_filter"), "0");
    assert!(!router.run(&["ip", "link"]).contains("vrrp.51"));
}

#[test]
fn an_instance_waits_for_its_interface_and_for_one_that_comes_back() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let net = Net::new();
    let config = master_with("use_vmac").replace("eth0", "late0");
    let mut router = Router::new(&net, "a", 1, Maker::Ours, &config);
    router.start();
    let plug = |router: &Router| {
        router.run(&["ip", "link", "add", "late0", "type", "veth", "peer", "name", "other0"]);
        router.run(&["ip", "addr", "add", "10.0.1.1/24", "dev", "late0"]);
        router.run(&["ip", "link", "set", "other0", "up"]);
        router.run(&["ip", "link", "set", "late0", "up"]);
    };
    let waits = || router.log().contains("VI_1 is FAULT");
    assert!(wait_for(PATIENCE, waits), "{}", router.log());
    assert!(!router.holds(VIP) && router.runs());
    for _ in 0..2 {
        plug(&router);
        assert!(wait_for(PATIENCE, || router.holds(VIP)), "{}", router.log());
        router.run(&["ip", "link", "del", "late0"]);
        assert!(wait_for(PATIENCE, || !router.holds(VIP)), "{}", router.log());
    }
}

/// What a scripted mail server does with each connection, one after the other.
#[derive(Clone, Copy, Debug)]
enum Desk {
    /// Says nothing and hangs up.
    HangsUp,
    /// Refuses the sender the first time, as greylisting does.
    Later,
    /// Takes the mail.
    Takes,
}

/// Serves mail in a router's network; gives each mail that was taken.
fn mail_server(router: &Router, desks: Vec<Desk>) -> std::sync::mpsc::Receiver<String> {
    let (sender, mails) = std::sync::mpsc::channel();
    let (ready, opened) = std::sync::mpsc::channel();
    let network = std::fs::File::open(format!("/proc/{}/ns/net", router.pid())).expect("opens");
    std::thread::spawn(move || {
        let kind = rustix::thread::LinkNameSpaceType::Network;
        rustix::thread::move_into_link_name_space(network.as_fd(), Some(kind)).expect("enters");
        let listener = TcpListener::bind("10.0.0.2:25").expect("listens");
        ready.send(()).expect("somebody waits");
        for desk in desks.into_iter().chain(std::iter::repeat(Desk::Takes)) {
            let Ok((stream, _)) = listener.accept() else { return };
            if let Ok(Some(mail)) = serve_mail(stream, desk)
                && sender.send(mail).is_err()
            {
                return;
            }
        }
    });
    opened.recv().expect("it listens");
    mails
}

/// One conversation (RFC 5321 §3.3); the mail, if it was taken.
fn serve_mail(mut stream: TcpStream, desk: Desk) -> std::io::Result<Option<String>> {
    if let Desk::HangsUp = desk {
        return Ok(None);
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 mail\r\n")?;
    let mut mail = None;
    while let Some(Ok(line)) = lines.next() {
        let answer = match (line.split(' ').next().unwrap_or_default(), desk) {
            ("MAIL", Desk::Later) => "451 try again",
            ("DATA", _) => {
                stream.write_all(b"354 go on\r\n")?;
                let text = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                mail = Some(text.collect::<Vec<_>>().join("\n"));
                "250 taken"
            }
            ("QUIT", _) => {
                stream.write_all(b"221 bye\r\n")?;
                break;
            }
            _ => "250 well",
        };
        stream.write_all(answer.as_bytes())?;
        stream.write_all(b"\r\n")?;
    }
    Ok(mail)
}

#[test]
fn mails_reach_a_server_that_was_away_and_then_asked_to_wait_in_their_order() {
    if cannot_run(&[Maker::Ours]) {
        return;
    }
    let head = "global_defs {\n notification_email {\n admin@example.org\n }\n router_id LVS_1\n \
                smtp_server 10.0.0.2\n smtp_connect_timeout 5\n}\n";
    let config = format!("{head}{}", master_with("smtp_alert"));
    let net = Net::new();
    let mut router = Router::new(&net, "a", 1, Maker::Ours, &config);
    let neighbour = Router::new(&net, "b", 2, Maker::Ours, "");
    let mails = mail_server(&neighbour, vec![Desk::HangsUp, Desk::Later]);
    router.start();
    // Two refusals cost 5 and 10 s.
    let subjects: Vec<String> = (0..2)
        .map(|_| {
            let mail = mails.recv_timeout(3 * PATIENCE).expect("a mail comes in the end");
            assert!(mail.contains("From: keepalived@a"), "{mail}");
            let subject = mail.lines().find(|line| line.starts_with("Subject: "));
            subject.expect("it has one").to_owned()
        })
        .collect();
    let entering =
        |state: &str| format!("Subject: [LVS_1] VRRP Instance VI_1 - Entering {state} state");
    assert_eq!(subjects, [entering("BACKUP"), entering("MASTER")]);
    assert!(router.holds(VIP), "nobody waited for the mail");
}
