//! Children, run in this process.

use std::io::{self, Read};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Command, Finished};
use crate::base::{Map, SystemClock};
use crate::module::{Context, Link};
use crate::wire::{Request, Status, Stream};

/// Keeps what is sent; nobody cancels.
#[derive(Default)]
struct Kept(Mutex<Vec<(Stream, usize)>>);

impl Link for Kept {
    fn send(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().push((stream, bytes.len()));
        Ok(())
    }
    fn upload(&self, _: u32) -> io::Result<Box<dyn Read + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn cancelled(&self) -> Option<Duration> {
        None
    }
}

fn request() -> Request {
    let environment = vec![("GREETING".into(), "hello".into())];
    let plain = Request::plain("r1".into(), 1, "test", Map::new(), Duration::from_millis(200));
    Request { environment, stream: true, ..plain }
}

fn run_with(request: &Request, link: &dyn Link, command: &Command) -> io::Result<Finished> {
    Context { request, link, clock: &SystemClock }.run(command)
}

fn run(command: &Command) -> Finished {
    run_with(&request(), &Kept::default(), command).unwrap()
}

fn sh(text: &str) -> Command {
    Command::new(["/bin/sh", "-c", text])
}

fn said(finished: &Finished) -> &str {
    std::str::from_utf8(&finished.stdout).unwrap()
}

#[test]
fn environment_folder_and_input() {
    let finished = run(&sh(
        "echo $GREETING $BENCHBOOK_RUN; readlink /proc/self/fd/0; [ $$ = $(ps -o sid= $$) ] && echo own",
    ));
    assert_eq!(said(&finished), "hello r1\n/dev/null\nown\n");
    let command =
        Command { cwd: Some("/proc".into()), stdin: Some(b"given\n".into()), ..sh("pwd; cat; cat") };
    assert_eq!(said(&run(&command)), "/proc\ngiven\n");
    let command = Command { environment: vec![("GREETING".into(), "nearer".into())], ..sh("echo $GREETING") };
    assert_eq!(said(&run(&command)), "nearer\n");
}

#[test]
fn how_it_ended() {
    let ended = |text| {
        let finished = run(&sh(text));
        (finished.rc(), finished.outcome_status())
    };
    assert_eq!(ended("exit 0"), (0, Status::Ok));
    assert_eq!(ended("exit 7"), (7, Status::Failed));
    assert_eq!(ended("kill -9 $$"), (-9, Status::Failed));
}

#[test]
fn what_cannot_be_started() {
    let error = |command: &Command| run_with(&request(), &Kept::default(), command).unwrap_err().kind();
    assert_eq!(error(&Command::new(["/nowhere/program"])), io::ErrorKind::NotFound);
    assert_eq!(error(&Command::new(["/etc/passwd"])), io::ErrorKind::PermissionDenied);
    assert_eq!(error(&Command { cwd: Some("/nowhere".into()), ..sh("true") }), io::ErrorKind::NotFound);
    assert_eq!(error(&Command::default()), io::ErrorKind::InvalidInput);
}

#[test]
fn output_is_kept_up_to_a_limit_and_streamed_whole() {
    let link = Kept::default();
    let finished = run_with(&request(), &link, &sh("head -c 70000000 /dev/zero; echo x >&2")).unwrap();
    assert_eq!((finished.stdout.len(), finished.stderr.len()), (64 * 1024 * 1024, 2));
    assert_eq!(
        finished.warnings,
        ["stdout in the result is cut: 67108864 of 70000000 bytes (a streamed log is complete)"]
    );
    let sent = link.0.into_inner().unwrap();
    let total = |stream| sent.iter().filter(|(s, _)| *s == stream).map(|(_, size)| size).sum::<usize>();
    assert_eq!((total(Stream::Stdout), total(Stream::Stderr)), (70_000_000, 2));
}

#[test]
fn what_is_nobodys_business_is_not_streamed() {
    let link = Kept::default();
    run_with(&request(), &link, &Command { quiet: true, ..sh("echo x") }).unwrap();
    run_with(&Request { stream: false, ..request() }, &link, &sh("echo x")).unwrap();
    assert_eq!(link.0.into_inner().unwrap(), []);
}

#[test]
fn output_is_waited_for_beyond_the_exit() {
    let started = Instant::now();
    assert_eq!(said(&run(&sh("(sleep 0.3; echo later) & echo now"))), "now\nlater\n");
    // Also when it takes long, as long as something comes.
    let slowly = "(for n in 1 2 3 4; do sleep 1; echo $n; done) & echo 0";
    assert_eq!(said(&run(&sh(slowly))), "0\n1\n2\n3\n4\n");
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_silent_process_that_was_left_behind_is_not_waited_for() {
    let started = Instant::now();
    let finished = run(&sh("sleep 30 & echo $!"));
    assert!(started.elapsed() < Duration::from_secs(20), "it waited for {:?}", started.elapsed());
    assert!(finished.status.success() && !finished.timed_out);
    assert_eq!(finished.warnings, [super::LEFT_BEHIND]);
    // It is the user's, and still there.
    assert!(run(&sh(&format!("kill {}", said(&finished).trim()))).status.success());
}

#[test]
fn who_closes_its_output_may_stay() {
    let finished = run(&sh("sleep 30 >/dev/null 2>&1 & echo $!"));
    let pid: i32 = said(&finished).trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it still runs");
}

#[test]
fn a_time_out_ends_a_background_child_that_holds_the_output() {
    let request = Request { timeout_ms: Some(300), ..request() };
    let started = Instant::now();
    let finished = run_with(&request, &Kept::default(), &sh("trap '' TERM; sleep 600 & exit 5")).unwrap();
    assert_eq!((finished.rc(), finished.outcome_status(), finished.timed_out), (5, Status::TimedOut, true));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_process_that_cannot_be_found_does_not_hang_the_call() {
    let request = Request { timeout_ms: Some(300), ..request() };
    // Out of the group and without its mark, it cannot be told from others; it only holds the output.
    let hidden = "(setsid env -i /bin/sh -c 'echo $$; exec /bin/sleep 600' &); sleep 600";
    let started = Instant::now();
    let finished = run_with(&request, &Kept::default(), &sh(hidden)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(finished.warnings, ["a process that could not be found still holds the output open"]);
    let pid = rustix::process::Pid::from_raw(said(&finished).trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it still runs");
}

#[test]
fn those_who_hide_while_their_parent_lives_are_found() {
    let request = Request { timeout_ms: Some(300), ..request() };
    // As under `sudo`: another session, another environment, and deaf to TERM.
    let away =
        "setsid env -i /bin/sh -c 'trap \"\" TERM; echo $$; while :; do /bin/sleep 0.1; done' & sleep 600";
    let finished = run_with(&request, &Kept::default(), &sh(away)).unwrap();
    assert_eq!(finished.warnings, [""; 0]);
    assert!(!std::path::Path::new("/proc").join(said(&finished).trim()).join("cwd").exists());
}

#[test]
fn no_zombie_is_left() {
    let finished = run(&sh("echo $$"));
    assert!(!std::path::Path::new("/proc").join(said(&finished).trim()).exists());
}
