//! Names of OCF parameters for resources written with positional arguments in haresources.
//!
//! The old wrappers took `NAME arg1 arg2`; the agents behind them take `OCF_RESKEY_name=value`.
//! The order of the names follows the usage lines of the wrappers' man pages.

use std::collections::BTreeMap;

/// The positional parameters of a wrapper, in order; none for an agent that had no wrapper.
fn positions(name: &str) -> &'static [&'static str] {
    match name {
        "AudibleAlarm" => &["nodelist"],
        "Delay" => &["startdelay", "stopdelay"],
        "Filesystem" => &["device", "directory", "fstype", "options"],
        "ICP" => &["driveid", "device"],
        "IPaddr" | "IPaddr2" => &["ip"],
        "IPsrcaddr" => &["ipaddress"],
        "IPv6addr" => &["ipv6addr"],
        "LVM" => &["volgrpname", "exclusive"],
        "LinuxSCSI" => &["scsi"],
        "MailTo" => &["email", "subject"],
        "Raid1" => &["raidconf", "raiddev", "homehost"],
        "ServeRAID" => &["serveraid", "mergegroup"],
        "WAS" => &["config", "port"],
        "WAS6" => &["profile"],
        "WinPopup" => &["hostfile"],
        "Xinetd" => &["service"],
        "apache" | "ldirectord" => &["configfile"],
        "db2" => &["instance"],
        "ids" => &["dbname"],
        "portblock" => &["protocol", "portno", "action", "ip"],
        "pgsql" => &["pgctl", "start_opt"],
        "oracle" => &["sid", "home", "user"],
        "oralsnr" => &["sid", "home", "user", "listener"],
        _ => &[],
    }
}

/// The environment that gives an agent the arguments of haresources.
///
/// An argument of the form `name=value` names its own parameter, for agents of any name. Other
/// arguments go by position. `Err` names the first argument that has no parameter to go to.
pub(crate) fn parameters(name: &str, args: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut environment = BTreeMap::new();
    let mut next = positions(name).iter();
    for arg in args {
        let (key, value) = match arg.split_once('=') {
            Some((key, value)) if is_parameter_name(key) => (key, value),
            _ => match next.next() {
                Some(key) => (*key, arg.as_str()),
                None => {
                    return Err(format!(
                        "the agent {name} has no parameter for the argument `{arg}`; write it as NAME=VALUE"
                    ));
                }
            },
        };
        environment.insert(format!("OCF_RESKEY_{key}"), value.to_owned());
    }
    Ok(environment)
}

/// True for what may stand after `OCF_RESKEY_`.
fn is_parameter_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, args: &[&str]) -> Vec<(String, String)> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        parameters(name, &args).unwrap().into_iter().collect()
    }

    #[test]
    fn positional_arguments_take_the_wrappers_order() {
        assert_eq!(
            of("Filesystem", &["/dev/sdb1", "/srv", "ext4"]),
            [
                ("OCF_RESKEY_device".into(), "/dev/sdb1".into()),
                ("OCF_RESKEY_directory".into(), "/srv".into()),
                ("OCF_RESKEY_fstype".into(), "ext4".into()),
            ]
        );
    }

    #[test]
    fn an_argument_may_name_its_parameter() {
        assert_eq!(
            of("nginx", &["configfile=/etc/nginx.conf"]),
            [("OCF_RESKEY_configfile".into(), "/etc/nginx.conf".into())]
        );
    }

    #[test]
    fn an_argument_without_a_place_is_refused() {
        assert!(parameters("nginx", &["/etc/nginx.conf".into()]).is_err());
    }
}
