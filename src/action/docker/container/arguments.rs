//! What `docker_container` takes: the names and meanings of Ansible's `community.docker.docker_container`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::docker::refused::with_connection;
use crate::base::{Map, Value};

/// The container is asked for by name and compared with what is given here, as the engine shows it; what is not given is not
/// compared. One that differs is removed and made again. Containers that a run makes carry its mark in the label `benchbook.run`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = with_connection, extend("x-unsupported" = {
    "command_handling": "leave it out: lists stay lists, as with `correct`",
    "comparisons": "leave out what must not be compared; labels, capabilities and variables that the image adds are no difference",
    "default_host_ip": "say the address where the port is: `published_ports: ['127.0.0.1:8080:80']`",
    "env_file": "read the file with `slurp` or `lookup('file', …)`, and give `env` what is in it",
    "healthcheck.test_cli_compatible": "leave it out: without `test` the image's own is kept, as with `true`; `test: NONE` means no check",
    "image_comparison": "leave it out: what the image adds is no difference",
    "image_label_mismatch": "leave it out: labels that the image adds are no difference, as with `ignore`",
    "image_name_mismatch": "leave it out: images are compared by their ids, as with `ignore`",
    "kernel_memory": "give `memory`; engines have no limit of their own for the kernel's memory any more",
    "links": "put both containers into one network (`networks`): there they know each other's names",
    "mac_address": "give it to the network: `networks: [{name: …, mac_address: …}]`",
    "pull_check_mode_behavior": "leave it out: under `--check` a pull of an image that is there is no change",
}))]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub(super) struct Args {
    /// Its name, or the id of one that is there.
    pub name: String,
    /// What becomes of it: `present` makes it, `started` also starts it, `healthy` also waits until its health check is good, `stopped` stops it, `absent` stops and removes it.
    #[serde(default)]
    pub state: State,
    /// The image it is made of. One that is not there is pulled, unless `pull` says otherwise.
    pub image: Option<String>,
    /// Whether the image is pulled: `never`, `missing` (when it is not there) or `always`.
    #[serde(default)]
    pub pull: Pull,
    /// For which kind of machine: `linux/arm64`.
    pub platform: Option<String>,

    /// What it runs: a command line, whose quotes protect as in a shell, or a list of words.
    pub command: Option<Value>,
    /// What stands before the command.
    pub entrypoint: Option<Vec<String>>,
    /// Variables of its environment.
    pub env: Option<Map>,
    /// The folder in which it begins.
    pub working_dir: Option<String>,
    /// `USER`, `UID` or `UID:GID` inside.
    pub user: Option<String>,
    /// More groups of that user.
    pub groups: Option<Vec<String>>,
    /// A terminal.
    pub tty: Option<bool>,
    /// Its standard input stays open.
    pub interactive: Option<bool>,
    /// A small first process that ends what the others leave.
    pub init: Option<bool>,
    /// Labels.
    pub labels: Option<Map>,
    /// Our agent, mounted read-only from the host, so that a container whose root file system is read-only can be entered. Without `command` and `entrypoint` it is also what runs: it waits until it is stopped, whatever the image is made for.
    #[serde(default)]
    pub agent: bool,
    /// Touch no container that is not of this run: one of that name is an error, and is left alone by `absent`. When the run is over, one that is still there is taken away.
    #[serde(default)]
    pub own: bool,

    /// What counts where nothing is said: the engine's own defaults, and no others.
    #[expect(dead_code, reason = "playbooks say it")]
    pub container_default_behavior: Option<Defaults>,
    /// Do not wait for its end. Otherwise the task ends with it, and fails when its exit code is not 0.
    #[serde(default = "yes")]
    pub detach: bool,
    /// With `detach: false`: give what it printed.
    #[serde(default)]
    pub output_logs: bool,
    /// With `detach: false`: remove it when it has ended.
    #[serde(default)]
    pub cleanup: bool,
    /// The engine removes it when it ends.
    pub auto_remove: Option<bool>,
    /// Make it again, also when nothing differs.
    #[serde(default)]
    pub recreate: bool,
    /// Start it again when it runs and nothing differs.
    #[serde(default)]
    pub restart: bool,
    /// All its processes are frozen, or go on.
    pub paused: Option<bool>,
    /// Kill it instead of stopping it.
    #[serde(default, alias = "forcekill")]
    #[schemars(extend("x-aliases" = ["forcekill"]))]
    pub force_kill: bool,
    /// The signal that kills it.
    pub kill_signal: Option<String>,
    /// The signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// Seconds from that signal until it is killed.
    pub stop_timeout: Option<i32>,
    /// Seconds to wait until one that is removed is gone; a minute if nothing is said.
    pub removal_wait_timeout: Option<f64>,
    /// With `absent`: keep its volumes without a name.
    #[serde(default = "yes")]
    pub keep_volumes: bool,
    /// When the engine starts it again by itself.
    pub restart_policy: Option<Restart>,
    /// How often, with `on-failure`.
    pub restart_retries: Option<i64>,
    /// How one learns that it is well: `test` (words, or a shell's line), `interval`, `timeout`, `start_period` (`30s`), `retries`.
    pub healthcheck: Option<HealthCheck>,
    /// With `healthy`: seconds to wait for that.
    #[serde(default = "five_minutes")]
    pub healthy_wait_timeout: f64,

    /// All devices and capabilities of the host.
    pub privileged: Option<bool>,
    /// Capabilities that it gets: `SYS_ADMIN`.
    pub capabilities: Option<Vec<String>>,
    /// Capabilities that it loses; `all` is a word too.
    pub cap_drop: Option<Vec<String>>,
    /// `seccomp=unconfined`, `label=disable`, `no-new-privileges`, …
    pub security_opts: Option<Vec<String>>,
    /// Devices of the host: `PATH`, `PATH:PATH_INSIDE` or `PATH:PATH_INSIDE:rwm`.
    pub devices: Option<Vec<String>>,
    /// Devices that a driver hands out, such as GPUs.
    pub device_requests: Option<Vec<DeviceRequest>>,
    /// Rules of the device cgroup: `c 42:* rmw`.
    pub device_cgroup_rules: Option<Vec<String>>,
    /// The runtime, by the name that the engine knows: `nvidia`.
    pub runtime: Option<String>,

    /// Size of /dev/shm: `64g`; a number means bytes.
    pub shm_size: Option<String>,
    /// Limits of its processes: `NAME:SOFT:HARD` or `NAME:BOTH`; -1 is no limit.
    pub ulimits: Option<Vec<String>>,
    /// Memory that it may use: `512m`.
    pub memory: Option<String>,
    /// Memory that it keeps when others want it.
    pub memory_reservation: Option<String>,
    /// Memory and swap together; `unlimited` or -1 is no limit.
    pub memory_swap: Option<String>,
    /// How readily it is swapped, 0 to 100.
    pub memory_swappiness: Option<i64>,
    /// Processors' worth of time: `1.5`.
    pub cpus: Option<f64>,
    /// Processors that it may use: `0-3` or `0,2`.
    pub cpuset_cpus: Option<String>,
    /// Memory nodes that it may use.
    pub cpuset_mems: Option<String>,
    /// Weight among other containers.
    pub cpu_shares: Option<i64>,
    /// The period of its processor quota, in microseconds.
    pub cpu_period: Option<i64>,
    /// Its processor quota in a period, in microseconds.
    pub cpu_quota: Option<i64>,
    /// How many processes it may have; -1 is no limit.
    pub pids_limit: Option<i64>,
    /// Weight for the block devices, 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// The most that it may read from a device in a second: `path`, `rate` (`20m`).
    pub device_read_bps: Option<Vec<Throughput>>,
    /// The most that it may write to a device in a second: `path`, `rate` (`20m`).
    pub device_write_bps: Option<Vec<Throughput>>,
    /// How often it may read from a device in a second: `path`, `rate`.
    pub device_read_iops: Option<Vec<Frequency>>,
    /// How often it may write to a device in a second: `path`, `rate`.
    pub device_write_iops: Option<Vec<Frequency>>,
    /// Whether the kernel may not kill it when memory is short.
    pub oom_killer: Option<bool>,
    /// How readily the kernel kills it when memory is short.
    pub oom_score_adj: Option<i64>,
    /// Its parent cgroup.
    pub cgroup_parent: Option<String>,

    /// `host`, `none`, `bridge`, `container:NAME`, or a network's name; by default the first of `networks`, else the engine's own.
    pub network_mode: Option<String>,
    /// Networks that it is connected to.
    pub networks: Option<Vec<Network>>,
    /// `false`: it is made in the engine's own network, and is connected to `networks` beside it.
    #[serde(default = "yes")]
    pub networks_cli_compatible: bool,
    /// Take it off the networks that `networks` does not name.
    #[serde(default)]
    pub purge_networks: bool,
    /// Ports of the host that lead into it: `8080:80`, `127.0.0.1:8080:80/udp`, `9000-9003:9000-9003`.
    #[serde(alias = "ports")]
    #[schemars(extend("x-aliases" = ["ports"]))]
    pub published_ports: Option<Vec<String>>,
    /// Ports that it listens on.
    #[serde(alias = "exposed", alias = "expose")]
    #[schemars(extend("x-aliases" = ["exposed", "expose"]))]
    pub exposed_ports: Option<Vec<String>>,
    /// Every exposed port gets one of the host.
    pub publish_all_ports: Option<bool>,
    /// Its host name.
    pub hostname: Option<String>,
    /// Its domain.
    pub domainname: Option<String>,
    /// Lines of /etc/hosts: name and address.
    pub etc_hosts: Option<Map>,
    /// Name servers.
    pub dns_servers: Option<Vec<String>>,
    /// Domains in which names are looked for.
    pub dns_search_domains: Option<Vec<String>>,
    /// Options of the resolver.
    pub dns_opts: Option<Vec<String>>,
    /// `host`, `private`, `shareable`, `none` or `container:NAME`.
    pub ipc_mode: Option<String>,
    /// `host` or `container:NAME`.
    pub pid_mode: Option<String>,
    /// `host`.
    pub uts: Option<String>,
    /// `host`.
    pub userns_mode: Option<String>,
    /// `host` or `private`.
    pub cgroupns_mode: Option<CgroupNamespace>,
    /// Kernel parameters of its own.
    pub sysctls: Option<Map>,

    /// Folders of the host and volumes: `/host:/inside`, `/host:/inside:ro`, `NAME:/inside`, `/inside`.
    pub volumes: Option<Vec<String>>,
    /// Containers whose volumes it gets too.
    pub volumes_from: Option<Vec<String>>,
    /// The driver of its volumes.
    pub volume_driver: Option<String>,
    /// Mounts in full.
    pub mounts: Option<Vec<Mount>>,
    /// Folders in memory: `/tmp` or `/tmp:size=64m,mode=1777`.
    pub tmpfs: Option<Vec<String>>,
    /// Its root file system cannot be written.
    pub read_only: Option<bool>,
    /// Options of the storage driver: `size: 20G`.
    pub storage_opts: Option<Map>,
    /// The log driver.
    pub log_driver: Option<String>,
    /// Its options.
    #[serde(alias = "log_opt")]
    #[schemars(extend("x-aliases" = ["log_opt"]))]
    pub log_options: Option<Map>,

    /// The engine's address, `unix:///path`; by default `ansible_docker_docker_host`, else /var/run/docker.sock.
    #[serde(alias = "docker_url")]
    #[schemars(extend("x-aliases" = ["docker_url"]))]
    pub docker_host: Option<String>,
}

fn yes() -> bool {
    true
}

fn five_minutes() -> f64 {
    300.0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Defaults {
    NoDefaults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CgroupNamespace {
    Host,
    Private,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Absent,
    Present,
    Healthy,
    Stopped,
    #[default]
    Started,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pull {
    /// It must be there
    Never,
    /// It is pulled when it is not there
    #[default]
    Missing,
    /// It is pulled in any case
    Always,
    /// The same as `missing`
    False,
    /// The same as `always`
    True,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Restart {
    No,
    Always,
    OnFailure,
    UnlessStopped,
}

/// How one learns that a container is well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthCheck {
    /// `[CMD, word, …]`, or a line for the image's shell; `NONE` for no check.
    pub test: Option<Value>,
    /// Between two checks.
    pub interval: Option<String>,
    /// How long a check may take.
    pub timeout: Option<String>,
    /// How many bad ones in a row mean that it is not well.
    pub retries: Option<i64>,
    /// How long it may take to begin.
    pub start_period: Option<String>,
    /// Between two checks while it begins.
    pub start_interval: Option<String>,
}

/// How much of a device a container may read or write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Throughput {
    /// The device.
    pub path: String,
    /// Bytes in a second: `20m`.
    pub rate: String,
}

/// How often a container may read or write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Frequency {
    /// The device.
    pub path: String,
    /// How often in a second.
    pub rate: u64,
}

/// Devices that a driver hands out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceRequest {
    /// One of these lists of capabilities: `[[gpu]]`.
    pub capabilities: Option<Vec<Vec<String>>>,
    /// How many; -1 is all.
    pub count: Option<i64>,
    /// Which.
    pub device_ids: Option<Vec<String>>,
    /// The driver: `nvidia`.
    pub driver: Option<String>,
    /// Its options.
    pub options: Option<Map>,
}

/// A network that a container is connected to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    /// Its name.
    pub name: String,
    /// The container's address in it.
    pub ipv4_address: Option<String>,
    /// The same for IPv6.
    pub ipv6_address: Option<String>,
    /// Names of the container in it.
    pub aliases: Option<Vec<String>>,
    /// Containers that it knows there: `NAME` or `NAME:ALIAS`.
    pub links: Option<Vec<String>>,
    /// The address of its network card there.
    pub mac_address: Option<String>,
    /// Options for the network's driver.
    pub driver_opts: Option<Map>,
    /// Which network leads out: the one with the greatest number.
    pub gw_priority: Option<i64>,
}

/// A mount.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mount {
    /// Where it is inside.
    pub target: String,
    /// A path of the host, or a volume's name.
    pub source: Option<String>,
    /// What kind.
    #[serde(default, rename = "type")]
    pub kind: MountKind,
    /// Nothing can be written there.
    pub read_only: Option<bool>,
    /// How mounts below it are seen on the other side.
    pub propagation: Option<Propagation>,
    /// Make the path on the host if it is not there.
    pub create_mountpoint: Option<bool>,
    /// What is mounted below the path on the host is not seen.
    pub non_recursive: Option<bool>,
    /// Only the mount itself cannot be written, and what is mounted below can.
    pub read_only_non_recursive: Option<bool>,
    /// Fail where what is mounted below cannot be made read-only, too.
    pub read_only_force_recursive: Option<bool>,
    /// How soon both sides see what is written, where the engine runs in a machine of its own.
    pub consistency: Option<Consistency>,
    /// A folder in the volume or image.
    pub subpath: Option<String>,
    /// A new volume stays empty.
    pub no_copy: Option<bool>,
    /// Labels of a new volume.
    pub labels: Option<Map>,
    /// The driver of a new volume.
    pub volume_driver: Option<String>,
    /// Its options.
    pub volume_options: Option<Map>,
    /// The size of a folder in memory: `64m`.
    pub tmpfs_size: Option<String>,
    /// Its mode: `"1777"`.
    pub tmpfs_mode: Option<String>,
    /// More options of it, a mapping of one each; null where the option is a word alone: `[{noexec: null}]`.
    pub tmpfs_options: Option<Vec<Map>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Propagation {
    Private,
    Rprivate,
    Shared,
    Rshared,
    Slave,
    Rslave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Consistency {
    Cached,
    Consistent,
    Default,
    Delegated,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MountKind {
    Bind,
    Cluster,
    Image,
    Npipe,
    Tmpfs,
    #[default]
    Volume,
}
