//! How the worker runs, as far as the configuration says: its name, its CPUs, its niceness, and how
//! long it may compute without a pause.

use config::keepalived::Settings;
use config::keepalived::settings::Process;
use rustix::process::{Resource, Rlimit};
use rustix::thread::CpuSet;
use std::time::Duration;

/// The worker's name with `process_names`, as keepalived calls its VRRP process.
const NAME: &str = "keepalived_vrrp";
/// Longest name the kernel keeps, in bytes (`TASK_COMM_LEN` without its zero).
const NAME_MAX: usize = 15;

/// Puts in force what is configured for this process, before it has other threads; sentences for
/// what can't be.
pub(crate) fn settle(settings: &Settings) -> Vec<String> {
    let vrrp = &settings.vrrp;
    let mut troubles = Vec::new();
    let name = vrrp.name.as_deref().or(settings.process_names.then_some(NAME));
    if let Some(name) = name.and_then(known_to_the_kernel)
        && let Err(error) = rustix::thread::set_name(&name)
    {
        troubles.push(format!("the process can't be named {}: {error}", name.to_string_lossy()));
    }
    troubles.extend(settle_thread(vrrp, "vrrp"));
    if let Some(time) = vrrp.rlimit_rttime {
        let limit = Some(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let limit = Rlimit { current: limit, maximum: limit };
        if let Err(error) = rustix::process::setrlimit(Resource::Rttime, limit) {
            troubles.push(format!("vrrp_rlimit_rttime: {error}"));
        }
    }
    troubles
}

/// Puts in force what is configured for the calling thread: its CPUs and its niceness. Keywords
/// begin with `prefix`.
pub(crate) fn settle_thread(wanted: &Process, prefix: &str) -> Vec<String> {
    let mut troubles = Vec::new();
    if !wanted.cpus.is_empty() {
        let mut cpus = CpuSet::new();
        let known = wanted.cpus.iter().map(|cpu| usize::from(*cpu));
        known.filter(|cpu| *cpu < CpuSet::MAX_CPU).for_each(|cpu| cpus.set(cpu));
        if let Err(error) = rustix::thread::sched_setaffinity(None, &cpus) {
            troubles.push(format!("{prefix}_cpu_affinity: {error}; all CPUs are used"));
        }
    }
    if let Some(nice) = wanted.nice
        && let Err(error) = rustix::process::setpriority_process(None, nice.into())
    {
        troubles.push(format!("{prefix}_priority: {error}"));
    }
    troubles
}

/// Names the calling process in lists of processes. A name that can't be one changes nothing.
pub(crate) fn call(name: &str) {
    if let Some(name) = known_to_the_kernel(name) {
        let _ = rustix::thread::set_name(&name);
    }
}

fn known_to_the_kernel(name: &str) -> Option<std::ffi::CString> {
    let end = (0..=name.len().min(NAME_MAX)).rev().find(|end| name.is_char_boundary(*end))?;
    std::ffi::CString::new(&name[..end]).ok()
}

/// Nobody becomes master before this has passed: what `vrrp_startup_delay` says, and what is left
/// of `vrrp_delay_after_boot`.
pub(crate) fn startup_delay(startup: Duration, after_boot: Duration, up: Duration) -> Duration {
    startup.max(after_boot.saturating_sub(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_runs_long_enough_waits_no_more() {
        let s = Duration::from_secs;
        assert_eq!(startup_delay(s(0), s(60), s(20)), s(40));
        assert_eq!(startup_delay(s(50), s(60), s(20)), s(50));
        assert_eq!(startup_delay(s(0), s(60), s(61)), s(0));
    }

    #[test]
    fn a_name_is_cut_as_the_kernel_would() {
        let cut = |name: &str| known_to_the_kernel(name).map(|name| name.into_string().unwrap());
        assert_eq!(cut("vrrp"), Some("vrrp".into()));
        assert_eq!(cut("keepalived_vrrp_main"), Some("keepalived_vrrp".into()));
        assert_eq!(cut("ääääääääää"), Some("äääääää".into()), "no half letter");
        assert_eq!(cut("a\0b"), None);
    }
}
