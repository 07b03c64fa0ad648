//! One play on its way into a graph: what all parts of the compiler share while they work on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::{Draft, Drafted, Flow, Lane, Named};
use super::known::Known;
use super::readings::Readings;
use super::step::{CasePart, Step, StepKind};
use super::surroundings::Handling;
use super::{Compiler, Surroundings};
use crate::base::{Diagnostics, Span, Spanned, StepId, Value};
use crate::model::{Keywords, Level, Play, Task};

/// One play, or one fragment of it, on its way into a graph.
pub(super) struct Build<'a> {
    /// Options, loader, playbook.
    pub compiler: &'a Compiler,
    /// The play.
    pub play: &'a Arc<Play>,
    /// What is known before contact.
    pub known: &'a Known,
    /// What came out so far.
    pub draft: Draft,
    /// What is wrong so far.
    pub found: Diagnostics,
    /// The hosts in the batches of `serial`.
    pub in_batches: Vec<Vec<crate::base::HostName>>,
    /// Files of tasks that are being imported, outermost first, to stop at a circle.
    pub importing: Vec<std::path::PathBuf>,
    /// Uses of roles, by what makes them the same.
    pub used_roles: BTreeSet<Arc<str>>,
    /// What only the run can know.
    pub open: Vec<String>,
    /// What is read and given a value in all of it.
    pub usage: super::undefined::Usage,
    /// What was found out about tasks that are compiled once per round, by where they are; so they have to stay.
    pub seen: BTreeMap<*const Task, (Arc<Task>, Readings)>,
    /// What the next step reads and gives.
    pub next: (Arc<[super::readings::Reading]>, Vec<Arc<str>>),
    /// Whether a case's tasks notify handlers.
    pub notifies: bool,
    /// Handlers that are notified by a plain name, and where.
    pub notified: Vec<Spanned<Arc<str>>>,
    /// Whether it is what the run asked for: an include, a flush.
    pub is_fragment: bool,
    /// Whether the next handler is the first of its block.
    pub new_block: bool,
    /// What is wrong with calls, for steps that fail with it.
    pub flaws: BTreeMap<*const Task, Arc<str>>,
    /// Tags of all steps, also of those that are left out.
    pub known_tags: BTreeSet<Arc<str>>,
    /// All cases, also those that `--case` leaves out.
    pub known_cases: Vec<(Arc<str>, crate::base::CaseId, crate::base::Map)>,
}

impl<'a> Build<'a> {
    /// Nothing yet.
    pub fn new(compiler: &'a Compiler, play: &'a Arc<Play>, known: &'a Known) -> Self {
        Self {
            compiler,
            play,
            known,
            draft: Draft::default(),
            found: Diagnostics::new(),
            in_batches: Vec::new(),
            importing: Vec::new(),
            used_roles: BTreeSet::new(),
            open: Vec::new(),
            usage: super::undefined::Usage::default(),
            seen: BTreeMap::new(),
            next: Default::default(),
            notifies: false,
            notified: Vec::new(),
            is_fragment: false,
            new_block: true,
            flaws: BTreeMap::new(),
            known_tags: BTreeSet::new(),
            known_cases: Vec::new(),
        }
    }

    /// Adds a step, unless the command line leaves it out. Gives its number.
    pub fn push(
        &mut self,
        around: &Surroundings,
        word: &str,
        name: &str,
        kind: StepKind,
        span: &Span,
        flow: Flow,
    ) -> Option<usize> {
        self.known_tags.extend(around.tags.iter().cloned());
        let options = &self.compiler.options;
        // Tags do not choose among handlers and what they include.
        let chosen = around.handling != Handling::No || options.selects_tags(&around.tags);
        let selected = chosen && options.selects_stage(around.stage.as_ref());
        // The end of what was selected.
        let is_end = matches!(kind, StepKind::Join);
        if !selected && !is_end {
            return None;
        }
        let id = self.draft.id(format!("{}/{word}", around.path));
        let inherits = matches!(kind, StepKind::Expand(_)).then(|| Arc::new(around.clone()));
        // What is done in a container needs it, whatever it reads.
        let flow = Flow { open: flow.open || around.chapter.is_some(), ..flow };
        let step = Step {
            id: StepId::from(id),
            name: name.to_owned(),
            kind,
            scope: around.scope,
            hosts: around.hosts.to_vec(),
            stage: around.stage.clone(),
            tags: around.tags.clone(),
            span: span.clone(),
            case: around.case.clone(),
            vars: around.vars.iter().cloned().collect(),
            handler: None,
            handling: around.handling != Handling::No,
            meta: None,
            surroundings: inherits,
            chapter: around.chapter.clone(),
        };
        let lane = if around.case.is_some() { Lane::Cases } else { Lane::Tasks };
        let (readings, gives) = std::mem::take(&mut self.next);
        self.draft.steps.push(Drafted { step, lane, flow, readings, gives });
        Some(self.draft.steps.len() - 1)
    }

    /// What a mapping adds to its surroundings: keywords, tags, variables.
    pub fn inside(
        &mut self,
        around: &Surroundings,
        own: &Keywords,
        level: Level,
        what: &str,
    ) -> Surroundings {
        let tags = self.tags(around, own);
        let mut inside = around.inside(own, tags);
        let span = own.vars_span.as_ref().or(own.name_span()).unwrap_or(&self.play.span).clone();
        inside.push_vars(level, what, &span, &own.vars);
        inside
    }

    /// The tags of a mapping, rendered.
    fn tags(&mut self, around: &Surroundings, own: &Keywords) -> Vec<Arc<str>> {
        let mut tags = Vec::new();
        for tag in &own.tags {
            let known = self.known.same_everywhere(around, &tag.value, &tag.span, "a tag");
            match self.found.keep(known) {
                Some(Value::List(words)) => tags.extend(words.iter().map(|word| Arc::from(word.to_string()))),
                Some(_) => {
                    let text = self.found.keep(self.known.text(around, tag, "a tag")).unwrap_or_default();
                    tags.extend(text.split(',').map(|t| Arc::from(t.trim())));
                }
                None => {}
            }
        }
        tags
    }

    /// Remembers by which words `needs` may name the steps from number `first` on.
    pub fn name(&mut self, keywords: &Keywords, name: Option<&str>, first: usize, span: &Span) {
        let words =
            name.map(Arc::from).into_iter().chain(keywords.id.as_ref().map(|id| Arc::clone(&id.value)));
        let needs = keywords.needs.clone().unwrap_or_default();
        self.named(words.collect(), needs, (first..self.draft.steps.len()).collect(), span);
    }

    /// Remembers by which words `needs` may name steps, and what they need themselves.
    pub fn named(
        &mut self,
        words: Vec<Arc<str>>,
        needs: Vec<Spanned<Arc<str>>>,
        steps: Vec<usize>,
        span: &Span,
    ) {
        self.draft.names.push(Named { words, needs, steps, span: span.clone() });
    }

    /// Whether tasks stand in the measured part of a case.
    pub fn in_round(around: &Surroundings) -> bool {
        around.case.as_ref().is_some_and(|c| matches!(c.part, CasePart::Round { .. }))
    }
}
