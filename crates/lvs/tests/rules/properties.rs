//! Whatever happens, in whatever order: the kernel has what the servers' states and the quorum
//! ask for, and clients always find a server while there is one.

use crate::world::{Model, World, config, ip, real, secs, server, sorry};
use lvs::Input;
use lvs::config::{Config, Service, VirtualServer};
use proptest::prelude::*;
use wire::ipvs::Command;

const SERVERS: u8 = 4;

/// A virtual server that may be anything a reload can make of it.
fn any_server(last: u8) -> impl Strategy<Value = VirtualServer> {
    let reals = prop::collection::btree_map(1..=SERVERS, (0_u16..5, any::<bool>()), 1..5);
    let rest = (
        any::<bool>(),
        any::<bool>(),
        1_u32..8,
        0_u32..3,
        prop::sample::select(&["rr", "wlc"][..]),
    );
    (reals, rest).prop_map(move |(reals, (has_sorry, inhibit, quorum, hysteresis, scheduler))| {
        let reals = reals.into_iter().map(|(number, (weight, inhibit))| {
            let mut real = real(number, weight);
            real.inhibit_on_failure = inhibit;
            real
        });
        VirtualServer {
            service: Service::Address(ip(&format!("10.9.0.{last}")), 80),
            sorry: has_sorry.then(|| lvs::config::SorryServer { inhibit, ..sorry() }),
            quorum,
            hysteresis,
            scheduler: scheduler.into(),
            ..server(reals.collect())
        }
    })
}

fn any_config() -> impl Strategy<Value = Config> {
    let servers = prop::collection::btree_set(100_u8..103, 1..4);
    servers
        .prop_flat_map(|lasts| lasts.into_iter().map(any_server).collect::<Vec<_>>())
        .prop_map(config)
}

#[derive(Clone, Debug)]
enum Happens {
    Kill(u8),
    Heal(u8),
    Pass(u64),
    Reload(Box<Config>),
}

fn anything() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (1..=SERVERS).prop_map(Happens::Kill),
        (1..=SERVERS).prop_map(Happens::Heal),
        (0_u64..12).prop_map(Happens::Pass),
        any_config().prop_map(|config| Happens::Reload(Box::new(config))),
    ]
}

fn happen(world: &mut World, what: Happens) {
    match what {
        Happens::Kill(number) => world.kill(number),
        Happens::Heal(number) => world.heal(number),
        Happens::Pass(seconds) => world.run(secs(seconds)),
        Happens::Reload(config) => world.give(Input::Reload(config)),
    }
}

/// What the kernel is to have, from the states alone: the rules of §4.2 written down once more.
fn is_as_it_should_be(world: &World, config: &Config) -> Result<(), TestCaseError> {
    let status = world.director.status();
    prop_assert_eq!(world.kernel.services.len(), config.servers.len());
    for (server, told) in config.servers.iter().zip(&status.servers) {
        let Service::Address(address, _) = server.service else { panic!("an address") };
        let (service, destinations) = world
            .kernel
            .services
            .iter()
            .find_map(|(key, value)| match key {
                wire::ipvs::ServiceKey::Address { address: of, .. } if *of == address => {
                    Some(value)
                }
                _ => None,
            })
            .expect("its service");
        prop_assert_eq!(&service.scheduler, &server.scheduler);
        let alive: u64 = told.real.iter().filter(|r| r.up).map(|r| u64::from(r.weight)).sum();
        prop_assert_eq!(alive, told.weight);
        let (quorum, hysteresis) = (u64::from(server.quorum), u64::from(server.hysteresis));
        if told.up {
            prop_assert!(alive > 0 && alive + hysteresis >= quorum, "{alive} is no quorum");
        } else {
            prop_assert!(alive == 0 || alive < quorum + hysteresis, "{alive} is a quorum");
        }
        let sorry_serves = !told.up && server.sorry.is_some();
        let is_sorry = |ip| server.sorry.as_ref().is_some_and(|sorry| sorry.ip == ip);
        for ((ip, _), destination) in destinations {
            if is_sorry(*ip) {
                prop_assert_eq!(destination.weight > 0, sorry_serves);
            } else {
                let mut of = told.real.iter().filter(|real| real.ip == *ip);
                prop_assert!(of.clone().count() > 0, "somebody else's destination");
                let serves = of.any(|real| real.up) && !sorry_serves;
                prop_assert!(serves || destination.weight == 0, "{ip} serves while it is down");
            }
        }
        for real in told.real.iter().filter(|real| real.up && !sorry_serves) {
            prop_assert!(destinations.contains_key(&(real.ip, 80)), "{} is missing", real.name);
        }
        if sorry_serves {
            prop_assert!(destinations.keys().any(|(ip, _)| is_sorry(*ip)));
        }
    }
    Ok(())
}

/// Applies commands one by one: a service that had somebody to send clients to, and will have,
/// never has nobody in between; nothing is removed that is added again.
fn never_empty_in_between(before: &Model, commands: &[Command]) -> Result<(), TestCaseError> {
    let mut model = before.clone();
    let mut after = before.clone();
    for command in commands {
        prop_assert_eq!(after.apply(command), Ok(()), "{:?}", command);
    }
    for command in commands {
        model.apply(command).expect("it was applied before");
        for (key, (_, then)) in &after.services {
            let Some((_, start)) = before.services.get(key) else { continue };
            let serves = |all: &std::collections::BTreeMap<_, wire::ipvs::Destination>| {
                all.values().any(|destination| destination.weight > 0)
            };
            if serves(start) && serves(then) {
                prop_assert!(serves(&model.services[key].1), "nobody serves after {command:?}");
            }
            for place in start.keys().filter(|place| then.contains_key(place)) {
                prop_assert!(model.services[key].1.contains_key(place), "added anew: {place:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_kernel_always_has_what_states_and_quorum_ask_for(
        first in any_config(),
        story in prop::collection::vec(anything(), 1..25),
    ) {
        let mut now = first.clone();
        let mut world = World::new(first);
        is_as_it_should_be(&world, &now)?;
        for what in story {
            if let Happens::Reload(config) = &what {
                now = (**config).clone();
            }
            let before = world.kernel.clone();
            world.forget();
            // Single steps, so that commands of different moments aren't mixed.
            let is_a_step = !matches!(what, Happens::Pass(_));
            happen(&mut world, what);
            if is_a_step {
                never_empty_in_between(&before, &world.commands)?;
            }
            is_as_it_should_be(&world, &now)?;
        }
        world.give(Input::Stop { keep: false });
        prop_assert!(world.kernel.services.is_empty());
    }

    #[test]
    fn a_reload_leads_to_the_table_of_a_fresh_start(before in any_config(), after in any_config()) {
        let mut reloaded = World::new(before);
        reloaded.run(secs(20));
        reloaded.give(Input::Reload(Box::new(after.clone())));
        reloaded.run(secs(20));
        let mut fresh = World::new(after);
        fresh.run(secs(20));
        // A sorry server that is kept at weight 0 is a memory that only one of them has.
        let serving = |model: &Model| -> Vec<_> {
            model.services.values().flat_map(|(service, all)| {
                all.values().filter(|d| d.weight > 0).map(move |d| (service.clone(), *d))
            }).map(|pair| format!("{pair:?}")).collect()
        };
        let up = |world: &World| -> Vec<bool> {
            world.director.status().servers.iter().map(|server| server.up).collect()
        };
        // Between quorum minus and plus hysteresis the way there decides.
        if up(&reloaded) == up(&fresh) {
            prop_assert_eq!(serving(&reloaded.kernel), serving(&fresh.kernel));
        }
    }

    #[test]
    fn a_successor_changes_nothing(config in any_config(), story in prop::collection::vec(anything(), 0..10)) {
        let mut world = World::new(config.clone());
        for what in story {
            if !matches!(what, Happens::Reload(_)) {
                happen(&mut world, what);
            }
        }
        // Everything is settled: no failure waits for its retries.
        world.run(secs(20));
        let mut next = World::fresh(config);
        next.kernel = world.kernel.clone();
        next.dead = world.dead.clone();
        let mut next = next.begun();
        next.run(secs(20));
        let serving = |world: &World| -> Vec<String> {
            world.kernel.services.values().flat_map(|(_, all)| all.values())
                .filter(|d| d.weight > 0).map(|d| format!("{d:?}")).collect()
        };
        let up = |world: &World| -> Vec<bool> {
            world.director.status().servers.iter().map(|server| server.up).collect()
        };
        if up(&world) == up(&next) {
            prop_assert_eq!(serving(&world), serving(&next));
        }
    }
}
