//! Where a variable gets its value: every layer of the text that defines it for a host, and what the run may do to it.

use std::sync::Arc;

use super::undefined::included_vars;
use super::{Compiler, Expand, Plan, PlayPlan, Step, StepKind, TaskStep};
use crate::base::{HostName, Span, StepId, Value};
use crate::model::VarLayer;
use crate::vars::{Scope, TemplateError};

/// One layer that defines the variable.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The layer.
    pub layer: VarLayer,
    /// Where in it; a file and a line where it has one.
    pub place: Span,
    /// As it is written.
    pub written: Value,
}

/// What a variable is for some steps of a play.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// The play's name.
    pub play: String,
    /// The steps for which it is so; none when it holds for the whole play.
    pub steps: Vec<StepId>,
    /// How many steps the host has there.
    pub of: usize,
    /// The winner first. Empty where nothing defines it.
    pub definitions: Vec<Definition>,
    /// Its value, where it is known before the run.
    pub value: Result<Value, TemplateError>,
}

/// A task that gives it a value during the run.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The step.
    pub step: StepId,
    /// `register`, `set_fact`, `include_vars`
    pub how: &'static str,
    /// Where it says so.
    pub place: Span,
}

/// Everything that is known of a variable on a host.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// What it means, play by play.
    pub meanings: Vec<Meaning>,
    /// What changes it on the way, in the order of the plan.
    pub writers: Vec<Writer>,
    /// All names that are known, for *did you mean*.
    pub names: Vec<String>,
}

impl Compiler {
    /// Explains a variable on a host. Only steps that `wanted` accepts are looked at.
    pub fn explain(
        &self,
        plan: &Plan,
        name: &str,
        host: &HostName,
        wanted: impl Fn(&Step) -> bool,
    ) -> Explanation {
        let mut explanation = Explanation::default();
        for play in plan.plays.iter().filter(|play| play.hosts.contains(host)) {
            self.explain_in(play, name, host, &wanted, &mut explanation);
        }
        explanation
    }

    fn explain_in(
        &self,
        play: &PlayPlan,
        name: &str,
        host: &HostName,
        wanted: &impl Fn(&Step) -> bool,
        explanation: &mut Explanation,
    ) {
        let known = self.known_hosts(play);
        let steps =
            play.fragment.graph.node_weights().filter(|step| step.hosts.contains(host) && wanted(step));
        let steps: Vec<&Step> = steps.collect();
        let mut meanings: Vec<Meaning> = Vec::new();
        for step in &steps {
            let templar = known.on(host, &step.vars);
            let definitions = definitions(templar.scope(), name);
            let value = definitions.first().map_or(Ok(Value::Null), |first| templar.render(&first.written));
            let is_known = |meaning: &Meaning| match (&meaning.value, &value) {
                (Ok(one), Ok(other)) => one == other,
                (one, other) => one.is_err() == other.is_err(),
            };
            let same = |meaning: &&mut Meaning| same(&meaning.definitions, &definitions) && is_known(meaning);
            if let Some(meaning) = meanings.iter_mut().find(same) {
                meaning.steps.push(step.id.clone());
                continue;
            }
            if explanation.names.is_empty() {
                explanation.names = templar.scope().names().iter().map(ToString::to_string).collect();
            }
            let steps = vec![step.id.clone()];
            meanings.push(Meaning { play: play.name.clone(), steps, of: 0, definitions, value });
        }
        let whole = meanings.len() == 1;
        for meaning in &mut meanings {
            meaning.of = steps.len();
            if whole {
                meaning.steps.clear();
            }
        }
        // Where nothing defines it there is nothing to say, but that it is so in parts of the play only.
        meanings.retain(|meaning| !meaning.definitions.is_empty());
        explanation.meanings.extend(meanings);
        explanation.writers.extend(steps.iter().filter_map(|step| self.writer(step, name)));
    }
}

/// Every layer that defines a name, the winner first.
fn definitions(scope: &Scope, name: &str) -> Vec<Definition> {
    let mut found: Vec<Definition> = Vec::new();
    for (layer, value) in scope.explain(name) {
        let definition =
            Definition { place: place(layer, name, value), layer: layer.clone(), written: value.clone() };
        // A role shows its variables to the play and sees them itself.
        if !found
            .last()
            .is_some_and(|last| same(std::slice::from_ref(last), std::slice::from_ref(&definition)))
        {
            found.push(definition);
        }
    }
    found
}

/// Whether both come from the same places.
fn same(one: &[Definition], other: &[Definition]) -> bool {
    let place = |definition: &Definition| {
        (definition.layer.level, definition.place.range(), Arc::as_ptr(definition.place.source()))
    };
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| place(a) == place(b) && a.written == b.written)
}

/// Where a layer defines a name. Strings know their place; for anything else the name is looked for in the text.
fn place(layer: &VarLayer, name: &str, value: &Value) -> Span {
    if let Value::String(text) = value
        && let Some(span) = text.span()
    {
        return span.clone();
    }
    let source = layer.span.source();
    let defines = |at: usize| {
        let before = source.text()[..at].chars().next_back();
        let after = source.text()[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && after.starts_with([':', '='])
    };
    let begin = layer.span.range().start;
    let rest = source.text().get(begin..).unwrap_or("");
    let found = rest.match_indices(name).map(|(at, _)| begin + at).find(|at| defines(*at));
    found.map_or_else(|| layer.span.clone(), |at| Span::new(source, at, at + name.len()))
}

impl Compiler {
    fn writer(&self, step: &Step, name: &str) -> Option<Writer> {
        let task: &TaskStep = match &step.kind {
            StepKind::Task(task) | StepKind::Expand(Expand::Tasks(task) | Expand::Role(task, _)) => task,
            _ => return None,
        };
        let of = |how, place: &Span| Some(Writer { step: step.id.clone(), how, place: place.clone() });
        if let Some(register) = task.register.as_ref().filter(|register| &*register.value == name) {
            return of("register", &register.span);
        }
        match task.call.short_name() {
            "set_fact" => task.call.argument(name).and_then(|argument| of("set_fact", &argument.name_span)),
            "include_vars" => {
                // Where only the run knows what is read, it may be anything.
                let names = included_vars(&self.project.loader, &task.call, &task.search);
                names.is_none_or(|names| names.iter().any(|known| &**known == name)).then_some(())?;
                of("include_vars", &step.span)
            }
            _ => None,
        }
    }
}
