//! Streams through an agent: another agent behind it, started by programs that play sudo, su and doas.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use benchbook::connection::become_user::BecomeUser;
use benchbook::connection::{Call, ConnectError, Connector, Link, Session};
use benchbook::wire::{Dial, Escalation, Method, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::subject::{Subject, all_end, copy, numbers, shell, watched};

/// A program that asks as sudo, su or doas does, and starts the agent of this build whatever it is told to start.
fn program(folder: &Path, method: Method) -> PathBuf {
    let agent = super::subject::agent_program();
    let text = match method {
        Method::Sudo => format!(
            "#!/bin/sh\necho 'We trust you have received the usual lecture:' >&2\nask=\nuser=\nsilent=\n\
             while [ $# -gt 0 ]; do case $1 in -p) ask=$2; shift;; -u) user=$2; shift;; -n) silent=1;; esac; shift; done\n\
             [ \"$user\" = nobody-knows ] && {{ echo \"sudo: unknown user $user\" >&2; exit 1; }}\n\
             [ \"$silent\" ] && {{ echo 'sudo: a password is required' >&2; exit 1; }}\n\
             while :; do printf %s \"$ask\" >&2; IFS= read -r word || exit 1\n\
             [ \"$word\" = secret ] && break; echo 'Sorry, try again.' >&2; done\n\
             echo Welcome; exec {}\n",
            agent.display()
        ),
        _ => format!(
            "#!/bin/sh\nprintf 'doas (ann@n1) password: ' > /dev/tty || exit 1\nIFS= read -r word < /dev/tty || exit 1\n\
             [ \"$word\" = secret ] || {{ echo 'doas: Authentication failed' >&2; exit 1; }}\nexec {}\n",
            agent.display()
        ),
    };
    let path = folder.join(method.name());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn escalation(method: Method, program: &Path, password: Option<&str>) -> Arc<Escalation> {
    let exe = Some(program.display().to_string());
    let password = password.map(Into::into);
    Arc::new(Escalation { method, user: "bob".into(), exe, flags: None, password })
}

async fn through(login: &Arc<Session>, escalation: Arc<Escalation>) -> Result<Session, ConnectError> {
    let connector = BecomeUser::new(Arc::clone(login), escalation);
    Session::open(&connector).await.map_err(|error| connector.explain(error))
}

pub async fn another_users_agent(subject: &Subject) {
    let folder = tempfile::tempdir().unwrap();
    let login = Arc::new(subject.open().await);
    for method in [Method::Sudo, Method::Doas] {
        let program = program(folder.path(), method);
        let session = through(&login, escalation(method, &program, Some("secret"))).await.unwrap();
        assert_eq!(session.banner(), if method == Method::Sudo { "Welcome\n" } else { "" });
        // Both directions, more than any window.
        let content: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 251).to_le_bytes()[0]).collect();
        let dest = folder.path().join("dest");
        let uploads = vec![benchbook::connection::Upload::Bytes(content.clone())];
        let call = Call { uploads, ..Call::default() };
        let outcome = session.call(copy(&dest, &content), call).await.unwrap();
        assert_eq!(outcome.status, Status::Ok, "{outcome:?}");
        assert!(std::fs::read(&dest).unwrap() == content);
        let (call, mut chunks, _) = watched();
        let (outcome, size) = tokio::join!(session.call(shell("head -c 5000000 /dev/zero"), call), async {
            let mut size = 0;
            while let Some(chunk) = chunks.recv().await {
                size += chunk.bytes.len();
            }
            size
        });
        assert_eq!((outcome.unwrap().status, size), (Status::Ok, 5_000_000));
        assert_eq!(session.close().await, "");
    }
    assert_eq!(login.close().await, "");
}

pub async fn refusals(subject: &Subject) {
    let folder = tempfile::tempdir().unwrap();
    let login = Arc::new(subject.open().await);
    for (method, password, expected) in [
        (Method::Sudo, Some("wrong"), "Incorrect sudo password"),
        (Method::Sudo, None, "Missing sudo password"),
        (Method::Doas, Some("wrong"), "Incorrect doas password"),
        (Method::Doas, None, "Missing doas password"),
    ] {
        let program = program(folder.path(), method);
        let error = through(&login, escalation(method, &program, password)).await.err().unwrap();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_refusal());
    }
    let unknown = Escalation {
        user: "nobody-knows".into(),
        ..(*escalation(Method::Sudo, &program(folder.path(), Method::Sudo), None)).clone()
    };
    let error = through(&login, Arc::new(unknown)).await.err().unwrap();
    assert!(error.to_string().ends_with("sudo: unknown user nobody-knows"), "{error}");
    let error = through(&login, escalation(Method::Su, Path::new("/no/su"), None)).await.err().unwrap();
    assert_eq!(error.to_string(), "cannot become `bob`: `/no/su` is not installed on the target");
    // Nothing of this hurts the one who logged in.
    assert_eq!(
        login.call(shell("echo out; echo err >&2; exit 0"), Call::default()).await.unwrap().status,
        Status::Ok
    );
    assert_eq!(login.close().await, "");
}

pub async fn children_end_with_the_login(subject: &Subject) {
    let folder = tempfile::tempdir().unwrap();
    let login = Arc::new(subject.open().await);
    let program = program(folder.path(), Method::Sudo);
    let session = through(&login, escalation(Method::Sudo, &program, Some("secret"))).await.unwrap();
    let (call, mut chunks, _) = watched();
    let (outcome, pid) = tokio::join!(session.call(shell("echo $$; exec sleep 600"), call), async {
        let pid = numbers(&mut chunks, 1).await[0];
        assert_eq!(login.close().await, "");
        pid
    });
    assert!(outcome.is_err());
    assert!(!session.is_alive());
    all_end(&[pid]).await;
}

/// A server that refuses answers and goes before it has read what it is sent: the answer arrives, whoever is faster.
pub async fn an_early_answer(subject: &Subject) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let server = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let serving = std::thread::spawn(move || {
        for _ in 0..20 {
            server.accept().unwrap().0.write_all(b"no").unwrap();
        }
    });
    let login = subject.open().await;
    for _ in 0..20 {
        let Link { mut input, mut output, .. } = login.dial(Dial::Unix(path.display().to_string())).unwrap();
        output.write_all(&vec![0; 4_000_000]).await.unwrap();
        let mut answer = Vec::new();
        input.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"no");
    }
    serving.join().unwrap();
    assert_eq!(login.close().await, "");
}
