//! What `docker_image` takes: the names and meanings of Ansible's `community.docker.docker_image`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::action::docker::refused::with_connection;
use crate::base::{Map, Value, args};

/// Images that a run builds carry its mark in the label `benchbook.run`. What the engine says while it builds, pulls or loads is the
/// output of the task.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = with_connection, extend("x-unsupported" = {
    "archive_path": "take the command `docker save`",
    "build.http_timeout": "give the task a `timeout`",
    "build.use_config_proxy": "give the proxies as `build.args`: `http_proxy`, `https_proxy`, `no_proxy`",
}))]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub(super) struct Args {
    /// `repository`, `repository:tag`, `repository@digest` or an image's id.
    pub name: String,
    /// The tag, when the name has none.
    #[serde(default = "latest")]
    pub tag: String,
    /// Whether it is there.
    #[serde(default)]
    pub state: State,
    /// Where it comes from: `build`, `pull` or `load`; `local` means that it must be there. Needed for `present`, unless `build` or `load_path` is given.
    pub source: Option<Source>,
    /// How it is built.
    pub build: Option<Build>,
    /// A file of `docker save` on the controller.
    pub load_path: Option<PathBuf>,
    /// How it is pulled. A boolean is what it was long ago: `true` means `source: pull` where nothing says where the image comes from, and
    /// `build.pull` where it is built.
    pub pull: Option<Pulling>,
    /// Build, pull or load it also when it is there. Changed only when another image came of it.
    #[serde(default)]
    pub force_source: bool,
    /// With `absent`: also when it has several names.
    #[serde(default)]
    pub force_absent: bool,
    /// One more name: `repository:tag`.
    pub repository: Option<String>,
    /// Give that name also when another image has it.
    #[serde(default)]
    pub force_tag: bool,
    /// Send it to its registry, as nobody known.
    #[serde(default)]
    pub push: bool,
    /// The engine's address, `unix:///path`; by default `ansible_docker_docker_host`, else /var/run/docker.sock.
    #[serde(alias = "docker_url")]
    #[schemars(extend("x-aliases" = ["docker_url"]))]
    pub docker_host: Option<String>,
}

fn latest() -> String {
    "latest".to_owned()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Absent,
    #[default]
    Present,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Build,
    Load,
    Pull,
    Local,
}

/// How an image is built, by the engine's own builder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub(super) struct Build {
    /// The context on the controller: a folder, or a tar archive (also one that is packed by gzip, bzip2 or xz). Looked for as `copy` looks for its `src`; what `.dockerignore` names stays here.
    pub path: String,
    /// The Dockerfile, below the context.
    #[serde(default = "dockerfile")]
    pub dockerfile: String,
    /// Values of its `ARG`s.
    #[serde(default)]
    pub args: Map,
    /// The stage to build.
    #[serde(default)]
    pub target: String,
    /// The network of its `RUN`s.
    pub network: Option<String>,
    /// Do every step again.
    #[serde(default)]
    pub nocache: bool,
    /// Look for newer base images in the registry.
    #[serde(default)]
    pub pull: bool,
    /// Remove intermediate containers.
    #[serde(default = "yes")]
    pub rm: bool,
    /// Labels of the image.
    #[serde(default)]
    pub labels: Map,
    /// Size of /dev/shm of its `RUN`s: `64m`.
    pub shm_size: Option<String>,
    /// Images whose steps may be taken over.
    #[serde(default)]
    pub cache_from: Vec<String>,
    /// Lines of /etc/hosts for its `RUN`s: name and address.
    #[serde(default)]
    pub etc_hosts: Map,
    /// For which kind of machine: `linux/arm64`.
    #[serde(default)]
    pub platform: String,
    /// Limits of its `RUN`s: `memory`, `memswap`, `cpushares`, `cpusetcpus`.
    pub container_limits: Option<Limits>,
}

fn dockerfile() -> String {
    "Dockerfile".to_owned()
}

fn yes() -> bool {
    true
}

/// Limits of the containers of a build.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// Memory: `512m`.
    pub memory: Option<String>,
    /// Memory and swap; -1 is no limit.
    pub memswap: Option<String>,
    /// Weight among others.
    pub cpushares: Option<i32>,
    /// Processors: `0-3`.
    pub cpusetcpus: Option<String>,
}

/// How an image is pulled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pull {
    /// For which kind of machine: `linux/arm64`.
    pub platform: Option<String>,
}

/// How an image is pulled, or whether.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub(super) enum Pulling {
    Whether(bool),
    How(Pull),
}

/// Serde's own way for such a type would keep to itself which key is unknown.
impl<'de> Deserialize<'de> for Pulling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Map(map) => args::from_map(&map).map(Self::How).map_err(D::Error::custom),
            other => other
                .to_bool()
                .map(Self::Whether)
                .ok_or_else(|| D::Error::custom("expected a boolean or a mapping with `platform`")),
        }
    }
}

impl Pulling {
    /// For which kind of machine.
    pub fn platform(&self) -> Option<&str> {
        if let Self::How(pull) = self { pull.platform.as_deref() } else { None }
    }

    /// Whether it is a plain yes.
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Whether(true))
    }
}
