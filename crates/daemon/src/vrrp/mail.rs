//! Mail about changes of state. It waits in a queue and is tried again until the server takes it,
//! where the ancestor tries once (docs/ancestors/keepalived.md §2.5).

use super::hub::Hub;
use super::settings::Settings;
use api::Level;
use lettre::message::{Mailbox as Recipient, header::ContentType};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message, SmtpTransport, Transport};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use vrrp::{Notification, Subject, What};

/// Mails that wait: a server that is away for long has heard the end of the story when it comes
/// back, not all of it.
const WAITING_MAX: usize = 256;
/// From one try to the next, at first.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// And at most.
const AGAIN_AFTER_MAX: Duration = Duration::from_mins(10);

/// Mails on their way, oldest first.
#[derive(Default)]
pub(crate) struct Mailbox {
    waiting: RefCell<VecDeque<Message>>,
    sending: Cell<bool>,
}

/// Writes a mail about what happened and sends it as soon as possible.
pub(crate) fn send(hub: &Rc<Hub>, told: &Notification) {
    if told.what != What::Fault || !hub.settings().whole.mail.no_faults {
        post(hub, &subject(told), body(told));
    }
}

/// Sends a mail as soon as possible, if anybody is to get mail; the router's name comes before its
/// subject.
pub(crate) fn post(hub: &Rc<Hub>, subject: &str, body: String) {
    let settings = hub.settings();
    if settings.whole.mail.to.is_empty() {
        return;
    }
    match compose(&settings, subject, body) {
        Ok(message) => {
            let mut waiting = hub.mailbox.waiting.borrow_mut();
            if waiting.len() >= WAITING_MAX {
                waiting.pop_front();
            }
            waiting.push_back(message);
        }
        Err(why) => return hub.notice(Level::Warning, format!("a mail can't be written: {why}")),
    }
    if !hub.mailbox.sending.replace(true) {
        tokio::task::spawn_local(deliver(Rc::clone(hub)));
    }
}

/// Sends until nothing waits.
async fn deliver(hub: Rc<Hub>) {
    let mut pause = AGAIN_AFTER;
    loop {
        let Some(message) = hub.mailbox.waiting.borrow_mut().pop_front() else { break };
        let settings = hub.settings();
        let (server, copy) = (server(&settings), message.clone());
        let Some(server) = server else {
            hub.notice(Level::Warning, "a mail was not sent: no smtp_server is configured");
            continue;
        };
        let sent = tokio::task::spawn_blocking(move || server.send(&copy)).await;
        match sent {
            Ok(Err(error)) if error.is_permanent() => {
                hub.notice(Level::Warning, format!("the mail server refused a mail: {error}"));
            }
            Ok(Ok(_)) => pause = AGAIN_AFTER,
            Ok(Err(error)) => {
                if pause == AGAIN_AFTER {
                    let text = format!("a mail waits, the server can't be reached: {error}");
                    hub.notice(Level::Warning, text);
                }
                hub.mailbox.waiting.borrow_mut().push_front(message);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(AGAIN_AFTER_MAX);
            }
            Err(_) => break,
        }
    }
    hub.mailbox.sending.set(false);
}

fn server(settings: &Settings) -> Option<SmtpTransport> {
    let mail = &settings.whole.mail;
    let (address, port) = mail.server?;
    let helo = mail.helo.clone().unwrap_or_else(|| settings.host.clone());
    let transport = SmtpTransport::builder_dangerous(address.to_string())
        .port(port)
        .hello_name(ClientId::Domain(helo))
        .timeout(Some(mail.timeout));
    Some(transport.build())
}

fn compose(settings: &Settings, subject: &str, body: String) -> Result<Message, String> {
    let mail = &settings.whole.mail;
    let from = if let Some(from) = &mail.from {
        from.parse().map_err(|_| format!("`{from}` is not a mail address"))?
    } else {
        let address = Address::new("keepalived", &settings.host)
            .or_else(|_| Address::new("keepalived", "localhost"));
        Recipient::new(None, address.map_err(|error| error.to_string())?)
    };
    let subject = format!("[{}] {subject}", settings.vrrp.router_id);
    let mut message =
        Message::builder().from(from).subject(subject).header(ContentType::TEXT_PLAIN);
    let mut recipients = 0;
    for to in &mail.to {
        // One odd address must not keep the mail from the others.
        if let Ok(to) = to.parse::<Recipient>() {
            message = message.to(to);
            recipients += 1;
        }
    }
    if recipients == 0 {
        return Err("none of the addresses of notification_email can be used".into());
    }
    message.body(body).map_err(|error| error.to_string())
}

fn subject(told: &Notification) -> String {
    let (kind, name) = match &told.of {
        Subject::Instance(name) => ("Instance", name),
        Subject::Group(name) => ("Group", name),
    };
    format!("VRRP {kind} {name} - Entering {} state", told.what.word())
}

fn body(told: &Notification) -> String {
    let text = match (&told.of, told.what) {
        (Subject::Instance(_), What::Master) => "VRRP Instance is now owning VRRP VIPs".to_owned(),
        (Subject::Instance(_), _) => "VRRP Instance is no longer owning VRRP VIPs".to_owned(),
        (Subject::Group(_), what) => {
            format!("All VRRP group instances are now in {} state", what.word())
        }
    };
    format!("=> {text} <=\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(to: &[&str]) -> Settings {
        let mut settings = Settings { host: "node1".into(), ..Settings::default() };
        settings.vrrp.router_id = "LVS_1".into();
        settings.whole.mail.to = to.iter().map(ToString::to_string).collect();
        settings
    }

    fn told(what: What) -> Notification {
        let of = Subject::Instance("VI_1".into());
        Notification { of, what, priority: 100, commands: Vec::new(), mail: true }
    }

    fn text(settings: &Settings, told: &Notification) -> Result<String, String> {
        let composed = compose(settings, &subject(told), body(told));
        composed.map(|m| String::from_utf8_lossy(&m.formatted()).into_owned())
    }

    #[test]
    fn a_mail_says_what_the_ancestors_says() {
        let mail = text(&settings(&["admin@example.org"]), &told(What::Master)).unwrap();
        let subject = "Subject: [LVS_1] VRRP Instance VI_1 - Entering MASTER state\r\n";
        assert!(mail.contains(subject), "{mail}");
        assert!(mail.contains("=> VRRP Instance is now owning VRRP VIPs <="), "{mail}");
        assert!(mail.contains("From: keepalived@node1"), "{mail}");
        let mail = text(&settings(&["admin@example.org"]), &told(What::Fault)).unwrap();
        assert!(mail.contains("no longer owning"), "{mail}");
    }

    #[test]
    fn an_odd_address_does_not_keep_the_others_from_their_mail() {
        let odd = "[email\u{a0}protected]";
        let mail = text(&settings(&[odd, "admin@example.org"]), &told(What::Master)).unwrap();
        assert!(mail.contains("To: admin@example.org"), "{mail}");
        assert!(text(&settings(&[odd]), &told(What::Master)).is_err());
    }
}
