//! Conditions on attributes of the node, the resource and the operation.

use super::{NOW, attribute, judge};
use cib::rules::{Agent, Context, NextChange, Operation, passes};
use cib::xml::Document;

fn holds(conditions: &str) -> bool {
    judge(conditions).0
}

/// The answers for `lt lte eq ne gte gt`, as letters.
fn answers(attribute: &str, value: &str, kind: &str) -> String {
    let kind = if kind.is_empty() { String::new() } else { format!(" type=\"{kind}\"") };
    let judge = |op| {
        let words = format!("attribute=\"{attribute}\" operation=\"{op}\" value=\"{value}\"");
        if holds(&format!("<expression {words}{kind}/>")) { 'T' } else { 'F' }
    };
    ["lt", "lte", "eq", "ne", "gte", "gt"].map(judge).iter().collect()
}

#[test]
fn values_are_compared_as_their_type_says() {
    for (attribute, value, kind, expected) in [
        ("a", "5", "", "FTTFTF"),
        ("a", "10", "", "TTFTFF"),
        ("a", "10", "string", "FFFTTT"),
        ("a", "10", "number", "TTFTFF"),
        ("a", "5.0", "", "FTFTTF"),
        ("a", "5.0", "string", "TTFTFF"),
        ("a", "5.0", "integer", "FTTFTF"),
        ("a", "5.0", "version", "FTTFTF"),
        ("a", "5.5", "", "TTFTFF"),
        ("a", "5.5", "integer", "FTTFTF"),
        ("a", "5.5", "number", "TTFTFF"),
        ("a", "4.9", "", "FFFTTT"),
        ("a", "x", "", "TTFTFF"),
        ("a", "x", "integer", "TTFTFF"),
        ("a", "x", "number", "TTFTFF"),
        ("a", "x", "version", "FFFTTT"),
        ("a", "5x", "", "FTFTTF"),
        ("a", "5x", "number", "FTTFTF"),
        ("f", "5", "", "FFFTTT"),
        ("s", "ABC", "", "FTTFTF"),
        ("s", "ABC", "integer", "FTTFTF"),
        ("v", "1.9.9", "", "TTFTFF"),
        ("v", "1.9.9", "version", "FFFTTT"),
        ("v", "1.10", "version", "FFFTTT"),
        ("v", "1.10.2", "version", "FTTFTF"),
        ("e", "", "", "FFFTFF"),
        ("a", "", "number", "FFFTFF"),
        ("missing", "5", "", "FFFTFF"),
    ] {
        assert_eq!(answers(attribute, value, kind), expected, "{attribute} {value} {kind}");
    }
}

#[test]
fn attributes_are_there_or_not() {
    for (condition, expected) in [
        ("attribute='a' operation='defined'", true),
        ("attribute='e' operation='defined'", true),
        ("attribute='missing' operation='defined'", false),
        ("attribute='missing' operation='not_defined'", true),
        ("attribute='A' operation='eq' value='5'", false),
        ("attribute='#uname' operation='eq' value='N1'", true),
        ("attribute='a' operation='EQ' value='5'", true),
        ("attribute='a' operation='like' value='5'", false),
        ("attribute='a' operation='eq' value='5' type='word'", true),
        ("attribute='a' operation='eq' value='5' value-source='somewhere'", true),
        ("attribute='a' operation='eq'", false),
        ("attribute='a' operation='ne'", true),
        ("attribute='missing' operation='eq'", true),
        ("attribute='missing' operation='ne'", false),
        ("attribute='a' value='5'", false),
        ("operation='not_defined'", false),
    ] {
        assert_eq!(holds(&format!("<expression {condition}/>")), expected, "{condition}");
    }
}

#[test]
fn all_conditions_must_hold_or_any() {
    let yes = "<expression attribute='a' operation='defined'/>";
    let no = "<expression attribute='a' operation='not_defined'/>";
    assert!(holds(""), "a rule without conditions holds");
    assert!(holds(&format!("{yes}{yes}")));
    assert!(!holds(&format!("{yes}{no}")));
    assert!(holds(&format!("<rule boolean-op='or'>{no}{yes}</rule>")));
    assert!(holds(&format!("<rule boolean-op='OR'>{no}{yes}</rule>")));
    assert!(!holds(&format!("<rule boolean-op='xor'>{no}{yes}</rule>")), "unknown is and");
    assert!(!holds(&format!("{yes}<unheard-of/>")));
}

#[test]
fn resource_and_operation_conditions_need_a_resource_and_an_operation() {
    let agent = Agent { class: "ocf", provider: Some("heartbeat"), kind: "IPaddr2" };
    let operation = Operation { name: "monitor", interval_ms: 10_000 };
    let whole = Context { resource: Some(agent), operation: Some(operation), ..Context::at(NOW) };
    let lsb = Agent { class: "lsb", provider: None, kind: "x" };
    let service = Context { resource: Some(lsb), ..Context::at(NOW) };
    for (condition, in_whole, in_service) in [
        ("<rsc_expression class='ocf'/>", true, false),
        ("<rsc_expression type='IPaddr2'/>", true, false),
        ("<rsc_expression provider='heartbeat' type='IPaddr2'/>", true, false),
        ("<rsc_expression class='lsb' provider='heartbeat'/>", false, false),
        ("<rsc_expression class='lsb'/>", false, true),
        ("<rsc_expression/>", true, true),
        ("<op_expression name='monitor'/>", true, false),
        ("<op_expression name='monitor' interval='10s'/>", true, false),
        ("<op_expression name='monitor' interval='20s'/>", false, false),
        ("<op_expression name='start'/>", false, false),
    ] {
        let rule = Document::parse(format!("<rule>{condition}</rule>")).expect("well-formed");
        let judge = |context| passes(rule.root(), context, &mut NextChange::default());
        assert_eq!((judge(&whole), judge(&service)), (in_whole, in_service), "{condition}");
        assert!(!judge(&Context::at(NOW)), "{condition}: nothing is known");
    }
}

#[test]
fn a_value_may_be_a_parameter_or_a_meta_attribute() {
    let (five, six) = (String::from("5"), String::from("6"));
    let parameter = |name: &str| (name == "limit").then_some(five.as_str());
    let meta = |name: &str| (name == "limit").then_some(six.as_str());
    let node = |name: &str| attribute(name);
    let context = Context {
        node: Some(&node),
        parameters: Some(&parameter),
        meta: Some(&meta),
        ..Context::at(NOW)
    };
    for (source, value, expected) in [
        ("param", "limit", true),
        ("meta", "limit", false),
        ("literal", "5", true),
        ("param", "5", false),
    ] {
        let words = format!("attribute='a' operation='eq' value='{value}' value-source='{source}'");
        let text = format!("<rule><expression {words}/></rule>");
        let rule = Document::parse(text).expect("well-formed");
        let holds = passes(rule.root(), &context, &mut NextChange::default());
        assert_eq!(holds, expected, "{source} {value}");
    }
}

#[test]
fn what_a_pattern_matched_stands_in_for_percent_and_digit() {
    let submatches = [Some("web-5"), Some("5"), None];
    let context = Context { submatches: &submatches, ..Context::at(NOW) };
    for (text, expanded) in
        [("load-%1", "load-5"), ("%0", "web-5"), ("%2x", "x"), ("%9%", "%"), ("%", "%"), ("a", "a")]
    {
        assert_eq!(context.expand(text), expanded, "{text}");
    }
    assert_eq!(Context::at(NOW).expand("load-%1"), "load-%1", "no pattern, no replacement");
}
