//! `authentication` and `auth_hmac` of an instance.

use super::Lowering;
use super::global::default_time;
use super::instance::{AuthType, Draft};
use crate::keepalived::directives::Block;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use std::time::Duration;
use vrrp::config::{HmacKeys, HmacMode};

/// A password counts up to here (RFC 2338 §5.3.10, measured).
const PASSWORD_MAX: usize = 8;

impl Lowering<'_> {
    pub(super) fn authentication(&mut self, block: &Node, draft: &mut Draft) {
        for node in block.nodes() {
            let Some(word) = node.word(1) else { continue };
            if node.name() == "auth_type" {
                match word.text.as_str() {
                    "PASS" => draft.auth_type = Some(AuthType::Pass),
                    "AH" => draft.auth_type = Some(AuthType::Ah),
                    _ => {
                        values::bad(word, node.row, "there is no authentication", self.found);
                        draft.auth_type = None;
                    }
                }
                continue;
            }
            if word.text.len() > PASSWORD_MAX {
                let what = format!("the password is longer than {PASSWORD_MAX} characters");
                let then = [
                    "its first 8 characters count; all routers that cut it the same way agree",
                    "keepalived does the same",
                    "cut it yourself to be told no more",
                ];
                self.found.complain(word.place, "long-password", what, then);
            }
            draft.password = Some(word.text.clone());
        }
    }

    pub(super) fn hmac(&mut self, block: &Node, draft: &mut Draft) {
        let mut keys = HmacKeys {
            keys: Vec::new(),
            active: 0,
            window: default_time(Block::Hmac, "time_window"),
            mode: HmacMode::Enforce,
        };
        let mut active = None;
        for node in block.nodes() {
            match node.name() {
                "key" => match (node.word(1).map(|word| word.text.parse()), node.word(2)) {
                    (Some(Ok(number)), Some(value)) => {
                        keys.keys.push((number, value.text.clone().into_bytes()));
                    }
                    _ => values::refuse(node, self.found),
                },
                "active_key" => active = values::number(node, self.found).map(|key| key as u8),
                "time_window" => {
                    if let Some(seconds) = values::number(node, self.found) {
                        keys.window = Duration::from_secs(seconds as u64);
                    }
                }
                "mode" => match values::choice(node, self.found) {
                    Some("permissive") => keys.mode = HmacMode::Permissive,
                    Some("receive-only") => keys.mode = HmacMode::ReceiveOnly,
                    _ => keys.mode = HmacMode::Enforce,
                },
                _ => {
                    values::choice(node, self.found);
                }
            }
        }
        let first = keys.keys.first().map(|(number, _)| *number);
        let known = |wanted: &u8| keys.keys.iter().any(|(key, _)| key == wanted);
        if let Some(number) = active.or(first).filter(known) {
            keys.active = number;
            draft.hmac = Some(keys);
        } else {
            let what = "`auth_hmac` has no active key".to_owned();
            let then = ["adverts are not signed", "keepalived does the same", "add a key"];
            self.found.complain(block.place(), "no-key", what, then);
        }
    }
}
