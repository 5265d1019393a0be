//! What the scenario language means, by example.

use super::*;

fn one(line: &str) -> Command {
    let text = format!("# about\ncluster web-pair\nstart node1\n{line}\n");
    let scenario = parse("x", &text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    scenario.steps.last().expect("two steps").command.clone()
}

fn refused(line: &str) -> Diagnostic {
    let text = format!("cluster web-pair\nstart node1\n{line}\n");
    let mut errors = parse("x", &text).expect_err("refused");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

#[test]
fn the_comment_at_the_head_says_what_it_is_about() {
    let scenario =
        parse("x", "# one\n# two\n\n# three\ncluster web-pair\nstart node1\n").expect("fine");
    assert_eq!(scenario.about, "one two");
    assert_eq!(scenario.pairs, Pair::ALL);
}

#[test]
fn edits_before_the_first_step_belong_to_the_setup() {
    let text = "cluster web-pair\nset ha.cf deadtime 5\nstart node1\non node2 set ha.cf debug 1\n";
    let scenario = parse("x", text).expect("fine");
    assert_eq!(scenario.setup[0].change, Change::Append("deadtime 5".into()));
    assert!(
        matches!(&scenario.steps[1].command, Command::Edit(edit) if edit.node == Some(Seat(1)))
    );
}

#[test]
fn a_step_can_be_for_some_pairs_only() {
    let text = "cluster web-pair\npairs real/ours ours/ours\nstart node1\nwhen ours/ours wait 2s\n";
    let scenario = parse("x", text).expect("fine");
    assert_eq!(scenario.pairs.len(), 2);
    assert_eq!(scenario.steps[1].pairs, [Pair::parse("ours/ours").expect("a pair")]);
    assert_eq!(scenario.steps[1].command, Command::Wait(Duration::from_secs(2)));
}

#[test]
fn all_kinds_of_cuts_are_told_apart() {
    let eth0 = Some("eth0".to_owned());
    assert_eq!(one("cut node1"), Command::Cut(Cut::Cable { node: Seat(0), link: None }));
    assert_eq!(
        one("cut node2 eth0"),
        Command::Cut(Cut::Cable { node: Seat(1), link: eth0.clone() })
    );
    assert_eq!(one("cut node2->node1"), Command::Cut(Cut::Way { from: Seat(1), link: None }));
    assert_eq!(one("heal node1<->node2 eth0"), Command::Heal(Cut::Between { link: eth0 }));
    assert_eq!(one("cut gateway"), Command::Cut(Cut::Gateway));
    assert_eq!(one("cut serial"), Command::Cut(Cut::Serial));
    assert_eq!(one("heal all"), Command::HealAll);
}

#[test]
fn an_expectation_waits_or_holds() {
    let what = Expectation::ServiceOn(Seat(0));
    let within = Duration::from_secs(40);
    assert_eq!(
        one("expect service on node1 within 40s"),
        Command::Expect { what: what.clone(), within }
    );
    assert_eq!(
        one("expect service on node1 for 1.5s"),
        Command::Hold { what, during: Duration::from_millis(1500) }
    );
}

#[test]
fn nodes_in_status_questions_get_their_own_names() {
    assert_eq!(
        one("expect node1 sees node2 dead"),
        Command::Expect {
            what: Expectation::NodeStatus {
                at: Seat(0),
                node: "node2.anyisalin.com".into(),
                state: "dead".into()
            },
            within: PATIENCE
        }
    );
}

#[test]
fn a_quoted_text_keeps_blanks_and_hashes() {
    assert_eq!(
        one("expect log node1 \"is # dead\" within 1s # why"),
        Command::Expect {
            what: Expectation::Log { node: Seat(0), text: "is # dead".into() },
            within: Duration::from_secs(1)
        }
    );
}

#[test]
fn a_command_line_may_have_any_words() {
    let words = ["hb_standby", "all"].map(str::to_owned).to_vec();
    assert_eq!(one("run hb_standby all on node1"), Command::Run(Seat(0), words));
}

#[test]
fn a_flood_has_a_rate_and_an_end() {
    let during = Duration::from_secs(30);
    assert_eq!(one("flood 10000/s for 30s"), Command::Flood { rate: 10_000, during });
    for line in ["flood 10000 for 30s", "flood 0/s for 1s", "flood 100001/s for 1s"] {
        assert!(refused(line).help.is_some(), "{line}");
    }
}

#[test]
fn the_span_of_an_error_is_its_line() {
    let found = refused("cut node3");
    assert_eq!(found.line_column("cluster web-pair\nstart node1\ncut node3\n"), (3, 1));
    assert!(found.help.is_some_and(|help| help.contains("node1 or node2")));
}

#[test]
fn nonsense_is_refused_with_what_would_be_understood() {
    for line in [
        "dance",
        "cut node1->node1",
        "wait 5",
        "expect",
        "pause node1 -1s",
        "set hosts x",
        "cut node1 eth7",
    ] {
        assert!(refused(line).help.is_some(), "{line}");
    }
}

#[test]
fn every_error_of_a_file_is_reported() {
    let errors = parse("x", "cluster web-pair\nfoo\nbar\n").expect_err("refused");
    assert_eq!(errors.len(), 3, "two lines, and nothing happens");
}

#[test]
fn exactly_one_process_of_the_family_can_be_killed() {
    assert_eq!(
        one("kill process executor on node2"),
        Command::KillProcess(Seat(1), Process::Executor)
    );
    assert!(refused("kill process grandparent on node2").help.is_some());
}

#[test]
fn a_script_has_a_path_of_its_host_and_lines_between_bars() {
    let lines = ["[ -e /x ] || exit 1", "echo a|b"].map(str::to_owned).to_vec();
    assert_eq!(
        one("on node2 script /usr/local/bin/x [ -e /x ] || exit 1 | echo a|b"),
        Command::Script(Script { node: Some(Seat(1)), path: "/usr/local/bin/x".into(), lines })
    );
    for line in ["script /home/x true", "script /etc/../x true", "script /etc/x"] {
        assert!(refused(line).help.is_some(), "{line}");
    }
}

#[test]
fn the_gateway_runs_commands_too() {
    let words = ["ip", "link"].map(str::to_owned).to_vec();
    assert_eq!(one("run ip link on gateway"), Command::RunOnGateway(words));
}
