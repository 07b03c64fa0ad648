//! Cases become steps: multiplied by their matrix, in the order of `case_order`, round by round.

use std::sync::Arc;

use super::build::Build;
use super::gangs::known_of;
use super::matrix::Instance;
use super::monitors::Started;
use super::role_arguments::validation;
use super::rounds::{Count, schedule, waves};
use super::scope::{ScopeIx, ScopeKind, Section};
use super::step::{CasePart, CasePlace, StepKind};
use super::{CasePlan, Surroundings, cycle};
use crate::base::baseline::Baseline;
use crate::base::{CaseId, Diagnostic, Map, Span, Spanned, Value};
use crate::model::{
    Case, ContainerLifecycle, Item, Level, Lifetime, Metric, Requirement, Role, Stage, VarLayer,
};

/// A case on its way: one instance of a matrix.
struct Course {
    case: Arc<Case>,
    instance: Instance,
    /// Of the body and of the always.
    body: Surroundings,
    always: Surroundings,
    /// The container that it has for itself.
    own: Option<OwnContainer>,
    /// Where the monitors that it has for itself begin and end: around all else, so that what fails there keeps none of them.
    watched: Option<(Surroundings, Surroundings)>,
    parts: Arc<Parts>,
    count: Count,
    /// The monitors that sample while it lasts.
    monitors: Option<Started>,
    steps: Vec<usize>,
}

/// A container that lives as long as a case.
struct OwnContainer {
    lifecycle: Arc<ContainerLifecycle>,
    span: Span,
    /// Of its start and of its stop.
    start: Surroundings,
    stop: Surroundings,
}

/// The tasks of a case, and what it requires.
#[derive(Default)]
struct Parts {
    role: Option<Arc<Role>>,
    requires: Vec<Requirement>,
    prepare: Vec<Item>,
    run: Vec<Item>,
    finish: Vec<Item>,
}

impl Build<'_> {
    /// All cases of a play. Gives the seed if chance had a say.
    pub fn cases(&mut self, around: &Surroundings) -> Option<u64> {
        let play = Arc::clone(self.play);
        let mut courses = Vec::new();
        self.unique_names(&play.cases);
        let baseline = if play.cases.is_empty() { None } else { self.baseline(around) };
        for case in &play.cases {
            self.course(case, baseline.as_ref(), around, &mut courses);
        }
        let order = play.case_order.as_ref().map(|o| o.value).unwrap_or_default();
        let seed = self.compiler.options.seed;
        let waves = self.case_waves(&courses)?;
        let counts: Vec<Count> = courses.iter().map(|c| c.count).collect();
        if !courses.is_empty() {
            self.same_environment(around);
        }
        for (number, part) in schedule(order, &waves, &counts, seed) {
            let course = &courses[number];
            let first = self.draft.steps.len();
            let started = self.beat(course, part);
            let steps = first..self.draft.steps.len();
            courses[number].monitors = started.or(courses[number].monitors.take());
            courses[number].steps.extend(steps);
        }
        for course in courses {
            let mut words = vec![Arc::clone(&course.case.name.value)];
            words.push(Arc::from(course.instance.id.as_str()));
            words.extend(course.case.keywords.id.as_ref().map(|id| Arc::clone(&id.value)));
            let needs = course.case.keywords.needs.clone().unwrap_or_default();
            // The needs of other cases are in their order already.
            let cases = |n: &Spanned<Arc<str>>| play.cases.iter().any(|c| is_called(c, &n.value));
            let needs = needs.into_iter().filter(|n| !cases(n)).collect();
            self.named(words, needs, course.steps, &course.case.span);
        }
        (order == crate::model::CaseOrder::Random).then_some(seed)
    }

    /// Targets that are used as they are: what differs between them is found before anything is measured.
    fn same_environment(&mut self, around: &Surroundings) {
        if around.in_container.len() > 1 {
            let tags = vec![Arc::from("always")];
            let around = Surroundings { tags, ..around.clone() };
            let span = self.play.hosts.span.clone();
            let name = "same environment";
            let kind = StepKind::SameEnvironment;
            self.push(&around, "same_environment", name, kind, &span, super::draft::Flow::default());
        }
    }

    fn unique_names(&mut self, cases: &[Arc<Case>]) {
        for (i, case) in cases.iter().enumerate() {
            if let Some(first) = cases[..i].iter().find(|c| c.name.value == case.name.value) {
                self.found.push(
                    Diagnostic::error("duplicate-case", format!("there are two cases `{}`", case.name.value))
                        .at(&case.name.span)
                        .related(&first.name.span, "the first")
                        .help("a case is known by its name: give one of them another"),
                );
            }
        }
    }

    /// One case, multiplied by its matrix.
    fn course(
        &mut self,
        case: &Arc<Case>,
        baseline: Option<&Arc<Baseline>>,
        around: &Surroundings,
        courses: &mut Vec<Course>,
    ) {
        let mut inside = self.inside(around, &case.keywords, Level::BlockVars, "case vars");
        let mut image = None;
        if let Some(Spanned { value: lifecycle, span }) = &case.keywords.lifecycle {
            // A container of a case lives as long as the case, unless it says `round`.
            let mut own = (**lifecycle).clone();
            own.lifetime = if own.lifetime == Lifetime::Round { Lifetime::Round } else { Lifetime::Case };
            inside.container = Some((Arc::new(own), span.clone()));
            image = inside.container.clone().map(|(own, span)| (own, span, inside.clone()));
        }
        inside.stage = Some(case.keywords.stage.as_ref().map_or(Stage::RunCase, |s| s.value.clone()));
        let parts = Arc::new(self.parts(case, &mut inside));
        let metrics = case.metrics.clone();
        self.check_metrics(&metrics);
        inside.metrics = metrics.into();
        let instances = self.instances(case, &inside);
        if let Some(role) = &parts.role {
            self.choices(case, role, &instances);
        }
        for instance in instances {
            let (name, id) = (&case.name.value, &instance.id);
            self.draft_case_known(name, &instance);
            if !self.compiler.options.selects_case(name, id, &instance.params) {
                continue;
            }
            let mut own = inside.clone();
            if let Some(again) = &self.compiler.options.again {
                own.hosts = own.hosts.iter().filter(|host| again.selects(id, host)).cloned().collect();
                if own.hosts.is_empty() {
                    continue;
                }
            }
            own.path = format!("{}/{id}", around.path);
            let repeat = self.number(case.repeat.as_ref(), &own, 1, 1);
            let going_on = self.going_on(case, &own, repeat);
            let warmup = self.number(case.warmup.as_ref(), &own, 0, 0);
            let gang = self.gang(case, &own);
            if let (Some(gang), Some(written)) = (gang, &case.rendezvous) {
                own.hosts = self.members(case, written, gang, &own.hosts);
                own.push_vars(Level::CaseParams, "rendezvous", &written.span, &Arc::new(known_of(gang)));
            }
            if let Some((lifecycle, span, around)) = image.take() {
                // Only if any of it is done at all.
                self.prepare_image(&lifecycle, &span, &around);
            }
            let scope = self.draft.scope(Some(around.scope), ScopeKind::Case(id.clone()));
            own.case = Some(CasePlace { id: id.clone(), part: CasePart::Open });
            let (mut body, mut always) = self.halves(scope, &own);
            let mut watched = None;
            if !case.keywords.monitors.is_empty() {
                let (start, stop) = (body, always);
                (body, always) = self.sections(&start);
                watched = Some((start, stop));
            }
            let mut entered = own.inherited.container.clone();
            let mut contained = None;
            if let Some((lifecycle, span)) = own.container.clone() {
                entered = own.entering(&lifecycle, &span).inherited.container;
                if lifecycle.lifetime == Lifetime::Case {
                    let (start, stop) = (body, always);
                    (body, always) = self.sections(&start.entering(&lifecycle, &span));
                    contained = Some(OwnContainer { lifecycle, span, start, stop });
                }
            }
            self.draft.cases.push(CasePlan {
                id: id.clone(),
                name: Arc::clone(name),
                params: instance.params.clone(),
                repeat,
                going_on,
                warmup,
                hosts: own.hosts.to_vec(),
                requires: parts.requires.clone(),
                metrics: metrics_of(case, &parts),
                baseline: baseline.cloned(),
                gang,
                becoming: own.inherited.becoming.clone(),
                connection: own.inherited.connection.clone(),
                container: entered,
                each_round: own.container.as_ref().is_some_and(|(own, _)| own.lifetime == Lifetime::Round),
                span: case.span.clone(),
            });
            self.against(baseline, id, &metrics_of(case, &parts));
            courses.push(Course {
                case: Arc::clone(case),
                instance,
                body,
                always,
                own: contained,
                watched,
                parts: Arc::clone(&parts),
                count: Count { warmup, repeat },
                monitors: None,
                steps: Vec::new(),
            });
        }
    }

    /// The tasks of a case: its own, or those of its role.
    fn parts(&mut self, case: &Case, inside: &mut Surroundings) -> Parts {
        let Some(of_role) = &case.role else {
            let (prepare, run, finish) = (case.prepare.clone(), case.run.clone(), case.finish.clone());
            return Parts { role: None, requires: case.requires.clone(), prepare, run, finish };
        };
        let name = self.found.keep(self.known.text(inside, &of_role.name, "the role of a case"));
        let role = name.and_then(|n| self.load_role(&n, &of_role.from, inside, &of_role.name.span));
        let Some(role) = role else { return Parts::default() };
        *inside = inside.within(&role);
        if !role.handlers.is_empty() {
            let handlers = role.handlers.clone();
            self.handlers(&handlers, inside);
        }
        let mut part = |word: &str| {
            let loader = &self.compiler.project.loader;
            let file = loader.case_role_file(&role.path, word)?;
            match loader.tasks(&file, Some(&of_role.name.span)) {
                Ok((items, warnings)) => {
                    self.found.extend(warnings);
                    Some(items)
                }
                Err(errors) => {
                    self.found.extend(errors);
                    Some(Vec::new())
                }
            }
        };
        let (prepare, run, finish) = (part("prepare"), part("run"), part("finish"));
        if run.is_none() {
            let message = format!("role `{}` is no case role: it has no tasks/run.yml", role.name);
            self.found.push(
                Diagnostic::error("not-a-case-role", message)
                    .at(&of_role.name.span)
                    .help(
                        "a case role has tasks/run.yml, and may have tasks/prepare.yml and tasks/finish.yml",
                    )
                    .help(format!("looked in {}", crate::load::shown(&role.path.join("tasks")))),
            );
        }
        // Of memory the case has the last word.
        let mut requires = role.requires.clone();
        requires.extend(
            case.requires.iter().filter(|own| role.requires.iter().all(|r| r.kind != own.kind)).cloned(),
        );
        // What is wrong with its arguments is said before anything is prepared.
        let validation = validation(&role, "main", &Arc::default()).map(Arc::new).map(Item::Task);
        Parts {
            role: Some(role),
            requires,
            prepare: validation.into_iter().chain(prepare.unwrap_or_default()).collect(),
            run: run.unwrap_or_default(),
            finish: finish.unwrap_or_default(),
        }
    }

    /// Cases after those they need; a circle is an error.
    fn case_waves(&mut self, courses: &[Course]) -> Option<Vec<Vec<usize>>> {
        let play = Arc::clone(self.play);
        let needs = |course: &Course| {
            let needs = course.case.keywords.needs.iter().flatten();
            needs
                .flat_map(|n| {
                    let hit = move |c: &(usize, &Course)| {
                        is_called(&c.1.case, &n.value) || c.1.instance.id.as_str() == &*n.value
                    };
                    courses.iter().enumerate().filter(hit).map(|(i, _)| i).collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        let needs: Vec<Vec<usize>> = courses.iter().map(needs).collect();
        for course in courses {
            self.left_out(course, courses, &play.cases);
        }
        if let Some(waves) = waves(&needs) {
            return Some(waves);
        }
        let edges: Vec<(usize, usize)> =
            needs.iter().enumerate().flat_map(|(to, from)| from.iter().map(move |f| (*f, to))).collect();
        let circle = cycle::shortest(courses.len(), &edges)?;
        let members: Vec<_> = circle
            .iter()
            .map(|c| (courses[*c].case.name.value.to_string(), need_span(&courses[*c].case)))
            .collect();
        self.found.push(super::needs::circle(&members));
        None
    }

    /// A need of a case that `--case` left out.
    fn left_out(&mut self, course: &Course, courses: &[Course], all: &[Arc<Case>]) {
        for need in course.case.keywords.needs.iter().flatten() {
            let written = all.iter().any(|c| is_called(c, &need.value));
            if written && !courses.iter().any(|c| is_called(&c.case, &need.value)) {
                let message = format!(
                    "case `{}` needs `{}`, which `--case` leaves out",
                    course.case.name.value, need.value
                );
                self.found.push(Diagnostic::warning("need-left-out", message).at(&need.span));
            }
        }
    }

    /// One part of one case. Gives the monitors that it starts.
    fn beat(&mut self, course: &Course, part: CasePart) -> Option<Started> {
        let mut started = None;
        let case = &course.case;
        let at = |around: &Surroundings| course.at(around, part);
        let (body, always) = (at(&course.body), at(&course.always));
        let each_round = body.container.clone();
        match part {
            CasePart::Open => {
                if let Some((start, _)) = &course.watched {
                    started = self.start_monitors(&case.keywords, &at(start));
                }
                if let Some(own) = &course.own {
                    self.start(&own.lifecycle, &own.span, &at(&own.start));
                }
                if each_round.is_none() {
                    self.open(course, &body, false);
                }
            }
            CasePart::Prepare if each_round.is_none() => self.prepare(course, &body),
            CasePart::Round { number, warmup } => {
                let letter = if warmup { "w" } else { "" };
                let mut around = body;
                around.path = format!("{}/run/{letter}{number}", around.path);
                around.scope = self.round_scope(around.scope, number, warmup);
                self.rendezvous(case, &around);
                let Some((lifecycle, span)) = each_round else {
                    self.items(&course.parts.run, &around);
                    return None;
                };
                let first = number == 1 && (warmup || course.count.warmup == 0);
                let last = !warmup && number == course.count.repeat;
                self.contained(&lifecycle, &span, &around, |build, inside| {
                    let (body, always) = build.sections(inside);
                    build.open(course, &body, !first);
                    build.prepare(course, &body);
                    build.items(&course.parts.run, &body);
                    build.finish(course, &always);
                    let end = if last { CasePart::Close } else { part };
                    build.close(course, &within(&always, end, ""));
                });
            }
            CasePart::Finish if each_round.is_none() => self.finish(course, &always),
            CasePart::Close => {
                if each_round.is_none() {
                    self.close(course, &always);
                }
                if let Some(own) = &course.own {
                    self.stop(&own.lifecycle, &own.span, &at(&own.stop));
                }
                if let Some((_, stop)) = &course.watched {
                    self.stop_monitors(course.monitors.as_ref(), &at(stop));
                }
            }
            CasePart::Prepare | CasePart::Finish => {}
        }
        started
    }

    /// Checks what the case requires and makes its folder; `again` when it has begun before, in another container.
    fn open(&mut self, course: &Course, around: &Surroundings, again: bool) {
        let kind = StepKind::CaseOpen { requires: course.parts.requires.clone(), again };
        self.own_step(course, around, "open", kind);
    }

    fn prepare(&mut self, course: &Course, around: &Surroundings) {
        self.items(&course.parts.prepare, &within(around, CasePart::Prepare, "/prepare"));
    }

    fn finish(&mut self, course: &Course, around: &Surroundings) {
        self.items(&course.parts.finish, &within(around, CasePart::Finish, "/finish"));
    }

    fn close(&mut self, course: &Course, around: &Surroundings) {
        self.own_step(course, around, "close", StepKind::CaseClose);
    }

    fn own_step(&mut self, course: &Course, around: &Surroundings, word: &str, kind: StepKind) {
        let name = format!("{word} {}", course.instance.id);
        self.push(around, word, &name, kind, &course.case.span, super::draft::Flow::default());
    }

    /// The body and the always of a case.
    fn halves(&mut self, case: ScopeIx, own: &Surroundings) -> (Surroundings, Surroundings) {
        let mut section = |section| {
            let scope = self.draft.scope(Some(case), ScopeKind::Section(section));
            Surroundings { scope, ..own.clone() }
        };
        (section(Section::Body), section(Section::Always))
    }

    fn round_scope(&mut self, parent: ScopeIx, number: u32, warmup: bool) -> ScopeIx {
        self.draft.scope(Some(parent), ScopeKind::Round { number, warmup })
    }
}

/// A part of a case that may stand in a round: in a container that lives no longer.
fn within(around: &Surroundings, part: CasePart, path: &str) -> Surroundings {
    let mut inside = around.clone();
    inside.path.push_str(path);
    if let Some(place) = &mut inside.case {
        place.part = part;
    }
    inside
}

impl Course {
    /// These surroundings in a part of the case.
    fn at(&self, around: &Surroundings, part: CasePart) -> Surroundings {
        let mut inside = around.clone();
        inside.case = Some(CasePlace { id: self.instance.id.clone(), part });
        inside.vars.push(self.layer(part));
        inside
    }

    /// The variables that the matrix and the case itself give.
    fn layer(&self, part: CasePart) -> VarLayer {
        let (round, warmup) = match part {
            CasePart::Round { number, warmup } => (number, warmup),
            _ => (0, false),
        };
        let mut case = Map::new();
        case.insert("name", Arc::clone(&self.case.name.value));
        case.insert("id", self.instance.id.as_str());
        case.insert("dir", Value::template(work_folder(&self.instance.id), self.case.name.span.clone()));
        case.insert("round", round);
        case.insert("warmup", warmup);
        case.insert("repeat", self.count.repeat);
        let mut vars = self.instance.params.clone();
        vars.insert("case", case);
        VarLayer {
            level: Level::CaseParams,
            origin: Arc::from(format!("case {}", self.instance.id)),
            span: self.case.name.span.clone(),
            vars: Arc::new(vars),
        }
    }
}

/// A template for the folder of a case on the target. The run sets `benchbook_work_dir` (built in, per run); the case's
/// part holds only letters, digits, `-`, `_` and `.`.
fn work_folder(id: &CaseId) -> String {
    format!("{{{{ benchbook_work_dir }}}}/{}", id.plain())
}

/// Whether a word of `needs` means a case.
fn is_called(case: &Case, word: &str) -> bool {
    &*case.name.value == word || case.keywords.id.as_ref().is_some_and(|id| &*id.value == word)
}

fn need_span(case: &Case) -> crate::base::Span {
    let need = case.keywords.needs.iter().flatten().next();
    need.map_or_else(|| case.name.span.clone(), |n| n.span.clone())
}

/// The metrics of a case and of all its tasks.
fn metrics_of(case: &Case, parts: &Parts) -> Vec<Metric> {
    fn collect(items: &[Item], found: &mut Vec<Metric>) {
        for item in items {
            match item {
                Item::Task(task) => found.extend(task.metrics.iter().cloned()),
                Item::Block(block) => {
                    for section in [&block.body, &block.rescue, &block.always] {
                        collect(section, found);
                    }
                }
            }
        }
    }
    let mut found = case.metrics.clone();
    collect(&parts.run, &mut found);
    found
}
