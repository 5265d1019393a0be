//! The text files that are installed.

/// Stands in each file we write, so that a later install knows its own.
pub(super) const MARK: &str = "handover";

/// The unit. Scripts started for a group live in it and must outlive the daemon when it is
/// stopped with `--keep`: so systemd ends only the parent, which ends its family itself.
pub(super) const UNIT: &str = "\
# Installed by: handover install
[Unit]
Description=Heartbeat cluster role of handover
Documentation=man:handover(8)
After=network-online.target time-sync.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=all
EnvironmentFile=-/etc/default/heartbeat
ExecStart=/usr/sbin/handover heartbeat -f
# Looks at the files first: with an error in them the reload fails and nothing changes.
ExecReload=/usr/sbin/handover heartbeat -r
Restart=on-failure
RestartSec=1
KillMode=process
# Handing over takes as long as the scripts take.
TimeoutStopSec=infinity
LimitRTPRIO=99
LimitMEMLOCK=infinity
OOMScoreAdjust=-1000
TasksMax=infinity

[Install]
WantedBy=multi-user.target
";

/// The last line of the unit where it answers to the ancestor's name too.
pub(super) const UNIT_ALIAS: &str = "Alias=heartbeat.service\n";

/// The unit of the virtual routers, a role of its own: `systemctl stop keepalived` stops just that.
/// Unlike Debian's, it starts the daemon again should it fail.
pub(super) const KEEPALIVED_UNIT: &str = "\
# Installed by: handover install
[Unit]
Description=Virtual routers and virtual servers of handover
Documentation=man:keepalived(8) man:handover(8)
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=all
EnvironmentFile=-/etc/default/keepalived
ExecStart=/usr/sbin/handover keepalived --dont-fork $DAEMON_ARGS
# A file with anything fatal in it changes nothing; the log and handover status say so.
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
KillMode=process
LimitRTPRIO=99
LimitMEMLOCK=infinity
OOMScoreAdjust=-1000
TasksMax=infinity

[Install]
WantedBy=multi-user.target
";

/// Its last line where it answers to the ancestor's name too.
pub(super) const KEEPALIVED_ALIAS: &str = "Alias=keepalived.service\n";

/// Rotation for the log files that ha.cf usually names; `copytruncate` needs no signal.
pub(super) const LOGROTATE: &str = "\
# Installed by: handover install
/var/log/ha-log /var/log/ha-debug {
    weekly
    rotate 5
    missingok
    notifempty
    compress
    copytruncate
}
";

/// The init script. Where systemd runs, it goes through the unit, so that both agree on what runs.
pub(super) const INIT_SCRIPT: &str = "\
#!/bin/sh
# Installed by: handover install
### BEGIN INIT INFO
# Provides:          heartbeat
# Required-Start:    $remote_fs $network $time $syslog
# Required-Stop:     $remote_fs $network $time $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Heartbeat cluster role of handover
### END INIT INFO

HEARTBEAT=/usr/sbin/heartbeat
[ -x \"$HEARTBEAT\" ] || exit 5
# As the unit does: what stands there is environment.
set -a
[ -r /etc/default/heartbeat ] && . /etc/default/heartbeat
set +a

unit() {
    [ -d /run/systemd/system ] || return 1
    systemctl \"$1\" handover-heartbeat.service
    exit $?
}

case \"$1\" in
    start)
        unit start
        printf 'Starting heartbeat: '
        \"$HEARTBEAT\"
        ;;
    stop)
        unit stop
        printf 'Stopping heartbeat: '
        \"$HEARTBEAT\" -k
        ;;
    restart)
        unit restart
        \"$HEARTBEAT\" -k
        exec \"$HEARTBEAT\"
        ;;
    status)
        exec \"$HEARTBEAT\" -s
        ;;
    reload|force-reload)
        exec \"$HEARTBEAT\" -r
        ;;
    *)
        echo \"Usage: $0 {start|stop|status|restart|reload|force-reload}\" >&2
        exit 2
        ;;
esac
rc=$?
[ $rc -eq 0 ] && echo 'Done.' || echo \"failed [rc=$rc].\"
exit $rc
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_carries_the_mark_of_its_origin() {
        for text in [UNIT, KEEPALIVED_UNIT, LOGROTATE, INIT_SCRIPT] {
            assert!(text.contains(MARK));
        }
    }

    #[test]
    fn systemd_understands_the_units() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for (name, unit) in [("handover-heartbeat", UNIT), ("handover-keepalived", KEEPALIVED_UNIT)]
        {
            let path = dir.path().join(format!("{name}.service"));
            // The program is not installed on the machine that tests.
            let text = unit.replace("/usr/sbin/handover ", "/bin/true ");
            std::fs::write(&path, text).expect("write");
            let mut verify = std::process::Command::new("systemd-analyze");
            let Ok(said) = verify.args(["verify", "--man=no"]).arg(&path).output() else {
                return println!("skipped: systemd-analyze is not installed (apt install systemd)");
            };
            let text = String::from_utf8_lossy(&said.stderr);
            let ours: Vec<_> = text.lines().filter(|line| line.contains(name)).collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
    }

    #[test]
    fn the_init_script_is_a_shell_script() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("heartbeat");
        std::fs::write(&path, INIT_SCRIPT).expect("write");
        let ok = std::process::Command::new("sh").arg("-n").arg(&path).status().expect("sh");
        assert!(ok.success());
    }
}
