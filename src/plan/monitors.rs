//! The scopes that `monitors:` puts around a play, a block or a case: a step that starts the samplers, and one that always
//! ends them.

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::draft::Flow;
use super::step::{MonitorUse, Monitoring, StepKind};
use crate::base::{HostName, Span, Spanned, StepId, Value};
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
        let span = monitors.first()?.name.span.clone();
        let detail = monitors.iter().map(|m| self.shown_monitor(m, &around)).collect::<Vec<_>>().join(", ");
        let inherited = around.inherited.clone();
        let monitoring = Monitoring { start: StepId::from(""), monitors, detail, inherited };
        let kind = StepKind::MonitorStart(Arc::new(monitoring.clone()));
        let number = self.push(&around, "monitor-start", "monitor start", kind, &span, in_order())?;
        let step = &mut self.draft.steps[number].step;
        let monitoring = Arc::new(Monitoring { start: step.id.clone(), ..monitoring });
        step.kind = StepKind::MonitorStart(Arc::clone(&monitoring));
        Some(Started { monitoring, span })
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

/// How the names of variables begin that declare a monitor.
pub const DECLARED: &str = "monitor_";

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
