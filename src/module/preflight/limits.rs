//! Limits of processes, where the case runs: in a container, those of the container.
//!
//! Memory can be locked by who has a limit that is high enough, or the capability `CAP_IPC_LOCK`; both are looked at.

use super::super::failure::Failure;
use super::super::setup::root::Root;
use super::super::setup::{in_container, rdma_devices};
use super::{Finding, Look, bytes, size};

/// Its number in capability sets; capabilities(7).
const CAP_IPC_LOCK: u32 = 14;

/// The soft and hard limit of this process by the name of `proc_pid_limits(5)`; the largest number is no limit.
fn limit(root: &Root, name: &str) -> Option<(u64, u64)> {
    let text = root.text("proc/self/limits")?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    let mut fields = rest.split_whitespace().map(|field| match field {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    });
    Some((fields.next()??, fields.next()??))
}

/// Whether this process may lock memory beyond its limit.
fn may_lock(root: &Root) -> bool {
    let text = root.text("proc/self/status").unwrap_or_default();
    let set = text.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or_default();
    set >> CAP_IPC_LOCK & 1 == 1
}

pub fn memlock(look: &Look<'_>) -> Result<Finding, Failure> {
    const CHECK: &str = "memlock";
    let Some((limit, _)) = limit(look.root, "Max locked memory") else {
        return Ok(Finding::note(CHECK, "this kernel does not tell"));
    };
    let word = if limit == u64::MAX { "no limit".to_owned() } else { size(limit) };
    if may_lock(look.root) {
        return Ok(Finding::ok(CHECK, format!("{word}, and CAP_IPC_LOCK is there")));
    }
    let fix = if in_container(look.root) {
        "start the container with the option `ulimits: [memlock:-1]` (docker run --ulimit memlock=-1)"
    } else {
        "`* - memlock unlimited` in /etc/security/limits.d/90-memlock.conf, and log in again"
    };
    let needed = look.args.memlock.as_deref().map(|text| bytes("memlock", text)).transpose()?;
    Ok(match needed {
        Some(needed) if limit < needed.unwrap_or(u64::MAX) => {
            let needed = needed.map_or_else(|| "no limit".to_owned(), size);
            Finding::error(CHECK, format!("{word}; needed: {needed}"), fix)
        }
        None if limit < u64::MAX && rdma_devices(look.root) > 0 => {
            Finding::warning(CHECK, format!("{word}, but RDMA locks its buffers"), fix)
        }
        _ => Finding::ok(CHECK, word),
    })
}

pub fn open_files(look: &Look<'_>) -> Finding {
    number(look, "open_files", "Max open files", look.args.open_files, "nofile")
}

pub fn processes(look: &Look<'_>) -> Finding {
    number(look, "processes", "Max processes", look.args.processes, "nproc")
}

fn number(look: &Look<'_>, check: &'static str, name: &str, needed: u64, word: &str) -> Finding {
    let Some((soft, hard)) = limit(look.root, name) else {
        return Finding::note(check, "this kernel does not tell");
    };
    let said = |number: u64| if number == u64::MAX { "unlimited".to_owned() } else { number.to_string() };
    let seen = format!("{} (hard: {})", said(soft), said(hard));
    if soft >= needed {
        return Finding::ok(check, seen);
    }
    let fix = format!("`* - {word} {needed}` in /etc/security/limits.d/90-{word}.conf, and log in again");
    Finding::error(check, format!("{seen}; needed: {needed}"), fix)
}
