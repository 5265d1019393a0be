//! Blocks of names and values.

use super::NOW;
use cib::nvpairs::{evaluate, get};
use cib::rules::{Context, NextChange};
use cib::xml::Document;

/// The pairs of all `meta_attributes` in this text, as `name=value` words.
fn pairs(blocks: &str) -> String {
    let elsewhere =
        "<meta_attributes id='QM' score='9'><nvpair id='QV' name='x' value='q'/></meta_attributes>";
    let text = format!("<cib><a>{blocks}</a><b>{elsewhere}</b></cib>");
    let document = Document::parse(text).expect("well-formed");
    let parent = document.root().child("a").expect("an element");
    let context = Context::at(NOW);
    let pairs = evaluate(parent, "meta_attributes", &context, &mut NextChange::default());
    let words: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    words.join(" ")
}

fn block(score: &str, content: &str) -> String {
    format!("<meta_attributes id='m{score}' score='{score}'>{content}</meta_attributes>")
}

fn pair(name: &str, value: &str) -> String {
    format!("<nvpair id='i' name='{name}' value='{value}'/>")
}

#[test]
fn the_block_with_the_highest_score_is_asked_first() {
    let (one, two) = (pair("x", "1"), pair("x", "2"));
    for (low, high) in [("1", "2"), ("-5", "0"), ("0", "INFINITY"), ("", "1")] {
        assert_eq!(pairs(&(block(low, &one) + &block(high, &two))), "x=2", "{low} {high}");
    }
    assert_eq!(pairs(&(block("1", &one) + &block("1", &two))), "x=1", "else the first");
    assert_eq!(pairs(&block("1", &(one + &two + &pair("y", "")))), "x=1 y=");
}

#[test]
fn the_bootstrap_options_come_first_whatever_their_score() {
    let text = "<c><cluster_property_set id='o' score='9'><nvpair name='x' value='1'/></cluster_property_set>\
                <cluster_property_set id='cib-bootstrap-options'><nvpair name='x' value='2'/></cluster_property_set></c>";
    let document = Document::parse(text).expect("well-formed");
    let mut next = NextChange::default();
    let pairs = evaluate(document.root(), "cluster_property_set", &Context::at(NOW), &mut next);
    assert_eq!(get(&pairs, "x"), Some("2"));
    assert_eq!(get(&pairs, "y"), None);
}

#[test]
fn default_takes_back_what_blocks_before_said_and_nothing_else() {
    let (value, default) = (pair("x", "1"), pair("x", "#default"));
    assert_eq!(pairs(&(block("2", &value) + &block("1", &default))), "");
    assert_eq!(pairs(&(block("2", &default) + &block("1", &value))), "x=1");
}

#[test]
fn blocks_and_pairs_may_be_references() {
    let (low, high) = (block("5", &pair("x", "1")), block("10", &pair("x", "1")));
    let reference = "<meta_attributes id-ref='QM' score='11'/>";
    assert_eq!(pairs(&(low + reference)), "x=q");
    assert_eq!(pairs(&(high + reference)), "x=1", "the score is that of the block referred to");
    assert_eq!(pairs(&block("0", "<nvpair id-ref='QV'/>")), "x=q");
    assert_eq!(pairs(&block("0", "<nvpair id-ref='QV' name='y'/>")), "y=q");
    assert_eq!(pairs(&block("0", "<nvpair id-ref='none'/><nvpair name='z'/>")), "");
    assert_eq!(pairs("<meta_attributes id-ref='none'/><meta_attributes id-ref='QV'/>"), "");
}

#[test]
fn a_block_counts_if_all_its_rules_hold() {
    let yes = "<rule><expression attribute='z' operation='not_defined'/></rule>";
    let no = "<rule><expression attribute='z' operation='defined'/></rule>";
    assert_eq!(pairs(&block("0", &(pair("x", "1") + yes))), "x=1");
    assert_eq!(pairs(&block("0", &(pair("x", "1") + no))), "");
    assert_eq!(pairs(&block("0", &(pair("x", "1") + no + yes))), "");
}
