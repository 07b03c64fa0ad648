//! The scopes that `monitors:` puts around a play, a block or a case: a step that starts the samplers, and one that always
//! ends them.

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::declaration::{DeclarationError, check};
use super::draft::Flow;
use super::play::Compiled;
use super::step::{MonitorUse, Monitoring, StepKind, WatchedContainer};
use crate::base::monitors::{BUILT_IN, DECLARED, DEVICE};
use crate::base::{Diagnostic, Diagnostics, HostName, Span, Spanned, StepId, Value};
use crate::model::{Keywords, Stage};

/// The start of a scope of monitors, for its end.
pub(super) struct Started {
    monitoring: Arc<Monitoring>,
    span: Span,
}

impl Build<'_> {
    /// Compiles `body` between the start and the end of the monitors that a mapping names.
    pub fn monitored(
        &mut self,
        own: &Keywords,
        around: &Surroundings,
        body: impl FnOnce(&mut Self, &Surroundings),
    ) {
        if own.monitors.is_empty() {
            return body(self, around);
        }
        let (mut inside, always) = self.sections(around);
        let started = self.start_monitors(own, &inside);
        inside.monitored.extend(own.monitors.iter().map(|said| monitor_use(said).name.value));
        body(self, &inside);
        self.stop_monitors(started.as_ref(), &always);
    }

    /// Starts the monitors that a mapping names; nothing when it names none, or the command line leaves them out.
    pub fn start_monitors(&mut self, own: &Keywords, around: &Surroundings) -> Option<Started> {
        let around = monitor_stage(around);
        let mut monitors: Vec<MonitorUse> = own.monitors.iter().map(monitor_use).collect();
        // One that samples already is there for all that is inside.
        monitors.retain(|monitor| !around.monitored.contains(&monitor.name.value));
        for monitor in &monitors {
            self.check_monitor(monitor, &around);
        }
        let span = monitors.first()?.name.span.clone();
        let detail = monitors.iter().map(|m| self.shown_monitor(m, &around)).collect::<Vec<_>>().join(", ");
        let inherited = around.inherited.clone();
        let containers = self.watched_containers(&around);
        let monitoring = Monitoring { start: StepId::from(""), monitors, detail, inherited, containers };
        let kind = StepKind::MonitorStart(Arc::new(monitoring.clone()));
        let number = self.push(&around, "monitor-start", "monitor start", kind, &span, in_order())?;
        let step = &mut self.draft.steps[number].step;
        let monitoring = Arc::new(Monitoring { start: step.id.clone(), ..monitoring });
        step.kind = StepKind::MonitorStart(Arc::clone(&monitoring));
        Some(Started { monitoring, span })
    }

    /// Whether each host has this monitor. What only the run can know, it tells.
    fn check_monitor(&mut self, monitor: &MonitorUse, around: &Surroundings) {
        for host in around.hosts.iter() {
            let templar = self.known.on(host, &around.vars);
            let Ok(name) = templar.render_str(&monitor.name.value) else { continue };
            let Err(error) = check(&name, monitor, &templar) else { continue };
            if matches!(&error, DeclarationError::Template(error) if error.is_undefined()) {
                continue;
            }
            let (missing, span) = (&mut self.usage.monitors, &monitor.name.span);
            // A case is compiled once for each instance of its matrix.
            let known = missing.iter_mut().find(|known| known.span == *span && known.name == name);
            match known {
                Some(known) if known.hosts.contains(host) => {}
                Some(known) => known.hosts.push(host.clone()),
                None => {
                    let vendor = templar.scope().lookup("vendor").map(|(vendor, _)| vendor.to_string());
                    let (span, hosts) = (span.clone(), vec![host.clone()]);
                    let everywhere = around.hosts.len();
                    missing.push(Missing { name, span, hosts, everywhere, vendor, error });
                }
            }
        }
    }

    /// The containers in which is done what these monitors are about.
    fn watched_containers(&self, around: &Surroundings) -> Vec<WatchedContainer> {
        let of_cases = around.case.is_none();
        let around_all = match &around.container {
            Some((lifecycle, span)) => {
                Some(WatchedContainer { name: around.name_of(lifecycle, span), of_cases })
            }
            None => around.inherited.container.clone().map(|name| WatchedContainer { name, of_cases: false }),
        };
        let cases = self.play.cases.iter().filter(|_| of_cases);
        let own = cases.filter_map(|case| {
            let Spanned { value: lifecycle, span } = case.keywords.lifecycle.as_ref()?;
            Some(WatchedContainer { name: around.name_of(lifecycle, span), of_cases })
        });
        let mut all: Vec<WatchedContainer> = Vec::new();
        for one in around_all.into_iter().chain(own) {
            if !all.iter().any(|known| known.name.value == one.name.value && known.of_cases == one.of_cases) {
                all.push(one);
            }
        }
        all
    }

    /// Ends monitors that were started.
    pub fn stop_monitors(&mut self, started: Option<&Started>, around: &Surroundings) {
        let Some(Started { monitoring, span }) = started else { return };
        let kind = StepKind::MonitorStop(Arc::clone(monitoring));
        self.push(&monitor_stage(around), "monitor-stop", "monitor stop", kind, span, in_order());
    }

    /// `host 1s`: with its period, as far as that is known before contact.
    fn shown_monitor(&self, monitor: &MonitorUse, around: &Surroundings) -> String {
        let name = self.known.shown(around, &monitor.name.value);
        let host = around.hosts.first().cloned().unwrap_or_else(|| HostName::from(""));
        let templar = self.known.on(&host, &around.vars);
        let declared = || {
            let (value, _) = templar.scope().lookup(&format!("{DECLARED}{name}"))?;
            templar.render(value.get("period")?).ok()
        };
        let said = monitor.period.as_ref().and_then(|period| templar.render(&period.value).ok());
        match said.or_else(declared) {
            Some(period) if period.as_float().is_some() => format!("{name} {period}s"),
            Some(period) => format!("{name} {period}"),
            None => format!("{name} 1s"),
        }
    }
}

/// A monitor that there is none of on some hosts, as far as that is known before contact.
#[derive(Debug)]
pub(super) struct Missing {
    /// As it is rendered.
    name: String,
    /// Where it is asked for.
    span: Span,
    hosts: Vec<HostName>,
    /// How many hosts should have it.
    everywhere: usize,
    /// What the first of the hosts is a machine of.
    vendor: Option<String>,
    error: DeclarationError,
}

impl Missing {
    fn told(&self) -> Diagnostic {
        let Self { name, hosts, .. } = self;
        let on = match hosts.as_slice() {
            _ if hosts.len() == self.everywhere => String::new(),
            [host] => format!(" on {host}"),
            [first, .., last] => format!(" on {first} … {last} ({} hosts)", hosts.len()),
            [] => String::new(),
        };
        match &self.error {
            DeclarationError::Unknown { name: other, near } => {
                let told = Diagnostic::error("unknown-monitor", format!("there is no monitor `{other}`{on}"));
                let told = told.at(&self.span);
                match (near, &self.vendor) {
                    (Some(near), _) => told.help(format!("did you mean `{near}`?")),
                    (None, None) if other == DEVICE => {
                        told.help("the vendor of a host declares it: say `vendor: generic_cpu`, or another, in the inventory")
                    }
                    (None, Some(vendor)) if other == DEVICE => told.help(format!(
                        "the vendor {vendor} declares none: roles/vendor_{vendor}/defaults has no `{DECLARED}{DEVICE}`"
                    )),
                    _ => told
                        .help(format!("{} are built in", BUILT_IN.join(" and ")))
                        .help(format!("the variable `{DECLARED}{other}` would declare it")),
                }
            }
            error => {
                Diagnostic::error("bad-monitor", format!("monitor `{name}`{on}: {error}")).at(&self.span)
            }
        }
    }
}

/// Monitors that nothing declares. From where a play may bring names that nobody can list, nothing is said.
pub(super) fn tell_missing(plays: &[Compiled], found: &mut Diagnostics) {
    let is_written = |name: &str| {
        let variable = format!("{DECLARED}{name}");
        plays.iter().any(|play| play.usage.written.contains(variable.as_str()))
    };
    let mut open = false;
    for play in plays {
        open |= play.usage.open;
        for missing in &play.usage.monitors {
            let may_come = match &missing.error {
                DeclarationError::Unknown { name, .. } => open || is_written(name),
                _ => false,
            };
            if !may_come {
                found.push(missing.told());
            }
        }
    }
}

fn in_order() -> Flow {
    Flow { open: true, ..Flow::default() }
}

fn monitor_stage(around: &Surroundings) -> Surroundings {
    // It belongs to its scope, whatever tags the tasks in there have.
    Surroundings { stage: Some(Stage::Monitor), tags: vec![Arc::from("always")], ..around.clone() }
}

/// `host`, or `host: 100ms`.
fn monitor_use(said: &Spanned<Value>) -> MonitorUse {
    let spanned = |value: Value| Spanned { value, span: said.span.clone() };
    match said.value.as_map().and_then(|map| map.iter().next()) {
        Some((name, period)) => {
            MonitorUse { name: spanned(name.to_string().into()), period: Some(spanned(period.clone())) }
        }
        None => MonitorUse { name: said.clone(), period: None },
    }
}
