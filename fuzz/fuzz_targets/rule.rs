//! Any element as a rule, any text as date, duration, period, interval and score: judged, never a
//! panic.
#![no_main]

use cib::date::{DateTime, Duration, Period};
use cib::rules::{Context, NextChange, passes};
use cib::value::{Score, interval_ms};
use cib::xml::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now = DateTime::from_epoch(1_259_644_220);
    if let Some(date) = DateTime::parse(text, now) {
        let _ = (date.to_string(), date.ordinal_text(), date.week_text(), date.local_text());
        if let Some(duration) = Duration::parse(text) {
            let _ = date.plus(duration);
        }
    }
    if let Some(period) = Period::parse(text, now) {
        let _ = (period.start.to_string(), period.end.to_string());
    }
    let _ = (interval_ms(text), Score::parse(text));
    if let Ok(document) = Document::parse(text) {
        let attribute = |name: &str| (name == "a").then_some("5");
        let context = Context { node: Some(&attribute), ..Context::at(now) };
        passes(document.root(), &context, &mut NextChange::default());
    }
});
