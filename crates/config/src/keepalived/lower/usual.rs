//! What instances take over where they say nothing.

use super::complete::{GROUP4, GROUP6};
use super::global::{GarpNumbers, Globals, default, default_text};
use crate::keepalived::directives::Block;
use crate::keepalived::settings::Usual;
use std::time::Duration;
use vrrp::config::Garp;

/// What reports say of the settings that instances take over.
pub(super) fn usual(globals: &Globals) -> Usual {
    let number = |name| default(Block::Global, name) as u8;
    let down = globals.down_timer_adverts.map(|adverts| adverts as u8);
    let [four, six] = globals.multicast;
    Usual {
        version: globals.version.map_or_else(|| number("vrrp_version"), |version| version as u8),
        strict: globals.strict,
        skip_check_adv_addr: globals.skip_check_adv_addr,
        check_unicast_src: globals.check_unicast_src,
        garp: Some(garp(&GarpNumbers::default(), globals)),
        down_timer_adverts: down.unwrap_or_else(|| number("vrrp_down_timer_adverts")),
        lower_prio_no_advert: globals.lower_prio_no_advert,
        higher_prio_send_advert: globals.higher_prio_send_advert,
        garp_extra_if: globals.extra_if.map_or(Duration::ZERO, |(_, every)| every),
        multicast: Some([four.unwrap_or(GROUP4), six.unwrap_or(GROUP6)]),
        interface: globals
            .default_interface
            .clone()
            .unwrap_or_else(|| default_text("default_interface")),
        alerts: globals.alerts,
    }
}

/// Announcements: the instance's word, else the common one, else the default.
pub(super) fn garp(own: &GarpNumbers, globals: &Globals) -> Garp {
    let common = &globals.garp;
    let usual = |name| default(Block::Instance, name);
    let seconds = |value: i64| (value > 0).then(|| Duration::from_secs(value as u64));
    let delay = own.delay.or(common.delay).unwrap_or_else(|| usual("garp_master_delay"));
    let repeat = own.repeat.or(common.repeat).unwrap_or_else(|| usual("garp_master_repeat"));
    let refresh = own.refresh.or(common.refresh).unwrap_or_else(|| usual("garp_master_refresh"));
    let refresh_repeat = own.refresh_repeat.or(common.refresh_repeat);
    let lower_delay = own.lower_delay.or(common.lower_delay).unwrap_or(delay);
    let lower_repeat = own.lower_repeat.or(common.lower_repeat).unwrap_or(repeat);
    let once = globals.min_garp;
    let number = |value: i64| value.try_into().unwrap_or(u32::MAX);
    Garp {
        master_delay: seconds(delay).filter(|_| !once),
        master_repeat: if once { 1 } else { number(repeat) },
        refresh: seconds(refresh),
        refresh_repeat: number(
            refresh_repeat.unwrap_or_else(|| usual("garp_master_refresh_repeat")),
        ),
        lower_prio_delay: seconds(lower_delay).filter(|_| !once),
        lower_prio_repeat: if once { 1 } else { number(lower_repeat) },
        arp_interval: globals.arp_interval,
        na_interval: globals.na_interval,
        elsewhere: None,
    }
}
