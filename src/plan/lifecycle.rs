//! The scopes that `container:` puts around a play, a block, a case or a round. What `monitors:` asks for stands inside them.
//!
//! A container's life is the work of roles (see `docs/decisions/015`): this file says which, with which variables, in which
//! order, and where what lies between is done. It knows nothing of what the roles do.

mod check;

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use super::draft::slug;
use super::scope::{ScopeIx, ScopeKind, Section};
use crate::base::{Map, Span, Spanned, Value};
use crate::model::{ContainerLifecycle, Keywords, Level, Lifetime, RoleEntry, RoleFrom, Stage, VarLayer};

/// A part of a container's life, or the monitors of a scope: what its steps do together, in one line.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// `build benchbook/quickstart on debian:12`, `bench`, `role toolchain in bench`.
    pub detail: String,
    /// The keyword that asks for it.
    pub span: Span,
    /// The scope around it.
    pub scope: ScopeIx,
    /// What no other part of a life has: roles that ran in another one have not run in this.
    pub life: Arc<str>,
}

/// The name of a container that has none: nobody else's.
const OWN_NAME: &str = "benchbook-{{ benchbook_run_mark }}";

impl Build<'_> {
    /// Compiles `body` inside what `container:` and `monitors:` of a mapping ask for.
    pub fn wrapped(
        &mut self,
        own: &Keywords,
        around: &Surroundings,
        body: impl FnOnce(&mut Self, &Surroundings),
    ) {
        let Some(Spanned { value: lifecycle, span }) = &own.lifecycle else {
            // One that is entered is inherited by tasks.
            return self.monitored(own, around, body);
        };
        self.prepare_image(lifecycle, span, around);
        if lifecycle.lifetime == Lifetime::Play {
            self.contained(lifecycle, span, around, |build, inside| build.monitored(own, inside, body));
        } else {
            let mut inside = around.clone();
            inside.container = Some((Arc::clone(lifecycle), span.clone()));
            self.monitored(own, &inside, body);
        }
    }

    /// Gets or builds the image.
    pub fn prepare_image(&mut self, lifecycle: &ContainerLifecycle, span: &Span, around: &Surroundings) {
        self.check_container(lifecycle, around);
        let image = &lifecycle.image;
        let part = |key: &str| image.value.get(key).map(|v| self.known.shown(around, v));
        let name = part("name").unwrap_or_else(|| self.known.shown(around, &image.value));
        let base = image.value.get("base").map(|v| self.explained(around, v));
        let detail = match (part("build"), base) {
            (Some(_), Some(base)) => format!("build {name} on {base}"),
            (Some(_), None) => format!("build {name}"),
            _ => name,
        };
        let vars = variables(lifecycle, span, around);
        let entry = plain_role(&Stage::PrepareImage, &image.span);
        self.chapter(&Stage::PrepareImage, detail, &entry, vars, &around.on_the_host());
    }

    /// A template with its value, where all hosts know it and agree: `{{ vendor_base }}=debian:12`.
    fn explained(&self, around: &Surroundings, value: &Value) -> String {
        let known = self.known.same_everywhere(around, value, &self.play.span, "this");
        match (value.has_template(), known) {
            (true, Ok(known)) => format!("{value}={known}"),
            _ => value.to_string(),
        }
    }

    /// Compiles `body` in a container that is started before and stopped after it, whatever happens.
    pub fn contained(
        &mut self,
        lifecycle: &ContainerLifecycle,
        span: &Span,
        around: &Surroundings,
        body: impl FnOnce(&mut Self, &Surroundings),
    ) {
        let (inside, always) = self.sections(around);
        self.start(lifecycle, span, &inside);
        body(self, &inside.entering(lifecycle, span));
        self.stop(lifecycle, span, &always);
    }

    /// Starts and configures a container.
    pub fn start(&mut self, lifecycle: &ContainerLifecycle, span: &Span, around: &Surroundings) {
        let name = self.container_name(lifecycle, around);
        let vars = variables(lifecycle, span, around);
        let entry = plain_role(&Stage::StartContainer, span);
        self.chapter(&Stage::StartContainer, name.clone(), &entry, vars.clone(), &around.on_the_host());
        let inside = around.entering(lifecycle, span);
        for role in &lifecycle.configure {
            let detail = format!("role {} in {name}", self.known.shown(around, &role.role.value));
            self.chapter(&Stage::ConfigureEnv, detail, role, vars.clone(), &inside);
        }
    }

    /// Stops a container, or says that it goes on.
    pub fn stop(&mut self, lifecycle: &ContainerLifecycle, span: &Span, around: &Surroundings) {
        let name = self.container_name(lifecycle, around);
        let keep = self.compiler.options.keep_container;
        let detail = if keep { format!("{name} is kept") } else { name };
        let mut vars = variables(lifecycle, span, around);
        Arc::make_mut(&mut vars.vars).insert("container_keep", keep);
        let entry = plain_role(&Stage::StopContainer, span);
        self.chapter(&Stage::StopContainer, detail, &entry, vars, &around.on_the_host());
    }

    /// One role of a container's life.
    fn chapter(
        &mut self,
        stage: &Stage,
        detail: String,
        entry: &RoleEntry,
        vars: VarLayer,
        around: &Surroundings,
    ) {
        let mut inside = around.clone();
        let life = format!("{}/{}", around.path, self.draft.steps.len()).into();
        let chapter = Chapter { detail, span: entry.span.clone(), scope: around.scope, life };
        inside.chapter = Some(Arc::new(chapter));
        inside.stage = Some(stage.clone());
        // It belongs to its scope, whatever tags the tasks of that have.
        inside.tags = vec![Arc::from("always")];
        inside.vars.push(vars);
        if let Some(role) = self.find_role(entry, &inside) {
            self.handlers(&role.handlers, &inside.within(&role));
        }
        self.role_entry(entry, &inside);
    }

    fn container_name(&self, lifecycle: &ContainerLifecycle, around: &Surroundings) -> String {
        let shown = |n: &Spanned<Value>| self.known.shown(around, &n.value);
        lifecycle.name.as_ref().map_or_else(|| "container".to_owned(), shown)
    }

    /// What the roles that configure a play's container define, for all of the play: also where they are left out.
    pub fn configured(&mut self, around: &Surroundings) -> Vec<VarLayer> {
        let play = Arc::clone(self.play);
        let Some(Spanned { value: lifecycle, .. }) = &play.keywords.lifecycle else {
            return Vec::new();
        };
        let public = lifecycle.configure.iter().filter(|entry| entry.public != Some(false));
        // What is wrong with one is said when its tasks are compiled.
        let mut quiet = Build::new(self.compiler, self.play, self.known);
        let roles: Vec<_> = public.filter_map(|entry| quiet.find_role(entry, around)).collect();
        roles.iter().flat_map(|role| self.layers_of(role, around)).collect()
    }

    /// A scope with a body and an always.
    pub fn sections(&mut self, around: &Surroundings) -> (Surroundings, Surroundings) {
        let kind = ScopeKind::Block { rescue: false, lifecycle: true, outermost: false, flushes: false };
        let block = self.draft.scope(Some(around.scope), kind);
        let section = |build: &mut Self, section| {
            let scope = build.draft.scope(Some(block), ScopeKind::Section(section));
            Surroundings { scope, ..around.clone() }
        };
        (section(self, Section::Body), section(self, Section::Always))
    }

    /// The surroundings of a group of steps for reading: a role, an included file.
    pub fn group(&mut self, around: &Surroundings, label: &str, word: &str) -> Surroundings {
        let scope = self.draft.scope(Some(around.scope), ScopeKind::Group(label.into()));
        let path = self.draft.id(format!("{}/{}", around.path, slug(word)));
        Surroundings { path, scope, ..around.clone() }
    }
}

impl Surroundings {
    /// Inside the container that this life is about.
    pub(super) fn entering(&self, lifecycle: &ContainerLifecycle, span: &Span) -> Self {
        let mut inside = self.clone();
        inside.inherited.container = Some(self.name_of(lifecycle, span));
        // The one that waited to be started.
        inside.container = None;
        inside
    }

    /// Where containers are started and stopped. What a user says of tasks in one is not about that.
    fn on_the_host(&self) -> Self {
        let mut outside = self.clone();
        let inherited = &mut outside.inherited;
        inherited.container = None;
        inherited.timeout = None;
        inherited.ignore_errors = None;
        outside
    }

    /// The name of a container on its host. Those of several cases may live at the same time.
    pub(super) fn name_of(&self, lifecycle: &ContainerLifecycle, span: &Span) -> Spanned<Value> {
        let own = || Spanned::new(Value::template(OWN_NAME, span.clone()), span.clone());
        let name = lifecycle.name.clone().unwrap_or_else(own);
        let Some(place) = self.case.as_ref().filter(|_| lifecycle.lifetime != Lifetime::Play) else {
            return name;
        };
        let text = format!("{}-{}", name.value, place.id.plain());
        let value = if name.value.has_template() {
            Value::template(text, name.span.clone())
        } else {
            Value::from(text)
        };
        Spanned::new(value, name.span)
    }
}

/// The variables of the roles.
fn variables(lifecycle: &ContainerLifecycle, span: &Span, around: &Surroundings) -> VarLayer {
    let mut vars = Map::new();
    vars.insert("container_name", around.name_of(lifecycle, span).value);
    vars.insert("container_image", lifecycle.image.value.clone());
    if let Some(options) = &lifecycle.options {
        vars.insert("container_options", options.value.clone());
    }
    // What an earlier round has left is none of this one's.
    vars.insert("container_anew", lifecycle.lifetime != Lifetime::Play);
    VarLayer {
        level: Level::RoleParams,
        origin: Arc::from("container"),
        span: span.clone(),
        vars: Arc::new(vars),
    }
}

/// The role of a stage.
fn plain_role(stage: &Stage, span: &Span) -> RoleEntry {
    RoleEntry {
        role: Spanned::new(Value::from(stage.name()), span.clone()),
        span: span.clone(),
        keywords: Keywords::default(),
        params: Arc::default(),
        from: RoleFrom::default(),
        allow_duplicates: Some(true),
        public: None,
        validate: true,
        later: Vec::new(),
    }
}
