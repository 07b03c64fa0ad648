//! The processor's frequency: who sets it, and whether it may go above the nominal one.

use std::collections::BTreeMap;

use super::{Finding, Look};

const CPUFREQ: &str = "sys/devices/system/cpu/cpufreq";
/// Switches of drivers, and the number that means off.
const SWITCHES: [(&str, u64); 2] =
    [("sys/devices/system/cpu/intel_pstate/no_turbo", 1), ("sys/devices/system/cpu/cpufreq/boost", 0)];

/// The folders of frequency policies, each of one processor or several.
fn policies(look: &Look<'_>) -> Vec<String> {
    look.root.names(CPUFREQ).into_iter().filter(|name| name.starts_with("policy")).collect()
}

/// The files that hold governors.
pub fn governors(look: &Look<'_>) -> Vec<String> {
    let files = policies(look).into_iter().map(|policy| format!("{CPUFREQ}/{policy}/scaling_governor"));
    files.filter(|file| look.root.path(file).exists()).collect()
}

pub fn governor(look: &Look<'_>) -> Finding {
    const CHECK: &str = "governor";
    let wanted = look.args.governor.as_str();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for file in governors(look) {
        *found.entry(look.root.text(&file).unwrap_or_default()).or_default() += 1;
    }
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    match names[..] {
        [] => Finding::note(CHECK, "this kernel does not set the frequency"),
        [only] if only == wanted => Finding::ok(CHECK, only),
        _ => {
            let all: usize = found.values().sum();
            let seen = if let [only] = names[..] {
                only.to_owned()
            } else {
                let parts = found.iter().map(|(name, count)| format!("{name} on {count}"));
                format!("{} of {all} policies", parts.collect::<Vec<_>>().join(" and "))
            };
            let fix = format!("cpupower frequency-set --governor {wanted}");
            Finding::warning(CHECK, format!("{seen}, not {wanted}"), fix)
        }
    }
}

/// The switch of turbo: its file, what it holds, and what means off.
pub fn switch(look: &Look<'_>) -> Option<(&'static str, u64, u64)> {
    SWITCHES.into_iter().find_map(|(file, off)| Some((file, look.root.number(file)?, off)))
}

pub fn turbo(look: &Look<'_>) -> Finding {
    const CHECK: &str = "turbo";
    let word = |on: bool| if on { "on" } else { "off" };
    let wanted = look.args.turbo;
    match switch(look) {
        None => Finding::note(CHECK, "this kernel does not tell"),
        Some((_, value, off)) if (value != off) == wanted => Finding::ok(CHECK, word(wanted)),
        Some((file, value, off)) => {
            let number = if wanted { 1 - off } else { off };
            Finding::warning(CHECK, word(value != off), format!("echo {number} > /{file}"))
        }
    }
}
