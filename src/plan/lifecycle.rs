//! The scopes that `container:` puts around a play, a block, a case or a round. What `monitors:` asks for stands inside them.
//!
//! Their steps are announced: this version plans and shows them, `run` refuses a container.

use super::Surroundings;
use super::build::Build;
use super::draft::slug;
use super::scope::{ScopeKind, Section};
use crate::base::{Span, Value};
use crate::model::{Container, ContainerLifecycle, Keywords, Lifetime, Stage};

impl Build<'_> {
    /// Compiles `body` inside what `container:` and `monitors:` of a mapping ask for.
    pub fn wrapped(
        &mut self,
        own: &Keywords,
        around: &Surroundings,
        body: impl FnOnce(&mut Self, &Surroundings),
    ) {
        match &own.container {
            None => self.monitored(own, around, body),
            Some(container) => match &container.value {
                // Tasks inherit it.
                Container::Enter(_) => self.monitored(own, around, body),
                Container::Lifecycle(lifecycle) if lifecycle.lifetime == Lifetime::Play => {
                    self.prepare_image(lifecycle, around);
                    self.contained(lifecycle, &container.span, around, |build, inside| {
                        build.monitored(own, inside, body);
                    });
                }
                Container::Lifecycle(lifecycle) => {
                    self.prepare_image(lifecycle, around);
                    let mut inside = around.clone();
                    inside.container =
                        Some((std::sync::Arc::new((**lifecycle).clone()), container.span.clone()));
                    self.monitored(own, &inside, body);
                }
            },
        }
    }

    /// Compiles `body` inside the container of a round, if there is one.
    pub fn contained_round(&mut self, around: &Surroundings, body: impl FnOnce(&mut Self, &Surroundings)) {
        match around.container.clone() {
            Some((lifecycle, span)) if lifecycle.lifetime == Lifetime::Round => {
                self.contained(&lifecycle, &span, around, body);
            }
            _ => body(self, around),
        }
    }

    /// Gets or builds the image.
    pub fn prepare_image(&mut self, lifecycle: &ContainerLifecycle, around: &Surroundings) {
        let image = &lifecycle.image;
        let part = |key: &str| image.value.get(key).map(|v| self.known.shown(around, v));
        let name = part("name").unwrap_or_else(|| self.known.shown(around, &image.value));
        let base = image.value.get("base").map(|v| self.explained(around, v));
        let detail = match (part("build"), base) {
            (Some(_), Some(base)) => format!("build {name} on {base}"),
            (Some(_), None) => format!("build {name}"),
            _ => name,
        };
        self.announce(around, &Stage::PrepareImage, "prepare_image", detail, &image.span);
    }

    /// A template with its value, where all hosts know it and agree: `{{ vendor_base }}=debian:12`.
    fn explained(&self, around: &Surroundings, value: &Value) -> String {
        let known = self.known.same_everywhere(around, value, &self.play.span, "this");
        match (value.has_template(), known) {
            (true, Ok(known)) => format!("{value}={known}"),
            _ => value.to_string(),
        }
    }

    fn contained(
        &mut self,
        lifecycle: &ContainerLifecycle,
        span: &Span,
        around: &Surroundings,
        body: impl FnOnce(&mut Self, &Surroundings),
    ) {
        let (inside, always) = self.sections(around);
        self.start(lifecycle, span, &inside);
        body(self, &inside);
        self.stop(lifecycle, span, &always);
    }

    /// Starts and configures a container.
    pub fn start(&mut self, lifecycle: &ContainerLifecycle, span: &Span, around: &Surroundings) {
        let name = self.container_name(lifecycle, around);
        self.announce(around, &Stage::StartContainer, "start_container", name.clone(), span);
        for role in &lifecycle.configure {
            let detail = format!("role {} in {name}", self.known.shown(around, &role.role.value));
            self.announce(around, &Stage::ConfigureEnv, "configure_env", detail, &role.span);
        }
    }

    /// Stops a container, unless it is to be kept.
    pub fn stop(&mut self, lifecycle: &ContainerLifecycle, span: &Span, around: &Surroundings) {
        if !self.compiler.options.keep_container {
            let name = self.container_name(lifecycle, around);
            self.announce(around, &Stage::StopContainer, "stop_container", name, span);
        }
    }

    fn container_name(&self, lifecycle: &ContainerLifecycle, around: &Surroundings) -> String {
        let shown = |n: &crate::base::Spanned<Value>| self.known.shown(around, &n.value);
        lifecycle.name.as_ref().map_or_else(|| "container".to_owned(), shown)
    }

    /// A scope with a body and an always.
    pub fn sections(&mut self, around: &Surroundings) -> (Surroundings, Surroundings) {
        let block = self.draft.scope(Some(around.scope), ScopeKind::Block { rescue: false });
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
