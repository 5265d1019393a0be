//! The configurations of `crates/config/tests/keepalived/verdicts`, live: what the real keepalived
//! 2.2.7 and our daemon return for `-t`, and which instances run when they are started with them.
//!
//! Each run has namespaces of its own, with lo, eth0 and eth1. The real one comes from Debian's
//! archive, unpacked below `target/` and never installed. What ours does otherwise stands in the
//! table of differences, with a reason.

#[path = "../../config/tests/keepalived/cases.rs"]
mod cases;
#[expect(dead_code, reason = "shared with the test of pairs, which uses all of it")]
mod vrrp_lab;

use cases::Case;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use vrrp_lab::{Maker, cannot_run};

/// So many daemons are started beside each other: they mostly wait.
const BESIDE: usize = 6;

/// `$1` is the directory of configurations, `$2` the program. Interfaces as in the measurement. What
/// is written to /tmp stays here; what is there can be read, because the sources may lie there.
const INTERFACES: &str = r#"
mount -t tmpfs tmp /run; mkdir -p /run/bin /run/conf
touch /run/bin/keepalived; mount --bind "$2" /run/bin/keepalived
cp "$1"/*.conf /run/conf/
mkdir /run/tmp /run/tmp.work
mount -t overlay overlay -o lowerdir=/tmp,upperdir=/run/tmp,workdir=/run/tmp.work /tmp
rm -f /tmp/keepalived.json
ip link set lo up
for n in 0 1; do
  ip link add eth$n type veth peer name peer$n || exit 9
  ip link set eth$n up; ip link set peer$n up
  ip addr add 10.$n.0.1/24 dev eth$n
done
sleep 0.3
"#;

/// Checks each configuration: its number, the exit code, and the lines complained about.
const CHECK: &str = r#"
for conf in /run/conf/*.conf; do
  timeout 20 /run/bin/keepalived -t -f "$conf" >/run/out 2>&1 </dev/null
  echo "= $(basename "$conf" .conf) $?"; cat /run/out
done
"#;

/// Starts the daemon and prints its dump, or how it ended. The signal is sent when the daemon takes
/// it (before, it would end by it), and a moment later, when first results are there. `$3` is `-P`
/// for virtual routers alone: without ip_vs in the kernel the real one would end.
const START: &str = r#"
/run/bin/keepalived $3 -n -l -G -f /run/conf/*.conf >/run/out 2>&1 </dev/null &
pid=$!
takes_it() {
  caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$pid/status)
  blocked=$(sed -n 's/^SigBlk:[[:space:]]*//p' /proc/$pid/status)
  [ $(( (0x${caught:-0} >> 35 | 0x${blocked:-0} >> 35) & 1 )) = 1 ]
}
for i in $(seq 200); do
  kill -0 $pid 2>/dev/null || break
  takes_it 2>/dev/null && break
  sleep 0.1
done
sleep 1.5
for i in $(seq 6); do
  kill -0 $pid 2>/dev/null || break
  kill -36 $pid 2>/dev/null
  sleep 0.5
  [ -s /tmp/keepalived.json ] && break
done
if kill -0 $pid 2>/dev/null; then cat /tmp/keepalived.json; else wait $pid; echo "exit $?"; fi
"#;

/// Runs a script in namespaces of its own; what it wrote.
fn run(maker: Maker, dir: &Path, script: &str) -> String {
    let program = maker.program().expect("was asked before");
    let mut command = Command::new("timeout");
    command.args(["120", "unshare", "-nmpu", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["sh", "-c", &format!("{INTERFACES}{script}"), "sh"]).args([dir, &program]);
    command.args((maker == Maker::Real).then_some("-P"));
    maker.environment(&mut command);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Directories with one configuration each, and one with all.
struct Files(tempfile::TempDir);

impl Files {
    fn of(cases: &[Case]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for (number, case) in cases.iter().enumerate() {
            for folder in ["all".to_owned(), number.to_string()] {
                let folder = dir.path().join(folder);
                std::fs::create_dir_all(&folder).expect("a directory");
                std::fs::write(folder.join(format!("{number}.conf")), &case.text).expect("a file");
            }
        }
        Self(dir)
    }

    fn path(&self, folder: &str) -> std::path::PathBuf {
        self.0.path().join(folder)
    }
}

/// The instances in a dump, or `exitN`, or `-` where there is no dump. An instance of the real one
/// runs if it is not in FAULT; ours may wait there for what it lacks, and counts.
fn running(maker: Maker, dump: &str) -> String {
    const FAULT: u64 = 3;
    if let Some(code) = dump.trim().strip_prefix("exit ") {
        return format!("exit{code}");
    }
    let parsed: serde_json::Value = serde_json::from_str(dump).unwrap_or_default();
    let all = parsed.as_array().or_else(|| parsed["vrrp"].as_array()).cloned().unwrap_or_default();
    let runs = all
        .iter()
        .map(|one| &one["data"])
        .filter(|one| maker == Maker::Ours || one["state"] != FAULT);
    let names: Vec<&str> = runs.filter_map(|one| one["iname"].as_str()).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(",") }
}

fn lines_named(output: &str) -> BTreeSet<usize> {
    let pieces = output.split("Line ").skip(1);
    pieces.filter_map(|piece| piece.split_once(')')?.0.parse().ok()).collect()
}

/// What ours says otherwise than keepalived, by the word before `=`.
fn otherwise(case: &Case, word: &str) -> Option<String> {
    let differences = cases::differences();
    let (what, _) = differences.get(case.name)?;
    what.iter().find_map(|one| one.strip_prefix(word)?.strip_prefix('=')).map(str::to_owned)
}

#[test]
fn both_return_what_the_table_says_for_a_check() {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let cases = cases::cases();
    let files = Files::of(&cases);
    let mut wrong = Vec::new();
    for maker in [Maker::Real, Maker::Ours] {
        let output = run(maker, &files.path("all"), CHECK);
        let mut seen = 0;
        for part in output.split("\n= ").map(|part| part.trim_start_matches("= ")) {
            let (head, said) = part.split_once('\n').unwrap_or((part, ""));
            let Some((number, code)) = head.split_once(' ') else { continue };
            let Some(case) = number.parse().ok().and_then(|n: usize| cases.get(n)) else {
                continue;
            };
            seen += 1;
            let mut expected = case.exit.to_string();
            if maker == Maker::Ours {
                expected = otherwise(case, "exit").unwrap_or(expected);
            }
            let lines = lines_named(said);
            if code != expected || (maker == Maker::Real && lines != case.lines) {
                wrong.push(format!("{maker:?} {}: exit {code}, lines {lines:?}", case.name));
            }
        }
        assert_eq!(seen, cases.len(), "{maker:?} checked all of them");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_same_instances_run_or_the_difference_has_a_reason() {
    if cannot_run(&[Maker::Ours, Maker::Real]) {
        return;
    }
    let cases = cases::cases();
    let files = Files::of(&cases);
    // Those that are more than one line in a good instance, and those where something ends.
    let chosen = |case: &Case| case.whole || case.runs != "VI_1";
    let numbers = (0..cases.len()).filter(|number| chosen(&cases[*number]));
    let runs: Vec<_> = numbers.flat_map(|n| [(n, Maker::Real), (n, Maker::Ours)]).collect();
    let (total, runs) = (runs.len(), Mutex::new(runs));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                while let Some((number, maker)) = { runs.lock().expect("no panic").pop() } {
                    let case = &cases[number];
                    let found =
                        running(maker, &run(maker, &files.path(&number.to_string()), START));
                    let mut expected = case.runs.to_owned();
                    if maker == Maker::Ours {
                        expected = otherwise(case, "runs").unwrap_or(expected);
                    }
                    if found != expected {
                        let text = format!("{maker:?} {}: {found}, not {expected}", case.name);
                        wrong.lock().expect("no panic").push(text);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(total >= 120, "{total} starts are at least 60 configurations on both");
    assert!(wrong.is_empty(), "{} of {total}:\n{}", wrong.len(), wrong.join("\n"));
}
