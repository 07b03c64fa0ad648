//! Jobs: what outlives its connection, and what does not outlive its supervisor.

use std::sync::Arc;
use std::time::Duration;

use benchbook::base::{JobId, Map, RunId, RunMark, Value};
use benchbook::connection::{Call, CallError, Chunk, Session};
use benchbook::wire::{Job, Offsets, Outcome, Request, Status, Stream};
use tokio::sync::mpsc;

use super::endings::Short;
use super::subject::{Subject, all_end, numbers, request, runs, shell, watched};

/// Enough for two cuts, and what they print.
const LINES: usize = 200;

/// A job of a run that no other test has.
fn job(cmd: &str) -> Request {
    let run = RunMark::fresh(&RunId::from("20261121T203100Z-test"));
    Request { run, job: Some(Job::new(JobId::from("j1"))), ..shell(cmd) }
}

/// A service, for the run of a job.
fn service(name: &str, of: &Request, args: Map) -> Request {
    Request { run: of.run.clone(), ..request(name, args) }
}

async fn ask(session: &Session, request: Request) -> Outcome {
    session.call(request, Call::default()).await.unwrap()
}

/// Nothing of the run is left, whatever the test did.
async fn end(session: &Session, of: &Request) -> Outcome {
    let outcome = ask(session, service("_end", of, Map::from_iter([("forget", true)]))).await;
    assert_eq!(outcome.status, Status::Ok, "{outcome:?}");
    outcome
}

/// Both outputs of a job, as they came.
#[derive(Debug, Default, PartialEq, Eq)]
struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Output {
    /// Asks once more for what is missing.
    async fn collect(&mut self, session: &Session, request: &Request) -> Result<Outcome, CallError> {
        let (sender, mut chunks) = mpsc::channel::<Chunk>(4);
        let mut request = request.clone();
        let job = request.job.as_mut().unwrap();
        job.offsets = Offsets { stdout: self.stdout.len() as u64, stderr: self.stderr.len() as u64 };
        let keep = async {
            while let Some(chunk) = chunks.recv().await {
                let output = if chunk.stream == Stream::Stdout { &mut self.stdout } else { &mut self.stderr };
                output.extend(chunk.bytes);
            }
        };
        let call = Call { output: Some(sender), ..Call::default() };
        tokio::join!(session.call(request, call), keep).0
    }
}

fn counting() -> Request {
    job(&format!(
        "i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo line $i; echo error $i >&2; sleep 0.005; done; exit 3"
    ))
}

fn counted() -> Output {
    let lines = |word: &str| (1..=LINES).map(|i| format!("{word} {i}\n")).collect::<String>().into_bytes();
    Output { stdout: lines("line"), stderr: lines("error") }
}

pub async fn output_survives_cuts(subject: &Subject) {
    let request = counting();
    let mut output = Output::default();
    let mut cuts = 0;
    // The hello is in it too; the last session is never cut.
    let outcome = loop {
        let connector = Short((subject.connector)(), if cuts < 3 { 1100 } else { u64::MAX });
        let session = Session::open(&connector).await.unwrap();
        match output.collect(&session, &request).await {
            Ok(outcome) => break outcome,
            Err(CallError::Lost(_)) => cuts += 1,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(cuts, 3);
    assert_eq!(output, counted());
    assert_eq!((outcome.status, outcome.values.get("rc")), (Status::Failed, Some(&Value::from(3))));
    let text = String::from_utf8(counted().stdout).unwrap();
    assert_eq!(outcome.values.get("stdout").unwrap().to_string(), text.trim_end());
    // Whoever comes later gets the same answer, until it is forgotten.
    let session = subject.open().await;
    let mut again = Output::default();
    assert_eq!(again.collect(&session, &request).await.unwrap(), outcome);
    assert_eq!(again, output);
    let forget = service("_forget", &request, Map::from_iter([("job", "j1")]));
    assert_eq!(ask(&session, forget.clone()).await.status, Status::Ok);
    assert_eq!(ask(&session, forget).await.msg.unwrap(), "could not find job");
    end(&session, &request).await;
}

pub async fn two_may_listen(subject: &Subject) {
    let request = counting();
    let (first, second) = (subject.open().await, subject.open().await);
    let (mut one, mut two) = (Output::default(), Output::default());
    let (a, b) = tokio::join!(one.collect(&first, &request), two.collect(&second, &request));
    assert_eq!(a.unwrap(), b.unwrap());
    assert_eq!((&one, &two), (&counted(), &counted()));
    end(&first, &request).await;
}

pub async fn a_job_is_cancelled(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    // One that ignores TERM, and one that left its session, its parent and its environment behind.
    let away =
        "(setsid env -i sh -c \"trap '' TERM; echo \\$\\$; exec >&- 2>&-; while :; do sleep 1; done\" &)";
    let request = job(&format!("{away}; trap '' TERM; sleep 0.3; echo $$; while :; do sleep 1; done"));
    let (call, mut chunks, cancel) = watched();
    let (own, asked) = (Arc::clone(&session), request.clone());
    let calling = tokio::spawn(async move { own.call(asked, call).await });
    let pids = numbers(&mut chunks, 2).await;
    cancel.cancel(Duration::from_millis(300));
    assert_eq!(calling.await.unwrap().unwrap().status, Status::Cancelled);
    if subject.supervised() {
        all_end(&pids).await;
    } else {
        // A thread adopts nobody.
        assert!(!runs(pids[1]));
        std::process::Command::new("kill").args(["-9", &pids[0].to_string()]).status().unwrap();
    }
    end(&session, &request).await;
}

pub async fn a_job_has_its_time(subject: &Subject) {
    let session = subject.open().await;
    let request = Request {
        timeout_ms: Some(300),
        grace_ms: 200,
        ..job("trap '' TERM; echo said; while :; do sleep 1; done")
    };
    let outcome = ask(&session, request.clone()).await;
    assert_eq!((outcome.status, outcome.msg.as_deref()), (Status::TimedOut, Some("timed out after 0.3 s")));
    let ended = end(&session, &request).await;
    assert!(!ended.changed, "{ended:?}");
}

pub async fn nobody_waits(subject: &Subject) {
    let session = subject.open().await;
    let mut request = job("echo begun; sleep 0.5; echo done");
    request.job.as_mut().unwrap().detach = true;
    let started = ask(&session, request.clone()).await;
    let said = |outcome: &Outcome, key: &str| outcome.values.get(key).map(ToString::to_string).unwrap();
    assert_eq!((said(&started, "started"), said(&started, "finished")), ("True".into(), "False".into()));
    assert_eq!((started.changed, said(&started, "ansible_job_id")), (true, "j1".into()));
    let look = || service("_job", &request, Map::from_iter([("job", "j1")]));
    assert_eq!(said(&ask(&session, look()).await, "finished"), "False");
    let finished = loop {
        let outcome = ask(&session, look()).await;
        if said(&outcome, "finished") == "True" {
            break outcome;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((finished.status, said(&finished, "stdout")), (Status::Ok, "begun\ndone".into()));
    end(&session, &request).await;
    let gone = ask(&session, look()).await;
    assert_eq!((gone.status, gone.msg.as_deref()), (Status::Failed, Some("could not find job")));
}

pub async fn a_job_outlives_its_agent(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let mut request = job("cut -d' ' -f4 /proc/$PPID/stat; sleep 1; echo alive");
    let (call, mut chunks, _cancel) = watched();
    let (own, asked) = (Arc::clone(&session), request.clone());
    let calling = tokio::spawn(async move { own.call(asked, call).await });
    let agent = numbers(&mut chunks, 1).await[0];
    std::process::Command::new("kill").args(["-9", &agent.to_string()]).status().unwrap();
    let lost = calling.await.unwrap().unwrap_err().to_string();
    // An engine tells the signal as a shell does.
    let expected = ["SIGKILL", "the stream ended", "exit status: 137"];
    assert!(expected.iter().any(|words| lost.contains(words)), "{lost}");
    let again = subject.open().await;
    request.job.as_mut().unwrap().boot = Some(again.hello().boot_id.clone());
    let outcome = ask(&again, request.clone()).await;
    assert_eq!(outcome.values.get("stdout").unwrap().to_string(), format!("{agent}\nalive"));
    end(&again, &request).await;
}

pub async fn a_killed_supervisor_is_a_failure(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let request = job("echo $PPID; echo $$; exec sleep 600");
    let (call, mut chunks, _cancel) = watched();
    let (own, asked) = (Arc::clone(&session), request.clone());
    let calling = tokio::spawn(async move { own.call(asked, call).await });
    let pids = numbers(&mut chunks, 2).await;
    std::process::Command::new("kill").args(["-9", &pids[0].to_string()]).status().unwrap();
    let outcome = calling.await.unwrap().unwrap();
    let said = format!("the job was lost: its supervisor (process {}) was killed", pids[0]);
    assert_eq!((outcome.status, outcome.msg), (Status::Failed, Some(said)));
    assert!(runs(pids[1]), "nobody ended it");
    // It still carries the mark.
    let ended = end(&session, &request).await;
    let row = ended.values.get("ended").and_then(Value::as_list).unwrap();
    assert_eq!(row.len(), 1);
    assert_eq!(row[0].get("command").unwrap().to_string(), "sleep 600");
    all_end(&pids).await;
}

pub async fn what_is_not_there_any_more_is_not_begun_again(subject: &Subject) {
    let session = subject.open().await;
    let mut request = job("echo again");
    let said = async |request: &Request| ask(&session, request.clone()).await.msg.unwrap();
    request.job.as_mut().unwrap().boot = Some("another boot".into());
    assert_eq!(said(&request).await, "the machine was restarted, and the job is not there any more");
    request.job.as_mut().unwrap().boot = Some(session.hello().boot_id.clone());
    request.job.as_mut().unwrap().offsets.stdout = 3;
    assert_eq!(said(&request).await, "the job was lost: its folder is not there any more");
    // Nothing of it came: it may be that the request never arrived.
    request.job.as_mut().unwrap().offsets.stdout = 0;
    assert_eq!(ask(&session, request.clone()).await.values.get("stdout").unwrap().to_string(), "again");
    end(&session, &request).await;
}

pub async fn the_end_of_a_run_leaves_nothing(subject: &Subject) {
    let session = Arc::new(subject.open().await);
    let started = async |request: &Request, count| {
        let (call, mut chunks, _) = watched();
        let (own, asked) = (Arc::clone(&session), request.clone());
        let calling = tokio::spawn(async move { own.call(asked, call).await });
        let pids = numbers(&mut chunks, count).await;
        (pids, calling, chunks)
    };
    let waiting = "trap 'exit 0' TERM; echo $$; sleep 600 & wait; sleep 600";
    let of_the_job = job(waiting);
    let plain = |cmd: &str| Request { job: None, ..Request { run: of_the_job.run.clone(), ..shell(cmd) } };
    let (mut pids, job_calling, _chunks) = started(&of_the_job, 1).await;
    // These are left by modules that have ended well.
    let deaf = "trap '' TERM; echo $$; exec >&- 2>&-; while :; do sleep 1; done";
    for cmd in [
        format!("setsid sh -c \"{}\" &", deaf.replace('$', "\\$")),
        "sh -c 'echo $$; exec >&- 2>&-; kill -STOP $$; sleep 600' &".to_owned(),
    ] {
        let (more, calling, _chunks) = started(&plain(&cmd), 1).await;
        assert_eq!(calling.await.unwrap().unwrap().status, Status::Ok);
        pids.extend(more);
    }
    assert!(pids.iter().all(|pid| runs(*pid)), "{pids:?}");
    let request = Request { grace_ms: 400, ..service("_end", &of_the_job, Map::new()) };
    let outcome = ask(&session, request).await;
    assert_eq!((outcome.status, outcome.changed), (Status::Ok, true), "{outcome:?}");
    assert!(pids.iter().all(|pid| !runs(*pid)), "{pids:?}");
    assert_eq!(job_calling.await.unwrap().unwrap().status, Status::Cancelled);
    assert!(!end(&session, &of_the_job).await.changed);
}
