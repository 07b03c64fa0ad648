//! `firewalld`: what a zone of firewalld lets through, by `firewall-cmd`, and `firewall-offline-cmd` while it does not run. No Python is
//! needed. Tested against programs that answer as these do.

mod setting;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::setting::Setting;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Lets something into a zone of firewalld or keeps it out, in the firewall that runs, in its files, or both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["icmp_block", "icmp_block_inversion", "service", "protocol", "port", "port_forward", "rich_rule", "interface", "forward", "masquerade", "source", "target"]]))]
pub struct Args {
    /// A service that firewalld knows.
    pub service: Option<String>,
    /// A protocol.
    pub protocol: Option<String>,
    /// A port or a range of them: `8080/tcp`, `161-162/udp`.
    pub port: Option<String>,
    /// A port that is led to another one; one at a time.
    pub port_forward: Option<Vec<Forward>>,
    /// A rule in firewalld's rich language.
    pub rich_rule: Option<String>,
    /// Addresses whose traffic is that of the zone.
    pub source: Option<String>,
    /// An interface whose traffic is that of the zone; needs `zone`.
    pub interface: Option<String>,
    /// A kind of ICMP that is kept out.
    pub icmp_block: Option<String>,
    /// Whether only the blocked kinds of ICMP are let in.
    pub icmp_block_inversion: Option<bool>,
    /// The zone; by default the one that firewalld has as its default.
    pub zone: Option<String>,
    /// In the files, which count when firewalld is started or reloaded.
    #[serde(default)]
    pub permanent: bool,
    /// In the firewall that runs; by default when it is not `permanent`.
    #[serde(default)]
    pub immediate: bool,
    /// `enabled` or `disabled`; for a zone itself, or its `target`, `present` or `absent`.
    pub state: State,
    /// After how many seconds it is taken back, where it is in the firewall that runs; 0 is never.
    #[serde(default)]
    pub timeout: u32,
    /// Whether traffic goes on between interfaces of the zone.
    pub forward: Option<bool>,
    /// Whether traffic that leaves has the address of this host.
    pub masquerade: Option<bool>,
    /// With `permanent`: `immediate` does not count while firewalld does not run.
    #[serde(default)]
    pub offline: bool,
    /// What becomes of traffic that nothing else is said of; needs `zone`.
    pub target: Option<Target>,
}

/// A port that is led to another one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The port here.
    pub port: String,
    /// The protocol.
    pub proto: Protocol,
    /// The port there.
    pub toport: String,
    /// The address there; by default this host.
    pub toaddr: Option<String>,
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// UDP
    Udp,
    /// TCP
    Tcp,
}

/// How it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is no such zone, or its target is the default.
    Absent,
    /// It is kept out.
    Disabled,
    /// It is let in.
    Enabled,
    /// There is such a zone, or its target is this.
    Present,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Present => "present",
        }
    }
}

/// What becomes of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Target {
    /// It is refused, but for ICMP
    #[serde(rename = "default")]
    Default,
    /// It is let in
    #[serde(rename = "ACCEPT")]
    Accept,
    /// It is dropped
    #[serde(rename = "DROP")]
    Drop,
    /// It is refused
    #[serde(rename = "%%REJECT%%")]
    Reject,
}

pub(super) const SPEC: Spec = Spec {
    name: "firewalld",
    summary: "Lets something into a zone of firewalld or keeps it out.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// The program, and where what it does counts.
struct Firewall {
    program: String,
    runs: bool,
    permanent: bool,
    immediate: bool,
}

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    for (name, given) in [("interface", args.interface.is_some()), ("target", args.target.is_some())] {
        if given && args.zone.is_none() {
            return Err(Failure::new(format!("missing parameter(s) required by '{name}': zone")));
        }
    }
    let firewall = Firewall::find(args, ctx)?;
    let setting = Setting::read(args)?;
    let is_zonal = matches!(args.state, State::Absent | State::Present);
    if is_zonal && !matches!(setting, None | Some(Setting::Target(_))) {
        return Err(Failure::new("absent and present state can only be used in zone level operations"));
    }
    let zone = match &args.zone {
        Some(zone) => zone.clone(),
        None => firewall.must(&["--get-default-zone"], false, ctx)?.out.trim().to_owned(),
    };
    let setting = match setting {
        Some(setting) => setting,
        None if is_zonal => Setting::Zone,
        // As the collection's module, which finds nothing to do.
        None => return Ok(firewall.outcome(false, Vec::new())),
    };
    if firewall.immediate && matches!(setting, Setting::Zone | Setting::Target(_)) {
        return Err(Failure::new(
            "Zone operations must be permanent. Make sure you didn't set the 'permanent' flag to 'false' or the \
             'immediate' flag to 'true'.",
        ));
    }
    let wanted = setting.is_wanted(args.state);
    let mut msgs = vec![firewall.kind().to_owned()];
    let mut changed = false;
    let mut places = Vec::new();
    for (is_place, permanent) in [(firewall.permanent, true), (firewall.immediate, false)] {
        if is_place && setting.is_so(&firewall, &zone, permanent, ctx)? != wanted {
            places.push(permanent);
        }
    }
    for permanent in places {
        changed = true;
        if !ctx.check() {
            let timeout = if permanent { 0 } else { args.timeout };
            setting.make_so(&firewall, &zone, permanent, wanted, timeout, ctx)?;
        }
    }
    if changed {
        msgs.extend(setting.said(&zone, wanted, args.state.word()));
    }
    Ok(firewall.outcome(changed, msgs))
}

impl Firewall {
    fn find(args: &Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        let program = ctx.needed("firewall-cmd")?;
        let runs = ctx.ask([program.as_str(), "--state"])?.well();
        let mut immediate = args.immediate;
        if args.offline {
            if !args.permanent {
                return Err(Failure::new("offline cannot be enabled unless permanent changes are allowed"));
            }
            immediate &= runs;
        }
        immediate |= !args.permanent;
        if immediate && !runs {
            return Err(Failure::new(
                "firewall is not currently running, unable to perform immediate actions without a running firewall daemon",
            ));
        }
        let program = if runs { program } else { ctx.needed("firewall-offline-cmd")? };
        Ok(Self { program, runs, permanent: args.permanent, immediate })
    }

    fn kind(&self) -> &'static str {
        match (self.permanent, self.immediate) {
            (true, true) => "Permanent and Non-Permanent(immediate) operation",
            (true, false) => "Permanent operation",
            _ => "Non-permanent operation",
        }
    }

    fn outcome(&self, changed: bool, mut msgs: Vec<String>) -> Outcome {
        if !self.runs {
            msgs.push("(offline operation: only on-disk configs were altered)".to_owned());
        }
        Outcome::ok(changed).saying(msgs.join(", "))
    }

    /// Calls the program; of the files, where `permanent`.
    fn ask(&self, words: &[&str], permanent: bool, ctx: &mut Context<'_>) -> Result<Said, Failure> {
        // The one for files knows no other place.
        let place = (permanent && self.runs).then_some("--permanent");
        let line = [self.program.as_str()].into_iter().chain(place).chain(words.iter().copied());
        ctx.ask(line)
    }

    fn must(&self, words: &[&str], permanent: bool, ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let said = self.ask(words, permanent, ctx)?;
        if said.well() { Ok(said) } else { Err(refused(said)) }
    }

    /// Whether the program says yes.
    fn holds(&self, words: &[&str], permanent: bool, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        let said = self.ask(words, permanent, ctx)?;
        match said.rc {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(refused(said)),
        }
    }
}

fn refused(said: Said) -> Failure {
    let why = if said.err.trim().is_empty() { said.out.trim() } else { said.err.trim() };
    let mut msg = format!("ERROR: Exception caught: {}", why.strip_prefix("Error: ").unwrap_or(why));
    if msg.contains("INVALID_SERVICE") {
        msg += " Services are defined by port/tcp relationship and named as they are in /etc/services (on most systems)";
    }
    said.failure(msg)
}
