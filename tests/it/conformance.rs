//! One suite for every connection: whatever opens the stream, a session behaves the same.

use benchbook::base::Map;
use benchbook::base::spec::{CheckMode, OnResume, Spec};
use benchbook::connection::memory::Memory;
use benchbook::connection::{Call, Session};
use benchbook::module::{Command, Context, Module};
use benchbook::wire::{Outcome, Request, Status};

fn shell(args: &Map, context: &mut Context<'_>) -> Outcome {
    let cmd = args.get("cmd").and_then(|v| v.as_str()).unwrap_or_default();
    match context.run(&Command::new(["/bin/sh", "-c", cmd])) {
        Ok(finished) => Outcome {
            status: finished.outcome_status(),
            warnings: finished.warnings.clone(),
            ..Outcome::ok(true)
        }
        .with("rc", finished.rc())
        .with("stdout", String::from_utf8_lossy(&finished.stdout).into_owned()),
        Err(error) => Outcome::failed(error.to_string()),
    }
}

static MODULES: &[Module] = &[Module {
    spec: Spec {
        name: "shell",
        summary: "a command line",
        free_form: Some("cmd"),
        open: true,
        on_resume: OnResume::Fail,
        check: CheckMode::Skipped,
        schema: || benchbook::base::spec::schema_of::<()>(),
    },
    run: shell,
}];

fn request(cmd: &str) -> Request {
    Request {
        run: "20261121T203100Z-test".into(),
        term: 1,
        module: "shell".into(),
        args: Map::from_iter([("cmd", cmd)]),
        check: false,
        diff: false,
        environment: Vec::new(),
        timeout_ms: None,
        grace_ms: 500,
        stream: true,
        uploads: 0,
    }
}

#[tokio::test]
async fn memory_call() {
    let session = Session::open(&Memory::with_modules(MODULES)).await.unwrap();
    let outcome = session.call(request("echo hi; exit 3"), Call::default()).await.unwrap();
    assert_eq!((outcome.status, outcome.values.get("rc").unwrap().as_int()), (Status::Failed, Some(3)));
    assert_eq!(session.close().await, "");
}
