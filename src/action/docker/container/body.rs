//! The arguments of `docker_container` as the body of `POST /containers/create`. What is not given is not in it.

use serde_json::{Map as Object, Value as Json, json};

use super::arguments::{Args, DeviceRequest, HealthCheck, Restart, Throughput};
use super::mounts::mount;
use super::ports::{exposed, published};
use crate::action::docker::quantity::{bytes, limit, nanoseconds};
use crate::action::docker::{texts, words_of};
use crate::base::Map;

/// The whole body; or which argument cannot be read.
pub(super) fn body(args: &Args) -> Result<Json, String> {
    let mut body = Object::new();
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    put("Image", args.image.as_deref().map(Json::from));
    put("Cmd", args.command.as_ref().map(words_of).transpose()?.map(Json::from));
    put("Entrypoint", args.entrypoint.clone().map(Json::from));
    put("Env", args.env.as_ref().map(|env| pairs(env, "=")));
    put("Labels", args.labels.as_ref().map(texts));
    put("User", args.user.as_deref().map(Json::from));
    put("WorkingDir", args.working_dir.as_deref().map(Json::from));
    put("Hostname", args.hostname.as_deref().map(Json::from));
    put("Domainname", args.domainname.as_deref().map(Json::from));
    put("Tty", args.tty.map(Json::from));
    put("OpenStdin", args.interactive.map(Json::from));
    put("StopSignal", args.stop_signal.as_deref().map(Json::from));
    put("StopTimeout", args.stop_timeout.map(Json::from));
    put("Healthcheck", args.healthcheck.as_ref().map(health_check).transpose()?);
    let inside: Option<Vec<&String>> =
        args.volumes.as_ref().map(|volumes| volumes.iter().filter(|v| !v.contains(':')).collect());
    put("Volumes", inside.filter(|volumes| !volumes.is_empty()).map(empty_objects));
    let published = args.published_ports.as_deref().map(published).transpose()?;
    let ports = exposed(args.exposed_ports.as_deref(), published.as_ref())?;
    put("ExposedPorts", ports.map(|ports| empty_objects(ports.iter().collect())));
    let mut host = resources(args)?;
    host.extend(surroundings(args)?);
    if let Some(bindings) = published {
        host.insert("PortBindings".to_owned(), bindings);
    }
    body.insert("HostConfig".to_owned(), Json::Object(host));
    Ok(Json::Object(body))
}

/// What it may use.
fn resources(args: &Args) -> Result<Object<String, Json>, String> {
    let mut host = Object::new();
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            host.insert(key.to_owned(), value);
        }
    };
    let size = |name: &str, value: &Option<String>| value.as_deref().map(|v| bytes(name, v)).transpose();
    put("ShmSize", size("shm_size", &args.shm_size)?.map(Json::from));
    put("Memory", size("memory", &args.memory)?.map(Json::from));
    put("MemoryReservation", size("memory_reservation", &args.memory_reservation)?.map(Json::from));
    let swap = args.memory_swap.as_deref().map(|v| limit("memory_swap", v)).transpose()?;
    put("MemorySwap", swap.map(Json::from));
    put("MemorySwappiness", args.memory_swappiness.map(Json::from));
    #[allow(clippy::cast_possible_truncation)] // a machine has fewer than 9 milliard processors
    put("NanoCpus", args.cpus.map(|cpus| json!((cpus * 1e9).round() as i64)));
    put("CpusetCpus", args.cpuset_cpus.as_deref().map(Json::from));
    put("CpusetMems", args.cpuset_mems.as_deref().map(Json::from));
    put("CpuShares", args.cpu_shares.map(Json::from));
    put("CpuPeriod", args.cpu_period.map(Json::from));
    put("CpuQuota", args.cpu_quota.map(Json::from));
    put("PidsLimit", args.pids_limit.map(Json::from));
    put("BlkioWeight", args.blkio_weight.map(Json::from));
    for (key, limits) in
        [("BlkioDeviceReadBps", &args.device_read_bps), ("BlkioDeviceWriteBps", &args.device_write_bps)]
    {
        let one = |limit: &Throughput| Ok(json!({"Path": limit.path, "Rate": bytes("rate", &limit.rate)?}));
        put(key, all(limits.as_deref(), one)?);
    }
    for (key, limits) in
        [("BlkioDeviceReadIOps", &args.device_read_iops), ("BlkioDeviceWriteIOps", &args.device_write_iops)]
    {
        put(key, all(limits.as_deref(), |limit| Ok(json!({"Path": limit.path, "Rate": limit.rate})))?);
    }
    put("OomKillDisable", args.oom_killer.map(Json::from));
    put("OomScoreAdj", args.oom_score_adj.map(Json::from));
    put("CgroupParent", args.cgroup_parent.as_deref().map(Json::from));
    put("Ulimits", all(args.ulimits.as_deref(), |limit| ulimit(limit))?);
    put("Devices", all(args.devices.as_deref(), |device| Ok(self::device(device)))?);
    put("DeviceRequests", all(args.device_requests.as_deref(), |request| Ok(device_request(request)))?);
    put("DeviceCgroupRules", args.device_cgroup_rules.clone().map(Json::from));
    put("Runtime", args.runtime.as_deref().map(Json::from));
    put("Privileged", args.privileged.map(Json::from));
    put("CapAdd", args.capabilities.clone().map(Json::from));
    put("CapDrop", args.cap_drop.clone().map(Json::from));
    put("SecurityOpt", args.security_opts.clone().map(Json::from));
    put("GroupAdd", args.groups.clone().map(Json::from));
    Ok(host)
}

/// What is around it: networks, namespaces, files, and how the engine treats it.
fn surroundings(args: &Args) -> Result<Object<String, Json>, String> {
    let mut host = Object::new();
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            host.insert(key.to_owned(), value);
        }
    };
    let binds = args.volumes.as_ref();
    let binds: Option<Vec<&String>> =
        binds.map(|volumes| volumes.iter().filter(|v| v.contains(':')).collect());
    put("Binds", binds.map(|binds| json!(binds)));
    put("VolumesFrom", args.volumes_from.clone().map(Json::from));
    put("VolumeDriver", args.volume_driver.as_deref().map(Json::from));
    put("Mounts", all(args.mounts.as_deref(), mount)?);
    put("Tmpfs", args.tmpfs.as_deref().map(tmpfs));
    put("ReadonlyRootfs", args.read_only.map(Json::from));
    put("StorageOpt", args.storage_opts.as_ref().map(texts));
    let log = args.log_driver.is_some() || args.log_options.is_some();
    put(
        "LogConfig",
        log.then(|| {
            let mut log = Object::new();
            if let Some(driver) = &args.log_driver {
                log.insert("Type".to_owned(), json!(driver));
            }
            if let Some(options) = &args.log_options {
                log.insert("Config".to_owned(), texts(options));
            }
            Json::Object(log)
        }),
    );
    put("NetworkMode", network_mode(args).map(Json::from));
    put("PublishAllPorts", args.publish_all_ports.map(Json::from));
    put("ExtraHosts", args.etc_hosts.as_ref().map(|hosts| pairs(hosts, ":")));
    put("Dns", args.dns_servers.clone().map(Json::from));
    put("DnsSearch", args.dns_search_domains.clone().map(Json::from));
    put("DnsOptions", args.dns_opts.clone().map(Json::from));
    put("IpcMode", args.ipc_mode.as_deref().map(Json::from));
    put("PidMode", args.pid_mode.as_deref().map(Json::from));
    put("UTSMode", args.uts.as_deref().map(Json::from));
    put("UsernsMode", args.userns_mode.as_deref().map(Json::from));
    put("CgroupnsMode", args.cgroupns_mode.map(|mode| json!(mode)));
    put("Sysctls", args.sysctls.as_ref().map(texts));
    put("Init", args.init.map(Json::from));
    put("AutoRemove", args.auto_remove.map(Json::from));
    put("RestartPolicy", restart(args));
    Ok(host)
}

/// The network that it is made in: where nothing else is said, the first of `networks`, as Ansible has it.
pub(super) fn network_mode(args: &Args) -> Option<&str> {
    let first = || {
        let networks = args.networks.as_ref().filter(|_| args.networks_cli_compatible)?;
        networks.first().map(|network| network.name.as_str())
    };
    args.network_mode.as_deref().or_else(first)
}

/// What becomes of each.
fn all<T>(given: Option<&[T]>, one: impl Fn(&T) -> Result<Json, String>) -> Result<Option<Json>, String> {
    given.map(|given| given.iter().map(one).collect::<Result<Vec<_>, _>>().map(Json::from)).transpose()
}

fn pairs(map: &Map, between: &str) -> Json {
    map.iter().map(|(key, value)| format!("{key}{between}{value}")).collect::<Vec<_>>().into()
}

fn empty_objects(keys: Vec<&String>) -> Json {
    keys.into_iter().map(|key| (key.clone(), json!({}))).collect::<Object<_, _>>().into()
}

/// `NAME:SOFT:HARD`, or `NAME:BOTH`.
fn ulimit(text: &str) -> Result<Json, String> {
    let wrong = || format!("argument `ulimits`: `{text}` is not `NAME:SOFT:HARD`");
    let (name, limits) = text.split_once([':', '=']).ok_or_else(wrong)?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let number = |text: &str| match text.trim() {
        "unlimited" => Ok(-1),
        text => text.parse::<i64>().map_err(|_| wrong()),
    };
    Ok(json!({"Name": name, "Soft": number(soft)?, "Hard": number(hard)?}))
}

/// `PATH`, `PATH:INSIDE` or `PATH:INSIDE:rwm`.
fn device(text: &str) -> Json {
    let mut parts = text.split(':');
    let path = parts.next().unwrap_or_default();
    let inside = parts.next().filter(|inside| !inside.is_empty()).unwrap_or(path);
    let access = parts.next().unwrap_or("rwm");
    json!({"PathOnHost": path, "PathInContainer": inside, "CgroupPermissions": access})
}

fn device_request(request: &DeviceRequest) -> Json {
    let DeviceRequest { capabilities, count, device_ids, driver, options } = request;
    let mut body = Object::new();
    let mut put = |key: &str, value: Option<Json>| body.extend(value.map(|value| (key.to_owned(), value)));
    put("Driver", driver.as_deref().map(Json::from));
    put("Count", count.map(Json::from));
    put("DeviceIDs", device_ids.clone().map(Json::from));
    put("Capabilities", capabilities.clone().map(Json::from));
    put("Options", options.as_ref().map(texts));
    Json::Object(body)
}

fn tmpfs(given: &[String]) -> Json {
    let one = |text: &String| match text.split_once(':') {
        Some((path, options)) => (path.to_owned(), json!(options)),
        None => (text.clone(), json!("")),
    };
    given.iter().map(one).collect::<Object<_, _>>().into()
}

fn restart(args: &Args) -> Option<Json> {
    let name = match args.restart_policy? {
        Restart::No => "no",
        Restart::Always => "always",
        Restart::OnFailure => "on-failure",
        Restart::UnlessStopped => "unless-stopped",
    };
    Some(json!({"Name": name, "MaximumRetryCount": args.restart_retries.unwrap_or(0)}))
}

fn health_check(check: &HealthCheck) -> Result<Json, String> {
    let time = |name: &str, value: &Option<String>| {
        value.as_deref().map(|v| nanoseconds(&format!("healthcheck.{name}"), v)).transpose()
    };
    let mut body = Object::new();
    let mut put = |key: &str, value: Option<Json>| body.extend(value.map(|value| (key.to_owned(), value)));
    let test = match &check.test {
        None => None,
        Some(list) if list.as_list().is_some() => Some(json!(words_of(list)?)),
        Some(line) if line.to_string() == "NONE" => Some(json!(["NONE"])),
        Some(line) => Some(json!(["CMD-SHELL", line.to_string()])),
    };
    put("Test", test);
    put("Interval", time("interval", &check.interval)?.map(Json::from));
    put("Timeout", time("timeout", &check.timeout)?.map(Json::from));
    put("StartPeriod", time("start_period", &check.start_period)?.map(Json::from));
    put("StartInterval", time("start_interval", &check.start_interval)?.map(Json::from));
    put("Retries", check.retries.map(Json::from));
    Ok(Json::Object(body))
}
