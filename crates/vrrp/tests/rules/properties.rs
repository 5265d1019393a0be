//! What holds under any faults: two masters that hear each other find out within one advert
//! interval, and when the faults stop there is one master within the computed time.

use crate::groups::gateway;
use crate::world::{World, config, instance, instance_v3, ms, secs};
use base::Instant;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use vrrp::config::{Config, Instance};
use vrrp::{Input, Received};

/// What may go wrong, one at a time.
#[derive(Clone, Debug)]
enum Fault {
    Cut(usize, usize),
    Heal(usize, usize),
    Kill(usize),
    Stop(usize),
    Start(usize),
    LinkDown(usize),
    LinkUp(usize),
    Reload(usize, u8),
    AddressLost(usize),
}

fn fault(hosts: usize) -> impl Strategy<Value = Fault> {
    let one = move || 0..hosts;
    prop_oneof![
        3 => (one(), one()).prop_map(|(a, b)| Fault::Cut(a, b)),
        2 => (one(), one()).prop_map(|(a, b)| Fault::Heal(a, b)),
        1 => one().prop_map(Fault::Kill),
        1 => one().prop_map(Fault::Stop),
        3 => one().prop_map(Fault::Start),
        1 => one().prop_map(Fault::LinkDown),
        2 => one().prop_map(Fault::LinkUp),
        1 => (one(), 1..=254_u8).prop_map(|(n, priority)| Fault::Reload(n, priority)),
        1 => one().prop_map(Fault::AddressLost),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    v3: bool,
    preempt: bool,
    priorities: Vec<u8>,
    faults: Vec<(u16, Fault)>,
}

fn case() -> impl Strategy<Value = Case> {
    (2..=5_usize).prop_flat_map(|hosts| {
        (
            any::<u64>(),
            any::<bool>(),
            any::<bool>(),
            prop::collection::vec(1..=254_u8, hosts),
            prop::collection::vec((1..4000_u16, fault(hosts)), 0..25),
        )
            .prop_map(|(seed, v3, preempt, priorities, faults)| Case {
                seed,
                v3,
                preempt,
                priorities,
                faults,
            })
    })
}

impl Case {
    fn config(&self, n: usize, priority: Option<u8>) -> Config {
        let priority = priority.unwrap_or(self.priorities[n]);
        let base =
            if self.v3 { instance_v3("V", priority, ms(200)) } else { instance("V", priority) };
        config(vec![Instance { preempt: self.preempt, ..base }])
    }

    fn interval(&self) -> Duration {
        if self.v3 { ms(200) } else { secs(1) }
    }

    fn break_something(&self, world: &mut World, fault: &Fault) {
        match *fault {
            Fault::Cut(a, b) => drop(world.cut.insert((a, b))),
            Fault::Heal(a, b) => drop(world.cut.remove(&(a, b))),
            Fault::Kill(n) => world.kill(n),
            Fault::Stop(n) => world.give(n, Input::Stop { keep: false }),
            Fault::Start(n) if world.hosts[n].role.is_none() => {
                world.start(n, self.config(n, None));
            }
            Fault::Start(_) => {}
            Fault::LinkDown(n) => world.link(n, "eth0", false),
            Fault::LinkUp(n) => world.link(n, "eth0", true),
            Fault::Reload(n, priority) => {
                let config = self.config(n, Some(priority));
                world.give(n, Input::Reload(Box::new(config)));
            }
            Fault::AddressLost(n) => {
                let ip = "192.0.2.100".parse().expect("an address");
                world.give(n, Input::AddressLost { instance: "V".into(), ip });
            }
        }
    }
}

/// Since when pairs of masters could hear each other.
#[derive(Default)]
struct Pairs(BTreeMap<(usize, usize), Instant>);

impl Pairs {
    fn look(&mut self, world: &World, limit: Duration) {
        let masters = world.masters("V");
        let mut together = BTreeMap::new();
        for (i, &a) in masters.iter().enumerate() {
            for &b in &masters[i + 1..] {
                if !world.cut.contains(&(a, b)) && !world.cut.contains(&(b, a)) {
                    let since = self.0.get(&(a, b)).copied().unwrap_or(world.now);
                    let lasted = world.now.since(since);
                    assert!(lasted <= limit, "{a} and {b} both masters for {lasted:?}");
                    together.insert((a, b), since);
                }
            }
        }
        self.0 = together;
    }
}

/// What may go wrong with a pair of gateways, each with two routers in a sync group.
#[derive(Clone, Debug)]
enum GatewayFault {
    Silence(bool, bool),
    Separate(bool),
    Kill(usize),
    Start(usize),
    Link(usize, bool),
}

fn gateway_fault() -> impl Strategy<Value = GatewayFault> {
    prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(a, b)| GatewayFault::Silence(a, b)),
        any::<bool>().prop_map(GatewayFault::Separate),
        (0..2_usize).prop_map(GatewayFault::Kill),
        (0..2_usize).prop_map(GatewayFault::Start),
        (0..2_usize, any::<bool>()).prop_map(|(n, up)| GatewayFault::Link(n, up)),
    ]
}

fn break_gateways(world: &mut World, configs: &[Config; 2], fault: &GatewayFault) {
    match *fault {
        GatewayFault::Silence(inside, outside) => {
            world.cut_instances.clear();
            world.cut_instances.extend(inside.then(|| "IN".to_owned()));
            world.cut_instances.extend(outside.then(|| "OUT".to_owned()));
        }
        GatewayFault::Separate(true) => world.separate(0, 1),
        GatewayFault::Separate(false) => world.cut.clear(),
        GatewayFault::Kill(n) => world.kill(n),
        GatewayFault::Start(n) if world.hosts[n].role.is_none() => {
            world.start(n, configs[n].clone());
        }
        GatewayFault::Start(_) => {}
        GatewayFault::Link(n, up) => world.link(n, "eth0", up),
    }
}

/// What a host's role makes of bytes that nobody checked.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    // The beginning of a real advert, so that some of it gets far.
    let header = [0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112, 0, 0, 192, 0, 2, 99, 224, 0, 0, 18];
    let message = [0x21, 51, 255, 1, 0, 1];
    let real: Vec<u8> = header.into_iter().chain(message).collect();
    let tail = prop::collection::vec(any::<u8>(), 0..40);
    (any::<bool>(), 0..=26_usize, tail).prop_map(move |(start_real, cut, tail)| {
        let start = if start_real { &real[..cut] } else { &[] };
        start.iter().copied().chain(tail).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn masters_that_hear_each_other_find_out_and_one_remains(case in case()) {
        let hosts = case.priorities.len();
        let mut world = World::new(hosts);
        world.seed(case.seed);
        (world.delay, world.jitter) = (Duration::from_micros(100), ms(5));
        let limit = case.interval() + ms(15);
        let mut pairs = Pairs::default();
        for n in 0..hosts {
            world.start(n, case.config(n, None));
        }
        for (pause, fault) in &case.faults {
            let then = world.now + ms((*pause).into());
            world.run_to(then, |world| pairs.look(world, limit));
            case.break_something(&mut world, fault);
            pairs.look(&world, limit);
        }
        world.cut.clear();
        for n in 0..hosts {
            case.break_something(&mut world, &Fault::Start(n));
            world.link(n, "eth0", true);
        }
        pairs.look(&world, limit);
        // The lowest priority there is waits 3 intervals and 255/256 of one; then the ticks.
        let settled = world.now + case.interval() * 4 + ms(20);
        world.run_to(settled, |world| pairs.look(world, limit));
        prop_assert!(!world.masters("V").is_empty(), "nobody at {}", world.now);
        world.run_to(settled + case.interval() * 5, |world| {
            pairs.look(world, limit);
            assert!(!world.masters("V").is_empty(), "nobody at {}", world.now);
        });
        let masters = world.masters("V");
        prop_assert_eq!(masters.len(), 1);
        if case.preempt {
            let worth = |n| world.status(n, "V").effective_priority;
            let best = (0..hosts).map(worth).max();
            prop_assert_eq!(Some(worth(masters[0])), best);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn members_of_a_sync_group_are_masters_together_whatever_happens(
        seed in any::<u64>(),
        faults in prop::collection::vec((1..6000_u16, gateway_fault()), 0..20),
    ) {
        let configs = [gateway(100), gateway(90)];
        let mut world = World::of(configs.to_vec());
        world.seed(seed);
        world.jitter = ms(5);
        let together = |world: &mut World| {
            assert_eq!(world.masters("IN"), world.masters("OUT"), "at {}", world.now);
        };
        for (pause, fault) in &faults {
            let then = world.now + ms((*pause).into());
            world.run_to(then, together);
            break_gateways(&mut world, &configs, fault);
            together(&mut world);
        }
        for fault in [
            GatewayFault::Silence(false, false),
            GatewayFault::Separate(false),
            GatewayFault::Start(0),
            GatewayFault::Start(1),
            GatewayFault::Link(0, true),
            GatewayFault::Link(1, true),
        ] {
            break_gateways(&mut world, &configs, &fault);
        }
        // One member may have waited an interval more than the other.
        let settled = world.now + secs(10);
        world.run_to(settled, together);
        prop_assert_eq!(world.masters("IN"), [0]);
    }

    #[test]
    fn noise_moves_nothing(packets in prop::collection::vec(noise(), 1..50)) {
        let mut world = World::of(vec![config(vec![instance("V", 100)])]);
        world.run(5.0);
        world.hosts[0].forget();
        for bytes in packets {
            world.give(0, Input::Packet(Received {
                interface: "eth0".into(),
                source: [192, 0, 2, 99].into(),
                destination: [224, 0, 0, 18].into(),
                ttl: 255,
                bytes,
            }));
        }
        world.run(7.0);
        prop_assert_eq!(world.hosts[0].adverts(), [(5609, 100), (6609, 100)]);
        prop_assert_eq!(world.masters("V"), [0]);
    }

    #[test]
    fn the_same_inputs_give_the_same_outputs(case in case()) {
        let play = || {
            let mut world = World::new(case.priorities.len());
            world.seed(case.seed);
            (world.jitter, world.loss) = (ms(5), 10);
            (0..case.priorities.len()).for_each(|n| world.start(n, case.config(n, None)));
            for (pause, fault) in &case.faults {
                let then = world.now + ms((*pause).into());
                world.run_to(then, |_| {});
                case.break_something(&mut world, fault);
            }
            world.hosts.into_iter().map(|host| host.log).collect::<Vec<_>>()
        };
        prop_assert_eq!(play(), play());
    }
}
