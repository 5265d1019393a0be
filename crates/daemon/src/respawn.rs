//! The programs of `respawn` and `failfast` lines, kept running beside us from the moment the
//! cluster can be spoken to (docs/ancestors/heartbeat.md §6.3).

use crate::executor::{End, Job};
use crate::hub::Hub;
use crate::journal::Told;
use crate::{agents, paths, perform};
use api::{EventKind, Level, Subject};
use cluster::config::Client;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A client that ends with this code doesn't want to be started again (measured).
const DONT_RESTART: i32 = 100;
/// A life shorter than this counts as a failed start.
const SHORT_LIFE: Duration = Duration::from_secs(30);
/// More short lives in a row than this, and the client is given up.
const SHORT_LIVES_MAX: u32 = 10;
/// The first restart comes at once, later ones after this.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// How long one client may take to stop before the next is stopped too; it is killed by then.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The clients that were started, in order.
#[derive(Default)]
pub(crate) struct Clients(Vec<Running>);

struct Running {
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

/// Starts all clients of the configuration, once in the life of this process.
pub(crate) fn start_all(hub: &Rc<Hub>) {
    if !hub.clients.borrow().0.is_empty() {
        return;
    }
    for client in &hub.settings().cluster.clients {
        let (stop, told_to_stop) = oneshot::channel();
        let (has_stopped, stopped) = oneshot::channel();
        let (task_hub, client) = (Rc::clone(hub), client.clone());
        tokio::task::spawn_local(async move {
            keep(&task_hub, &client, told_to_stop).await;
            let _ = has_stopped.send(());
        });
        hub.clients.borrow_mut().0.push(Running { stop, stopped });
    }
}

/// Stops them one after the other, the last started first.
pub(crate) async fn stop_all(hub: &Hub) {
    let running: Vec<Running> = hub.clients.borrow_mut().0.drain(..).collect();
    for client in running.into_iter().rev() {
        let _ = client.stop.send(());
        let _ = tokio::time::timeout(STOP_TIMEOUT, client.stopped).await;
    }
}

async fn keep(hub: &Rc<Hub>, client: &Client, mut stop: oneshot::Receiver<()>) {
    let mut lives = Lives::default();
    loop {
        tell(hub, Level::Info, client, "starting");
        let began = linux::rt::now();
        let (id, end) = hub.executor.begin(job(hub, client)).await;
        tokio::pin!(end);
        let end = tokio::select! {
            end = &mut end => end,
            _ = &mut stop => {
                hub.executor.terminate(id).await;
                end.await;
                tell(hub, Level::Info, client, "stopped");
                return;
            }
        };
        if client.failfast {
            let reason = format!("failfast client {} {}", client.command, perform::ended(&end));
            tell(hub, Level::Critical, client, "has died; this machine reboots");
            crate::worker::reboot(hub, &reason);
            return;
        }
        let pause = match lives.ended(&end, linux::rt::now().since(began)) {
            Next::Never(why) => {
                tell(hub, Level::Error, client, why);
                return;
            }
            Next::Asked => {
                tell(hub, Level::Info, client, "ended and doesn't want to be started again");
                return;
            }
            Next::After(pause) => pause,
        };
        let words = agents::last_words(&end.output).map(|w| format!(": {w}")).unwrap_or_default();
        tell(hub, Level::Warning, client, &format!("{}{words}; restarting", perform::ended(&end)));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = &mut stop => return,
        }
    }
}

/// What follows from the end of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Next {
    After(Duration),
    Asked,
    Never(&'static str),
}

#[derive(Default)]
struct Lives {
    restarts: u32,
    short: u32,
}

impl Lives {
    fn ended(&mut self, end: &End, life: Duration) -> Next {
        if end.code == Some(DONT_RESTART) {
            return Next::Asked;
        }
        self.short = if life < SHORT_LIFE { self.short + 1 } else { 0 };
        if self.short > SHORT_LIVES_MAX {
            return Next::Never("respawning too fast; given up until the next start");
        }
        self.restarts += 1;
        Next::After(if self.restarts == 1 { Duration::ZERO } else { RESTART_AFTER })
    }
}

/// The line is the administrator's and goes through a shell, as the ancestor does.
fn job(hub: &Hub, client: &Client) -> Job {
    Job {
        id: 0,
        argv: vec!["/bin/sh".into(), "-c".into(), format!("exec {}", client.command)],
        environment: hub.settings().environment.clone(),
        directory: working_directory(&client.user).display().to_string(),
        user: (client.user != "root").then(|| client.user.clone()),
        group: None,
        further_groups: true,
        timeout_ms: None,
        is_client: true,
    }
}

/// Where cores of this user's clients may lie, made if it is missing; else `/`.
fn working_directory(user: &str) -> PathBuf {
    let path = Path::new(paths::CORES_DIR).join(user);
    if path.is_dir() || std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&path).is_ok()
    {
        path
    } else {
        PathBuf::from("/")
    }
}

fn tell(hub: &Hub, level: Level, client: &Client, text: &str) {
    hub.tell(Told {
        level,
        kind: EventKind::Client,
        subject: Subject::Cluster,
        group: None,
        text: format!("client {}: {text}", client.command),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(code: i32) -> End {
        End {
            code: Some(code),
            signal: None,
            how: format!("exit code {code}"),
            output: String::new(),
        }
    }

    #[test]
    fn code_100_is_respected() {
        assert_eq!(Lives::default().ended(&end(100), Duration::ZERO), Next::Asked);
    }

    #[test]
    fn the_first_restart_comes_at_once_and_later_ones_after_a_second() {
        let mut lives = Lives::default();
        assert_eq!(lives.ended(&end(0), Duration::ZERO), Next::After(Duration::ZERO));
        assert_eq!(lives.ended(&end(1), Duration::ZERO), Next::After(RESTART_AFTER));
    }

    #[test]
    fn ten_short_lives_are_borne_and_the_eleventh_is_the_last() {
        let mut lives = Lives::default();
        for _ in 0..SHORT_LIVES_MAX {
            assert!(matches!(lives.ended(&end(1), Duration::ZERO), Next::After(_)));
        }
        assert!(matches!(lives.ended(&end(1), Duration::ZERO), Next::Never(_)));
    }

    #[test]
    fn a_long_life_wipes_the_slate_clean() {
        let mut lives = Lives::default();
        for _ in 0..100 {
            assert!(matches!(lives.ended(&end(1), Duration::ZERO), Next::After(_)));
            assert!(matches!(lives.ended(&end(1), SHORT_LIFE), Next::After(_)));
        }
    }
}
