//! The committed verdicts are still those of the real keepalived, where its package is unpacked.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test runs the peer")]

use super::verdicts::cases;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the package lies, unpacked by `dpkg -x`, if it does.
fn unpacked() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers-keepalived/root");
    let root = std::env::var("HANDOVER_KEEPALIVED").unwrap_or_else(|_| beside.into());
    let root = PathBuf::from(root);
    root.join("usr/sbin/keepalived").is_file().then_some(root)
}

/// Runs `keepalived -t` on each text in a namespace with the interfaces of the measurement.
const SCRIPT: &str = r#"
ip link set lo up
for n in 0 1; do
  ip link add eth$n type veth peer name peer$n || exit 9
  ip link set eth$n up; ip link set peer$n up
  ip addr add 10.$n.0.1/24 dev eth$n
done
sleep 0.3
for conf in "$1"/*.conf; do
  timeout 20 "$2/usr/sbin/keepalived" -t -f "$conf" >"$conf.out" 2>&1 </dev/null
  echo $? >"$conf.rc"
done
"#;

fn lines_named(output: &str) -> BTreeSet<usize> {
    let pieces = output.split("Line ").skip(1);
    pieces.filter_map(|piece| piece.split_once(')')?.0.parse().ok()).collect()
}

fn slurp(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn the_committed_verdicts_are_those_of_the_real_keepalived() {
    let Some(root) = unpacked() else {
        return println!("skipped: no keepalived under target/peers-keepalived");
    };
    let work = std::env::temp_dir().join(format!("handover-verdicts-{}", std::process::id()));
    std::fs::create_dir_all(&work).expect("a directory for the cases");
    let cases = cases();
    for (number, case) in cases.iter().enumerate() {
        std::fs::write(work.join(format!("{number}.conf")), &case.text).expect("a case's file");
    }
    let library = |dir: &str| root.join(dir).display().to_string();
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(library).join(":");
    let status = Command::new("unshare")
        .args(["-n", "sh", "-c", SCRIPT, "sh"])
        .args([&work, &root])
        .env("LD_LIBRARY_PATH", libraries)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        std::fs::remove_dir_all(&work).ok();
        return println!("skipped: no network namespace of our own");
    }
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let code = slurp(&work.join(format!("{number}.conf.rc"))).trim().to_owned();
        let lines = lines_named(&slurp(&work.join(format!("{number}.conf.out"))));
        if code != case.exit.to_string() || lines != case.lines {
            wrong.push(format!("{}: exit {code}, lines {lines:?}", case.name));
        }
    }
    std::fs::remove_dir_all(&work).ok();
    assert!(wrong.is_empty(), "measured anew:\n{}", wrong.join("\n"));
}
