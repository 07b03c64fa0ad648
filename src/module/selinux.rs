//! `selinux`: the mode and the policy of SELinux, now and after the next start. Tested on a file of configuration of its own: the
//! kernel that the tests run on has no SELinux.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::atomic::Staged;
use super::failure::Doing;
use super::path::real;
use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Sets the mode and the policy of SELinux.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The policy, such as `targeted`; needed unless `state` is `disabled`.
    pub policy: Option<String>,
    /// The mode.
    pub state: State,
    /// Also tells the kernel at its start (`grubby`), where that is what counts.
    #[serde(default)]
    pub update_kernel_param: bool,
    /// The file of configuration.
    #[serde(default = "config", alias = "conf", alias = "file")]
    #[schemars(extend("x-aliases" = ["conf", "file"]))]
    pub configfile: TargetPath,
}

/// The mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It forbids.
    Enforcing,
    /// It only tells.
    Permissive,
    /// It is off, after the next start.
    Disabled,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Enforcing => "enforcing",
            State::Permissive => "permissive",
            State::Disabled => "disabled",
        }
    }
}

fn config() -> TargetPath {
    TargetPath::from("/etc/selinux/config")
}

pub(super) const SPEC: Spec = Spec {
    name: "selinux",
    summary: "Sets the mode and the policy of SELinux.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// What the kernel says and is told.
const ENFORCE: &str = "/sys/fs/selinux/enforce";

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let file = args.configfile.expand(ctx);
    if !file.is_file() {
        return Err(Failure::new(format!("Unable to find file {}", file.display())));
    }
    let text = std::fs::read_to_string(&file).doing("read", &file)?;
    let set = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let (old_policy, old_state) =
        (set("SELINUXTYPE").unwrap_or_default(), set("SELINUX").unwrap_or_default());
    let state = args.state.word();
    let policy = match (&args.policy, args.state) {
        (Some(policy), _) => policy.as_str(),
        (None, State::Disabled) => old_policy.trim(),
        (None, _) => return Err(Failure::new("Policy is required if state is not 'disabled'")),
    };
    let mut outcome = Outcome::ok(false);
    let mut messages = Vec::new();
    let runtime = std::fs::read_to_string(ENFORCE).ok().map(|text| text.trim() == "1");
    let mut reboot = false;
    if policy != old_policy.trim() {
        messages.push(format!(
            "SELinux policy configuration in '{}' changed from '{}' to '{policy}'",
            file.display(),
            old_policy.trim()
        ));
        outcome.changed = true;
    }
    let running = match runtime {
        None => "disabled",
        Some(true) => "enforcing",
        Some(false) => "permissive",
    };
    let tell = |word: &str, ctx: &Context<'_>| {
        if ctx.check() { Ok(()) } else { std::fs::write(ENFORCE, word).doing("write", Path::new(ENFORCE)) }
    };
    match (running, args.state) {
        _ if running == state => {}
        ("disabled", _) => {
            outcome.warnings.push(format!("Reboot is required to set SELinux state to '{state}'"));
            reboot = true;
        }
        ("enforcing", State::Disabled) => {
            tell("0", ctx)?;
            let words = "State change will take effect next reboot.";
            let from = "SELinux state temporarily changed from 'enforcing' to 'permissive'.";
            outcome.warnings.push(format!("{from} {words}"));
            (reboot, outcome.changed) = (true, true);
        }
        (_, State::Disabled) => {
            outcome.warnings.push("SELinux state change will take effect next reboot".to_owned());
            reboot = true;
        }
        _ => {
            tell(if args.state == State::Enforcing { "1" } else { "0" }, ctx)?;
            messages.push(format!("SELinux state changed from '{running}' to '{state}'"));
            outcome.changed = true;
        }
    }
    if state != old_state.trim() {
        messages.push(format!("Config SELinux state changed from '{}' to '{state}'", old_state.trim()));
        outcome.changed = true;
    }
    if args.update_kernel_param {
        kernel(args, &mut messages, &mut outcome, ctx)?;
    }
    let after = edited(&text, &[("SELINUX", state), ("SELINUXTYPE", policy)]);
    if after != text && !ctx.check() {
        Staged::with(&real(&file), after.as_bytes())?.commit()?;
    }
    outcome.msg = Some(messages.join(", "));
    Ok(outcome
        .with("configfile", file.display().to_string())
        .with("policy", policy)
        .with("state", state)
        .with("reboot_required", reboot))
}

/// The file with these settings; those that are not there are added.
fn edited(text: &str, settings: &[(&str, &str)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (name, value) in settings.iter().filter(|(_, value)| !value.is_empty()) {
        let own = |line: &&mut String| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        let wanted = format!("{name}={value}");
        let mut found = false;
        for line in lines.iter_mut().filter(own) {
            if line.trim_end() != wanted {
                line.clone_from(&wanted);
            }
            found = true;
        }
        if !found {
            lines.push(wanted);
        }
    }
    let mut after = lines.join("\n");
    after.push('\n');
    after
}

/// `selinux=0` on the kernel's command line.
fn kernel(
    args: &Args,
    messages: &mut Vec<String>,
    outcome: &mut Outcome,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    let grubby = ctx.needed("grubby")?;
    let said = ctx.ask([grubby.as_str(), "--info=ALL"])?;
    if !said.well() {
        return Err(said.failure("unable to run grubby"));
    }
    let lines: Vec<&str> = said.out.lines().filter(|line| line.starts_with("args=")).collect();
    let off = !lines.is_empty() && lines.iter().all(|line| line.contains("selinux=0"));
    let wanted = args.state == State::Disabled;
    if off == wanted {
        return Ok(());
    }
    let (option, from, to) =
        if wanted { ("--args", "enabled", "disabled") } else { ("--remove-args", "disabled", "enabled") };
    messages.push(format!("Kernel SELinux state changed from '{from}' to '{to}'"));
    outcome.changed = true;
    if !ctx.check() {
        let said = ctx.ask([grubby.as_str(), "--update-kernel=ALL", option, "selinux=0"])?;
        if !said.well() {
            return Err(said.failure("unable to update the kernel's parameters"));
        }
    }
    Ok(())
}
