//! One suite for every connection: whatever opens the stream, a session behaves the same.

mod checks;
mod endings;
mod jobs;
mod streams;
pub mod subject;

use subject::{local, memory, scripted};

/// One test per check and connection.
macro_rules! suite {
    ($($group:ident::$check:ident: $($subject:ident),+;)+) => {$(
        mod $check {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $subject() {
                    super::$group::$check(&super::$subject()).await;
                }
            )+
        }
    )+};
}

suite! {
    checks::hello: local, memory, scripted;
    checks::outcomes: local, memory, scripted;
    checks::unknown_module: local, memory;
    checks::many_at_once: local, memory, scripted;
    checks::much_output_to_a_slow_reader: local, memory, scripted;
    checks::a_reader_that_left: local, memory, scripted;
    checks::a_stalled_reader_stalls_the_child: local, memory;
    checks::upload: local, memory, scripted;
    checks::upload_that_cannot_be_read: local, memory;
    checks::clocks: local, memory, scripted;
    checks::banner: local, memory, scripted;
    checks::no_agent: local, memory, scripted;
    checks::pool: local, memory, scripted;
    endings::cancel: local, memory, scripted;
    endings::cancel_kills_after_grace: local, memory;
    endings::a_second_cancel_shortens_the_grace: local, memory;
    endings::cancel_finds_those_who_left: local, memory;
    endings::time_out: local, memory;
    endings::dropped_call: local, memory, scripted;
    endings::close_ends_children: local, memory;
    endings::dropped_session_ends_children: local, memory;
    endings::cut_stream: local, memory, scripted;
    endings::cut_by_the_agent: local, scripted;
    endings::nonsense: local, memory, scripted;
    streams::another_users_agent: local, memory;
    streams::refusals: local, memory;
    streams::children_end_with_the_login: local, memory;
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
