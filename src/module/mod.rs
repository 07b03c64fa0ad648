//! Modules: what acts on the target. One file per module, one row in [`MODULES`].
//!
//! A module is an `Args` struct and one synchronous function, the same code locally and remotely. It never changes the
//! process's own state (working directory, umask, environment, uid) and never calls libc's passwd, group or resolver functions.

pub mod accounts;
mod apt;
mod apt_key;
mod apt_repository;
mod archive;
pub mod assemble;
mod atomic;
mod attributes;
mod authorized_key;
mod blockinfile;
pub mod checksum;
mod command;
pub mod context;
pub mod copy;
mod cron;
mod deb822_repository;
pub mod difference;
mod dnf;
mod edited;
mod environment;
mod failure;
mod fetch;
pub mod file;
pub mod file_args;
mod find;
mod firewalld;
pub mod foreign;
mod get_url;
mod getent;
mod git;
mod glob;
mod group;
mod hostname;
mod ini_file;
mod init;
mod invocation;
mod known_hosts;
mod lineinfile;
mod make;
mod mode;
mod modprobe;
mod mount;
mod net;
mod package_facts;
pub mod patch;
mod path;
mod ping;
pub mod pip;
mod preflight;
pub mod process;
mod programs;
pub mod raw;
mod regex;
mod replace;
pub mod requirements;
mod rpm_key;
mod seboolean;
mod selinux;
mod service;
mod service_facts;
mod setup;
mod shell;
mod slurp;
mod stat;
mod sysctl;
mod systemd;
mod tempfile;
mod text;
pub mod unarchive;
pub mod uri;
mod url_args;
mod user;
mod wait_for;
mod yum_repository;
mod zypper;

use serde::de::DeserializeOwned;

pub use context::{Context, Link};
pub use mode::Mode;
pub use path::TargetPath;
pub use process::{Command, Finished};

use crate::base::spec::Spec;
use crate::base::{Map, args};
use crate::wire::Outcome;
use failure::{Answer, Failure};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// The short name.
    pub name: &'static str,
    /// Does it. Failures of any kind are an [`Outcome`], also arguments that cannot be read.
    pub run: fn(&Map, &mut Context<'_>) -> Outcome,
}

/// The tables of these files. There are two because the agent has no use for schemas and the manual, and leaves them out.
macro_rules! modules {
    ($($file:ident),* $(,)?) => {
        /// All modules.
        pub static MODULES: &[Module] = &[$($file::MODULE),*];
        /// What all modules take, for the controller.
        pub static SPECS: &[Spec] = &[$($file::SPEC),*];
    };
}

modules!(
    apt,
    apt_key,
    apt_repository,
    archive,
    assemble,
    authorized_key,
    blockinfile,
    command,
    copy,
    cron,
    deb822_repository,
    dnf,
    environment,
    fetch,
    file,
    find,
    firewalld,
    get_url,
    getent,
    git,
    group,
    hostname,
    ini_file,
    known_hosts,
    lineinfile,
    make,
    modprobe,
    mount,
    package_facts,
    patch,
    ping,
    pip,
    preflight,
    raw,
    replace,
    requirements,
    rpm_key,
    seboolean,
    selinux,
    service,
    service_facts,
    setup,
    shell,
    slurp,
    stat,
    sysctl,
    systemd,
    tempfile,
    unarchive,
    uri,
    user,
    wait_for,
    yum_repository,
    zypper,
);

/// A module by its short name.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|m| m.name == name)
}

/// Reads the arguments, calls the module's function and notes the time.
fn call<A: DeserializeOwned>(
    map: &Map,
    ctx: &mut Context<'_>,
    run: fn(&A, &mut Context<'_>) -> Answer,
) -> Outcome {
    timed(ctx, &mut |ctx| {
        let arguments = args::from_map(map).map_err(Failure::from)?;
        run(&arguments, ctx)
    })
}

/// Does it and notes the time.
fn timed(ctx: &mut Context<'_>, run: &mut dyn FnMut(&mut Context<'_>) -> Answer) -> Outcome {
    let started = ctx.clock.now();
    let mut outcome = run(ctx).unwrap_or_else(Failure::into_outcome);
    outcome.started = started;
    outcome.ended = ctx.clock.now();
    outcome
}
