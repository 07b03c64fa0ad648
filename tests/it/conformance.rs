//! One suite for every connection: whatever opens the stream, a session behaves the same.

mod checks;
mod container;
mod daemon;
mod endings;
mod jobs;
mod streams;
pub mod subject;

use subject::{local, memory, scripted, ssh};

/// One test per check and connection.
macro_rules! suite {
    ($($group:ident::$check:ident: $($subject:ident),+;)+) => {$(
        mod $check {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $subject() {
                    if let Some(subject) = super::$subject() {
                        super::$group::$check(&subject).await;
                    }
                }
            )+
        }
    )+};
}

suite! {
    checks::hello: local, memory, scripted, ssh;
    checks::outcomes: local, memory, scripted, ssh;
    checks::unknown_module: local, memory, ssh;
    checks::many_at_once: local, memory, scripted, ssh;
    checks::much_output_to_a_slow_reader: local, memory, scripted, ssh;
    checks::a_reader_that_left: local, memory, scripted, ssh;
    checks::a_stalled_reader_stalls_the_child: local, memory, ssh;
    checks::upload: local, memory, scripted, ssh;
    checks::upload_that_cannot_be_read: local, memory, ssh;
    checks::clocks: local, memory, scripted, ssh;
    checks::banner: local, memory, scripted, ssh;
    checks::no_agent: local, memory, scripted, ssh;
    checks::pool: local, memory, scripted, ssh;
    endings::cancel: local, memory, scripted, ssh;
    endings::cancel_kills_after_grace: local, memory, ssh;
    endings::a_second_cancel_shortens_the_grace: local, memory, ssh;
    endings::cancel_finds_those_who_left: local, memory, ssh;
    endings::time_out: local, memory, ssh;
    endings::dropped_call: local, memory, scripted, ssh;
    endings::close_ends_children: local, memory, ssh;
    endings::dropped_session_ends_children: local, memory, ssh;
    endings::cut_stream: local, memory, scripted, ssh;
    endings::cut_by_the_agent: local, scripted, ssh;
    endings::nonsense: local, memory, scripted, ssh;
    streams::another_users_agent: local, memory;
    streams::refusals: local, memory;
    streams::children_end_with_the_login: local, memory;
    streams::an_early_answer: local, memory;
    jobs::output_survives_cuts: local, memory;
    jobs::two_may_listen: local, memory;
    jobs::a_job_is_cancelled: local, memory;
    jobs::a_job_has_its_time: local, memory;
    jobs::nobody_waits: local, memory;
    jobs::a_job_outlives_its_agent: local;
    jobs::a_killed_supervisor_is_a_failure: local;
    jobs::what_is_not_there_any_more_is_not_begun_again: local, memory;
    jobs::the_end_of_a_run_leaves_nothing: local, memory;
}

/// The suite again, in one container of one engine: to start one for each check would take most of the time.
macro_rules! in_a_container {
    ($($group:ident::$check:ident),+ $(,)?) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn in_a_container() {
            if let Some(subject) = container::container() {
                $(
                    println!("{}", stringify!($check));
                    $group::$check(&subject).await;
                )+
            }
        }
    };
}

in_a_container! {
    checks::hello, checks::outcomes, checks::unknown_module, checks::many_at_once,
    checks::much_output_to_a_slow_reader, checks::a_reader_that_left, checks::a_stalled_reader_stalls_the_child,
    checks::upload, checks::upload_that_cannot_be_read, checks::clocks, checks::banner, checks::no_agent,
    endings::cancel, endings::cancel_kills_after_grace, endings::a_second_cancel_shortens_the_grace,
    endings::cancel_finds_those_who_left, endings::time_out, endings::dropped_call, endings::close_ends_children,
    endings::dropped_session_ends_children, endings::cut_stream, endings::cut_by_the_agent, endings::nonsense,
    streams::another_users_agent, streams::refusals, streams::children_end_with_the_login, streams::an_early_answer,
    jobs::output_survives_cuts, jobs::two_may_listen, jobs::a_job_is_cancelled, jobs::a_job_has_its_time,
    jobs::nobody_waits, jobs::a_job_outlives_its_agent, jobs::a_killed_supervisor_is_a_failure,
    jobs::what_is_not_there_any_more_is_not_begun_again,
}
