//! The built-in `MailTo address[,address…] [subject]`: tells people that resources move.
//!
//! Through the host's `sendmail` if it has one, else by SMTP to this host. A mail that can't be
//! sent is told in the log and holds nothing up.

use lettre::message::Mailbox;
use lettre::{Address, Message, SendmailTransport, SmtpTransport, Transport};
use std::path::Path;
use std::time::Duration;

/// The host's mail program.
const SENDMAIL: &str = "/usr/sbin/sendmail";
/// How long a mail server may take for each step.
const SMTP_TIMEOUT: Duration = Duration::from_secs(5);
/// Recipients of one mail: more are a mistake in the file.
const RECIPIENTS_MAX: usize = 32;

/// Builds the mail.
///
/// # Errors
/// A sentence that names the address that can't be read, or says that there is none.
fn compose(args: &[String], host: &str, news: &str) -> Result<Message, String> {
    let list = args.first().ok_or("MailTo needs a mail address")?;
    let subject = args.get(1).map_or("Resource Group", String::as_str);
    let local = Address::new("root", host)
        .or_else(|_| Address::new("root", "localhost"))
        .map_err(|error| error.to_string())?;
    let mut message = Message::builder()
        .from(Mailbox::new(Some("Handover".into()), local))
        .subject(format!("{subject} {news} on {host}"));
    let mut recipients = 0;
    for one in list.split([',', ' ']).filter(|one| !one.is_empty()).take(RECIPIENTS_MAX) {
        let full = if one.contains('@') { one.to_owned() } else { format!("{one}@localhost") };
        let mailbox = full.parse().map_err(|_| format!("`{one}` is not a mail address"))?;
        message = message.to(mailbox);
        recipients += 1;
    }
    if recipients == 0 {
        return Err("MailTo needs a mail address".into());
    }
    message
        .body(format!("{subject} {news} on {host}.\n"))
        .map_err(|error| format!("the mail can't be written: {error}"))
}

/// Sends it. Blocks for the mail program or server.
///
/// # Errors
/// A sentence for the log.
pub(crate) fn send(args: &[String], host: &str, news: &str) -> Result<(), String> {
    let message = compose(args, host, news)?;
    if Path::new(SENDMAIL).exists() {
        SendmailTransport::new_with_command(SENDMAIL)
            .send(&message)
            .map_err(|error| format!("{SENDMAIL} did not take the mail: {error}"))
    } else {
        SmtpTransport::builder_dangerous("localhost")
            .timeout(Some(SMTP_TIMEOUT))
            .build()
            .send(&message)
            .map(|_| ())
            .map_err(|error| format!("this host's mail server did not take the mail: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(args: &[&str]) -> Result<String, String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        compose(&args, "node1", "is taken over")
            .map(|message| String::from_utf8_lossy(&message.formatted()).into_owned())
    }

    #[test]
    fn the_mail_names_subject_news_and_host() {
        let mail = text(&["root,admin@example.org", "web"]).unwrap();
        assert!(mail.contains("Subject: web is taken over on node1\r\n"), "{mail}");
        assert!(mail.contains("root@localhost") && mail.contains("admin@example.org"), "{mail}");
    }

    #[test]
    fn an_address_cannot_smuggle_a_header_in() {
        assert!(text(&["a@b\r\nBcc:c@d"]).is_err());
        assert!(text(&[]).is_err());
        assert!(text(&[","]).is_err());
    }
}
