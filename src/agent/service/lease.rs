//! `_lease` and `_unlease`: a run takes this machine for a round and gives it back.

use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::Service;
use crate::agent::lease::{Holder, LeaseFile, Party};
use crate::base::{Map, args};
use crate::module::Context;
use crate::module::process::token::StartToken;
use crate::wire::{Outcome, Status};

pub(super) const LEASE: Service = Service { name: "_lease", run: take };
pub(super) const UNLEASE: Service = Service { name: "_unlease", run: give_back };

/// How often somebody who waits looks again.
const LOOK: Duration = Duration::from_millis(100);

/// Who asks, and what for.
#[derive(Debug, Deserialize)]
struct Take {
    /// The round, by a name that is the run's own.
    name: String,
    /// Who called the run.
    user: String,
    /// On which machine.
    controller: String,
    /// Whether to wait.
    wait: bool,
}

#[derive(Debug, Deserialize)]
struct GiveBack {
    name: String,
}

/// Gives `busy`: a run that has the machine or waited before, with `run`, `user`, `controller` and `since`; nothing when it is taken.
fn take(map: &Map, ctx: &mut Context<'_>) -> Outcome {
    let asked: Take = match args::from_map(map) {
        Ok(asked) => asked,
        Err(error) => return Outcome::failed(error.to_string()),
    };
    let run = &ctx.request.run;
    let party = Party {
        run: run.clone(),
        user: asked.user,
        controller: asked.controller,
        since: ctx.clock.now(),
        holders: vec![Holder { name: asked.name, token: StartToken::own() }],
    };
    let file = LeaseFile::of_this_machine();
    loop {
        let since = ctx.clock.now();
        match file.take(&Party { since, ..party.clone() }, asked.wait) {
            Err(error) => return Outcome::failed(error.to_string()),
            Ok(None) => return Outcome::ok(true),
            Ok(Some(before)) if !asked.wait => return Outcome::ok(false).with("busy", told(&before)),
            Ok(Some(_)) => {}
        }
        if ctx.link.cancelled().is_some() {
            let left = file.leave_queue(run).err().map(|error| error.to_string());
            return Outcome { status: Status::Cancelled, msg: left, ..Outcome::default() };
        }
        thread::sleep(LOOK);
    }
}

fn told(party: &Party) -> Map {
    Map::from_iter([
        ("run", party.run.run().to_string()),
        ("user", party.user.clone()),
        ("controller", party.controller.clone()),
        ("since", party.since.minute()),
    ])
}

fn give_back(map: &Map, ctx: &mut Context<'_>) -> Outcome {
    let given = args::from_map::<GiveBack>(map).map_err(|error| error.to_string()).and_then(|asked| {
        let file = LeaseFile::of_this_machine();
        file.give_back(&ctx.request.run, &asked.name).map_err(|error| error.to_string())
    });
    given.map_or_else(Outcome::failed, |()| Outcome::ok(true))
}
