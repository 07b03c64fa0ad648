//! What can be known to be wrong with `container:` before anything runs. Our roles hand what it says on to actions; so it is held
//! against their arguments here, where the user wrote it.

use std::sync::Arc;

use crate::base::spec::Argument;
use crate::base::{Diagnostic, Map, Spanned, Value};
use crate::load::shipped;
use crate::model::{ContainerLifecycle, Stage};
use crate::plan::Surroundings;
use crate::plan::build::Build;

use super::plain_role;

/// Arguments of `docker_container` that are not the user's to say in `options`, and what to do instead.
const NOT_OPTIONS: [(&[&str], &str); 4] = [
    (&["name", "image"], "it stands beside `options`"),
    (
        &["state", "recreate", "agent", "own", "detach", "cleanup", "output_logs", "paused", "restart"],
        "the run starts the container, works in it and removes it; leave it out",
    ),
    (
        &["docker_host", "docker_url"],
        "the variable `ansible_docker_docker_host` of the host says where its engine listens",
    ),
    (&["comparisons"], "a container of the run is always as it is written here; leave it out"),
];

impl Build<'_> {
    /// The image and the options; not where a role of the user's own does what ours would do.
    pub(super) fn check_container(&mut self, lifecycle: &ContainerLifecycle, around: &Surroundings) {
        if self.is_ours(&Stage::PrepareImage, lifecycle, around) {
            for keys in self.mappings(&lifecycle.image, &lifecycle.image_keys, "image", around) {
                self.check_image(&keys);
            }
        }
        if let Some(options) = &lifecycle.options
            && self.is_ours(&Stage::StartContainer, lifecycle, around)
        {
            for keys in self.mappings(options, &lifecycle.option_keys, "options", around) {
                self.check_options(&keys, options);
            }
        }
    }

    fn is_ours(&mut self, stage: &Stage, lifecycle: &ContainerLifecycle, around: &Surroundings) -> bool {
        let role = self.find_role(&plain_role(stage, &lifecycle.image.span), around);
        role.is_some_and(|role| role.path.starts_with(shipped::ROLES))
    }

    /// A mapping as it is written; one that a template gives, as far as hosts know it before they are contacted.
    fn mappings(
        &mut self,
        written: &Spanned<Value>,
        keys: &[Argument],
        word: &str,
        around: &Surroundings,
    ) -> Vec<Vec<Argument>> {
        let Value::String(text) = &written.value else { return vec![keys.to_vec()] };
        if !text.is_template() {
            return Vec::new();
        }
        let mut found: Vec<Arc<Map>> = Vec::new();
        for host in around.hosts.iter() {
            match self.known.on(host, &around.vars).render(&written.value) {
                Ok(Value::Map(map)) if !found.contains(&map) => found.push(map),
                // An image may be a name; what is not known yet, the action looks at.
                Ok(Value::Map(_) | Value::Null | Value::Omit | Value::Undefined(_)) | Err(_) => {}
                Ok(Value::String(_)) if word == "image" => {}
                Ok(other) => {
                    let message = format!("`{word}` of a container takes a mapping, not {}", other.kind());
                    self.found.push(Diagnostic::error("wrong-type", message).at(&written.span));
                }
            }
        }
        let argument = |(name, value): (&crate::base::Key, &Value)| Argument {
            name: Arc::from(name.to_string()),
            name_span: written.span.clone(),
            value: value.clone(),
            value_span: written.span.clone(),
        };
        found.iter().map(|map| map.iter().map(argument).collect()).collect()
    }

    fn check_image(&mut self, keys: &[Argument]) {
        let known = ContainerLifecycle::IMAGE_KEYS;
        for key in keys {
            if !known.contains(&&*key.name) {
                let message = format!("`{}` is no keyword of an image", key.name);
                let unknown = Diagnostic::error("unknown-keyword", message).at(&key.name_span);
                let help = format!("what may stand there is {}", known.join(", "));
                self.found.push(unknown.suggest(&key.name, known).help(help));
            }
        }
        let Some(build) = keys.iter().find(|key| &*key.name == "build" && key.value.as_map().is_some())
        else {
            return;
        };
        let name = Argument { name: Arc::from("name"), value: Value::from("image"), ..build.clone() };
        if let Some(spec) = self.compiler.catalogue.get("docker_image") {
            self.found.extend(spec.check(&[name, build.clone()], &build.name_span));
        }
    }

    fn check_options(&mut self, keys: &[Argument], options: &Spanned<Value>) {
        let remedy = |key: &Argument| {
            NOT_OPTIONS.iter().find(|(names, _)| names.contains(&&*key.name)).map(|(_, remedy)| *remedy)
        };
        let name = Argument {
            name: Arc::from("name"),
            name_span: options.span.clone(),
            value: Value::from("container"),
            value_span: options.span.clone(),
        };
        let mut given = vec![name];
        for key in keys {
            match remedy(key) {
                Some(remedy) => {
                    let message = format!("`{}` cannot stand in `options` of a container", key.name);
                    self.found
                        .push(Diagnostic::error("unknown-argument", message).at(&key.name_span).help(remedy));
                }
                None => given.push(key.clone()),
            }
        }
        if let Some(spec) = self.compiler.catalogue.get("docker_container") {
            self.found.extend(spec.check(&given, &options.span));
        }
    }
}
