//! Debian's crmsh, unmodified, configures a file by our commands: the same CIB, and the same text
//! printed back, as with Pacemaker's own.
//!
//! It runs in a mount namespace whose `/usr` has our commands, installed by `handover install`, above
//! the machine's and crmsh below it. The vectors lie beside the workspace (`../shared`) or where
//! `HANDOVER_SHARED` says. Without them this test says so and passes, except in CI.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use yardstick::packages;

/// crmsh, what it imports, and the schemas it reads.
const PACKAGES: [&str; 12] = [
    "crmsh",
    "python3-dateutil",
    "python3-lxml",
    "python3-packaging",
    "python3-parallax",
    "python3-setuptools",
    "python3-six",
    "python3-yaml",
    "pacemaker-common",
    "libxml2",
    "libxslt1.1",
    "libicu72",
];

/// Loads each vector and prints it back; everything in one namespace, made once. The user and group
/// that crmsh's log belongs to are root's in there. `$1` is our
/// root, `$2` crmsh's, `$3` the vectors, `$4` where results go.
const SCRIPT: &str = r#"
set -eu
mount -t overlay overlay -o "lowerdir=$1/usr:/usr:$2/usr" /usr
(cat /etc/group; echo "haclient:x:0:") > "$1/etc/group"
(cat /etc/passwd; echo "hacluster:x:0:0::/:/bin/sh") > "$1/etc/passwd"
mount -t overlay overlay -o "lowerdir=$1/etc:/etc:$2/etc" /etc
mount -t tmpfs tmpfs /var/log
mkdir /var/log/crmsh "$4/home"
export HOME="$4/home" LC_ALL=C TZ=UTC CIB_shadow_dir="$4" PYTHONPATH=/usr/lib/python3/dist-packages
crm() { timeout 60 /usr/bin/python3 /usr/sbin/crm "$@"; }
for input in "$3"/*.crm; do
    name=$(basename "$input" .crm)
    export CIB_file="$4/$name.cib"
    cat "$3/base.xml" > "$CIB_file"
    crm -F -D plain configure load update "$input" > "$4/$name.msg" 2>&1 || echo "$name: exit $?"
    cibadmin -Q -o configuration > "$4/$name.xml"
    crm -D plain configure show > "$4/$name.show" 2> "$4/$name.err" || echo "$name: show: exit $?"
done
"#;

/// The program: `HANDOVER_BIN`, or the one built beside this test.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("HANDOVER_BIN") {
        return named.into();
    }
    let exe = std::env::current_exe().expect("this test's own file");
    exe.ancestors().nth(2).expect("the build's directory").join("handover")
}

fn shared() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    std::env::var_os("HANDOVER_SHARED").map_or_else(|| beside.into(), PathBuf::from)
}

/// Our commands in a root of their own.
fn installed(root: &Path) {
    let program = program();
    assert!(program.exists(), "{}: cargo build --package handover", program.display());
    let mut install = Command::new(&program);
    install.args(["install", "--compat", "pacemaker", "--root"]).arg(root);
    let output = install.output().expect("our program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn crmsh_configures_a_file_by_our_commands() {
    let vectors = shared().join("vectors/crmsh");
    if !vectors.exists() {
        let place = vectors.display();
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {place}");
        println!("skipped: no corpus");
        return;
    }
    let crmsh = match packages::unpacked("crmsh", &PACKAGES) {
        Ok(root) => root,
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no crmsh: {error:#}");
            println!("skipped: {error:#}");
            return;
        }
    };
    let place =
        packages::place("crmsh").expect("a place").join(format!("run-{}", std::process::id()));
    let ours = place.join("ours");
    let results = place.join("results");
    fs::create_dir_all(&results).expect("a directory");
    installed(&ours);
    let vectors = fs::canonicalize(vectors).expect("the vectors' place");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT, "crmsh"]);
    let output = command.args([&ours, &crmsh, &vectors, &results]).output().expect("unshare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut wrong = vec![String::from_utf8_lossy(&output.stdout).into_owned()];
    for entry in fs::read_dir(&vectors).expect("the vectors").flatten() {
        let file = entry.path();
        let kind = file.extension().and_then(|end| end.to_str()).unwrap_or_default();
        let name = file.file_name().unwrap_or_default();
        if name == "base.xml" || !matches!(kind, "xml" | "show") {
            continue;
        }
        if fs::read(&file).ok() != fs::read(results.join(name)).ok() {
            wrong.push(format!("{}: differs\n", name.display()));
        }
    }
    assert_eq!(wrong.concat(), "");
    fs::remove_dir_all(&place).ok();
}
