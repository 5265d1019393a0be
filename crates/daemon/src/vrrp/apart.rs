//! A configuration read apart from the memory it is to stay in: thousands of instances leave tens of
//! megabytes of words behind, and what lies among those would keep them from being given back.

use super::settings::{self, Loaded, Refused, Settings, sorted};
use super::{KeepalivedOptions, running};
use std::io;
use std::sync::Arc;
use vrrp::config::{Config, Instance, Notify};

/// Reads what is to run on a thread of its own, the first beside the main one, so that what that
/// takes lies apart from what stays and can be given back whole.
///
/// # Errors
/// When there can't be such a thread.
pub(super) fn read(options: &KeepalivedOptions) -> io::Result<Result<Loaded, Refused>> {
    linux::memory::keep_little_spare();
    let read = || {
        let again = running::find().and_then(|words| settings::load_again(options, words));
        again.map_or_else(|| settings::load(options), Ok)
    };
    let read = std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().spawn_scoped(scope, read)?;
        reader.join().map_err(|_| io::Error::other("the configuration can't be read"))
    })?;
    Ok(read.map(|mut loaded| {
        loaded.settings = loaded.settings.copied(None);
        loaded
    }))
}

impl Settings {
    /// The same in memory of its own, without what reading it left around it; instances that are
    /// as in `before` are shared with it.
    pub(crate) fn copied(&self, before: Option<&Self>) -> Self {
        let mut copy = Self {
            vrrp: Config { instances: Vec::new(), ..self.vrrp.clone() },
            by_name: Vec::new(),
            host: self.host.clone(),
            lvs: self.lvs.clone(),
            whole: self.whole.clone(),
            disabled: self.disabled.clone(),
        };
        // Instances that tell the same ones mostly follow each other.
        let mut last: Option<(&Arc<Notify>, Arc<Notify>)> = None;
        copy.vrrp.instances.reserve_exact(self.vrrp.instances.len());
        for instance in &self.vrrp.instances {
            let old = before.and_then(|before| before.shared(&instance.name));
            if let Some(old) = old.filter(|old| *old == instance) {
                copy.vrrp.instances.push(Arc::clone(old));
                continue;
            }
            let notify = match &last {
                Some((of, copy)) if Arc::ptr_eq(of, &instance.notify) => Arc::clone(copy),
                _ => Arc::new((*instance.notify).clone()),
            };
            last = Some((&instance.notify, Arc::clone(&notify)));
            copy.vrrp.instances.push(Arc::new(Instance { notify, ..(**instance).clone() }));
        }
        copy.by_name = sorted(&copy.vrrp);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::settings::load;

    fn settings(priorities: [u8; 3]) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keepalived.conf");
        let instances = priorities.iter().zip(1..).map(|(priority, vrid)| {
            format!(
                "vrrp_instance i{vrid} {{\n interface eth-a\n virtual_router_id {vrid}\n \
                 priority {priority}\n virtual_ipaddress {{\n 192.0.2.{vrid}\n }}\n}}\n"
            )
        });
        let text = "global_defs {\n dynamic_interfaces\n}\n".to_owned();
        std::fs::write(&path, instances.fold(text, |text, next| text + &next)).unwrap();
        let options = KeepalivedOptions { file: path, ..KeepalivedOptions::default() };
        load(&options).ok().unwrap().settings
    }

    #[test]
    fn a_copy_is_the_same_and_shares_nothing() {
        let read = settings([1, 2, 3]);
        let copy = read.copied(None);
        assert_eq!(copy, read);
        let pairs = copy.vrrp.instances.iter().zip(&read.vrrp.instances);
        assert!(pairs.clone().all(|(one, other)| !Arc::ptr_eq(one, other)));
        assert!(pairs.clone().all(|(one, other)| !Arc::ptr_eq(&one.notify, &other.notify)));
        assert!(copy.by_name.iter().all(|one| copy.instance(&one.name).is_some()));
    }

    #[test]
    fn what_a_reload_does_not_change_is_shared_with_what_runs() {
        let before = settings([1, 2, 3]).copied(None);
        let read = settings([1, 9, 3]);
        let after = read.copied(Some(&before));
        assert_eq!(after, read);
        let pairs = after.vrrp.instances.iter().zip(&before.vrrp.instances);
        let shared: Vec<_> = pairs.map(|(one, other)| Arc::ptr_eq(one, other)).collect();
        assert_eq!(shared, [true, false, true]);
    }
}
