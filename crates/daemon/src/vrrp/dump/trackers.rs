//! Sync groups and what is tracked, in the state's file (docs/ancestors/keepalived.md §2.6).

use super::globals::{About, command, ids, quoted, truth};
use super::{Lines, Report, seconds};
use api::vrrp::{RouterState, TrackerStatus};
use std::time::Duration;
use vrrp::config::{Notify, Track, Tracked};

impl Report<'_> {
    /// Every section about what is tracked.
    pub(super) fn tracked(&self, out: &mut Lines) {
        self.tracked_scripts(out);
        self.tracked_files(out);
        self.tracked_processes(out);
        self.tracked_sessions(out);
    }

    /// Sync groups with their members.
    pub(super) fn groups(&self, out: &mut Lines) {
        if self.status.groups.is_empty() {
            return;
        }
        out.line("------< VRRP Sync groups >------");
        for group in &self.status.groups {
            let state = |wanted| {
                let members = self.status.routers.iter();
                members
                    .filter(|router| group.members.contains(&router.name))
                    .filter(|router| router.state == wanted && !router.faults.is_empty())
                    .count()
            };
            let waiting = self.status.routers.iter().filter(|router| {
                group.members.contains(&router.name) && router.state == RouterState::Init
            });
            out.line(&format!(" VRRP Sync Group = {}, {}", group.name, group.state.word()));
            let (fault, init) = (state(RouterState::Fault), waiting.count());
            out.line(&format!("   Num member fault {fault}, num member init {init}"));
            out.line("   VRRP member instances :");
            group.members.iter().for_each(|member| out.line(&format!("     {member}")));
            let found = self.settings.vrrp.groups.iter().find(|known| known.name == group.name);
            if let Some(config) = found {
                let mail = if config.smtp_alert { "yes" } else { "no" };
                out.line(&format!("   Using smtp notification = {mail}"));
                tracks(out, &config.tracks);
                self.commands(out, &config.notify);
            }
        }
    }

    /// Whom to tell.
    pub(super) fn commands(&self, out: &mut Lines, notify: &Notify) {
        for (what, argv) in [
            ("Backup state transition", &notify.backup),
            ("Master state transition", &notify.master),
            ("Fault state transition", &notify.fault),
            ("Stop state transition", &notify.stop),
            ("Deleted state transition", &notify.deleted),
            ("Generic state transition", &notify.any),
            ("Master rx lower pri state transition", &notify.rx_lower_priority),
        ] {
            if let Some(argv) = argv {
                out.line(&format!("   {what} script = {}", command(self.settings, argv)));
            }
        }
    }

    fn tracker(&self, kind: &str, name: &str) -> Option<&TrackerStatus> {
        self.status.trackers.iter().find(|known| known.kind == kind && known.name == name)
    }

    /// Who tracks it, with which weight.
    fn followers(&self, what: &Tracked) -> Vec<(&str, &Track)> {
        let config = &self.settings.vrrp;
        let groups = config.groups.iter().flat_map(|group| {
            let members = group.members.iter().map(String::as_str);
            members.flat_map(|member| group.tracks.iter().map(move |track| (member, track)))
        });
        let own = config
            .instances
            .iter()
            .flat_map(|of| of.tracks.iter().map(|track| (of.name.as_str(), track)));
        own.chain(groups).filter(|(_, track)| track.what == *what).collect()
    }

    fn tell_followers(&self, out: &mut Lines, heading: &str, what: &Tracked) {
        out.line(heading);
        for (name, track) in self.followers(what) {
            out.line(&format!("     {name}, weight {}", weight(track)));
        }
    }

    fn tracked_scripts(&self, out: &mut Lines) {
        if self.settings.vrrp.scripts.is_empty() {
            return;
        }
        out.line("------< VRRP Scripts >------");
        for script in &self.settings.vrrp.scripts {
            let what = Tracked::Script(script.name.clone());
            let status = self.tracker("script", &script.name);
            let good = match status.and_then(|status| status.good) {
                Some(true) => "GOOD",
                Some(false) => "BAD",
                None => "INIT",
            };
            let running = status.is_some_and(|status| status.running);
            let scripts = &self.settings.whole.scripts;
            let user = script.command.user.as_deref().or(scripts.user.as_deref());
            let group = script.command.group.as_deref().or(scripts.group.as_deref());
            let own = self.followers(&what).first().map_or("0".to_owned(), |(_, of)| weight(of));
            // Not written it is the interval, which keepalived shows as 0.
            let timeout =
                if script.timeout == script.interval { Duration::ZERO } else { script.timeout };
            out.line(&format!(" VRRP Script = {}", script.name));
            out.line(&format!("   Command = {}", quoted(&script.command.argv)));
            out.line(&format!("   Interval = {} sec", seconds(script.interval)));
            out.line(&format!("   Timeout = {} sec", seconds(timeout)));
            out.line(&format!("   Weight = {own}"));
            out.line(&format!("   Rise = {}", script.rise));
            out.line(&format!("   Fall = {}", script.fall));
            out.line(&format!("   Result = {}", u8::from(good == "GOOD")));
            out.line("   Insecure = no");
            let init = if good == "INIT" { "awaiting result" } else { "unknown" };
            out.line(&format!("   Init state = {init}"));
            out.line(&format!("   Status = {good}"));
            out.line(&format!("   Script uid:gid = {}", ids(user, group)));
            out.line("   VRRP instances :");
            self.tell_followers(out, "   Tracking instances :", &what);
            out.line(&format!("   State = {}", if running { "running" } else { "idle" }));
        }
    }

    fn tracked_files(&self, out: &mut Lines) {
        if self.settings.whole.track_files.is_empty() {
            return;
        }
        out.line("------< VRRP Track files >------");
        for file in &self.settings.whole.track_files {
            let value = self.tracker("file", &file.name).and_then(|status| status.value);
            out.line(&format!(" Track file = {}", file.name));
            out.line(&format!("   File = {}", file.path));
            out.line(&format!("   Status = {}", value.unwrap_or(0)));
            out.line(&format!("   Weight = {}{}", file.weight, reverse(file.reverse)));
            let what = Tracked::File(file.name.clone());
            self.tell_followers(out, "   Tracking instances :", &what);
        }
    }

    fn tracked_processes(&self, out: &mut Lines) {
        if self.settings.whole.track_processes.is_empty() {
            return;
        }
        out.line("------< VRRP Track processes >------");
        for of in &self.settings.whole.track_processes {
            let good = self.tracker("process", &of.name).and_then(|status| status.good);
            out.line(&format!(" VRRP Track process = {}", of.name));
            out.named("   Process", of.process.first().map(String::as_str));
            if of.process.len() > 1 {
                let arguments = of.process.get(1..).unwrap_or_default();
                out.line(&format!("   Parameters = {}", quoted(arguments)));
            }
            out.line(&format!("   Min processes = {}", of.quorum));
            if let Some(max) = of.quorum_max {
                out.line(&format!("   Max processes = {max}"));
            }
            let count = self.running.get(&of.name).copied().unwrap_or(0);
            out.line(&format!("   Current processes = {count}"));
            out.line(&format!("   Have quorum = {}", truth(good == Some(true))));
            out.line(&format!("   Weight = {}{}", of.weight, reverse(of.reverse)));
            let (end, fork) = (of.terminate_delay.as_secs_f64(), of.fork_delay.as_secs_f64());
            out.line(&format!("   Terminate delay = {end:.6}s"));
            out.line(&format!("   Fork delay = {fork:.6}s"));
            out.line("   Fork delay timer not running");
            out.line("   Terminate delay timer not running");
            out.line(&format!("   Full command = {}", truth(of.full_command)));
            let what = Tracked::Process(of.name.clone());
            self.tell_followers(out, "   Tracking instances :", &what);
        }
    }

    fn tracked_sessions(&self, out: &mut Lines) {
        let mut sessions = self.settings.whole.bfd_sessions.iter().filter(|of| of.vrrp).peekable();
        if sessions.peek().is_none() {
            return;
        }
        out.line("------< VRRP Track BFDs >------");
        for of in sessions {
            let up = self.sessions.get(&of.name).copied().unwrap_or(false);
            out.line(&format!(" VRRP Track BFD = {}", of.name));
            out.line(&format!("   Weight = {}{}", of.weight, reverse(of.reverse)));
            out.line(&format!("   Bfd is {}", if up { "up" } else { "down" }));
            let what = Tracked::Bfd(of.name.clone());
            self.tell_followers(out, "   Tracking VRRP instances :", &what);
        }
    }

    /// The file of BFD.
    pub(super) fn bfd(&self, out: &mut Lines) {
        super::globals::write(out, self.settings, About::Others);
        out.line("------< BFD Data >------");
        out.line("------< BFD Topology >------");
        for of in &self.settings.whole.bfd_sessions {
            let up = self.sessions.get(&of.name).copied().unwrap_or(false);
            let word = |on: bool| if on { "Yes" } else { "No" };
            out.line(&format!(" BFD Instance = {}", of.name));
            out.line(&format!("   Neighbor IP = {}", of.neighbor));
            if let Some(source) = of.source {
                out.line(&format!("   Source IP = {source}"));
            }
            for (what, time) in [
                ("Required min RX", of.min_rx),
                ("Desired min TX", of.min_tx),
                ("Desired idle TX", of.idle_tx),
            ] {
                out.line(&format!("   {what} interval = {} us", time.as_micros()));
            }
            out.line(&format!("   Detection multiplier = {}", of.multiplier));
            out.line(&format!("   TTL = {}", of.ttl));
            out.line(&format!("   max_hops = {}", of.max_hops.unwrap_or(u8::MAX)));
            out.line(&format!("   passive = {}", truth(of.passive)));
            out.line(&format!("   send event to VRRP process = {}", word(of.vrrp)));
            out.line(&format!("   send event to checker process = {}", word(of.checker)));
            out.line(&format!("   local state = {}", if up { "Up" } else { "Down" }));
        }
    }
}

/// What an instance or group tracks, by kind.
pub(super) fn tracks(out: &mut Lines, tracks: &[Track]) {
    type Kind = (&'static str, fn(&Tracked) -> Option<&str>, &'static str);
    // Two kinds have a comma behind the name, two have none.
    const KINDS: [Kind; 5] = [
        ("interfaces", |of| if let Tracked::Interface(name) = of { Some(name) } else { None }, ""),
        ("scripts", |of| if let Tracked::Script(name) = of { Some(name) } else { None }, ""),
        ("files", |of| if let Tracked::File(name) = of { Some(name) } else { None }, ","),
        ("processes", |of| if let Tracked::Process(name) = of { Some(name) } else { None }, ","),
        ("BFDs", |of| if let Tracked::Bfd(name) = of { Some(name) } else { None }, ","),
    ];
    for (kind, name, between) in KINDS {
        let of_kind = tracks.iter().filter_map(|track| Some((name(&track.what)?, track)));
        for (place, (name, track)) in of_kind.enumerate() {
            if place == 0 {
                out.line(&format!("   Tracked {kind} :"));
            }
            out.line(&format!("     {name}{between} weight {}", weight(track)));
        }
    }
}

fn weight(track: &Track) -> String {
    format!("{}{}", track.weight, reverse(track.reverse))
}

const fn reverse(on: bool) -> &'static str {
    if on { " reverse" } else { "" }
}
