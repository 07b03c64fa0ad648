//! What it means when an engine or its runtime refuses something, and what to do about it: a table of their words.

/// One row: words of an engine, and what they mean.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// All of these must occur, whatever their case.
    pub words: &'static [&'static str],
    /// What it means.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const fn refusal(words: &'static [&'static str], cause: &'static str, remedy: &'static str) -> Refusal {
    Refusal { words, cause, remedy }
}

/// The first row that fits counts. The words are those of Docker 20.10 to 28, containerd, runc, crun and Podman.
pub static REFUSALS: &[Refusal] = &[
    refusal(
        &["error setting rlimit", "type 8"],
        "the host does not let the engine lift the limit of locked memory (memlock)",
        "leave `memlock` out of `ulimits`, or give a value below the engine's own limit; where the engine itself runs in a container or a virtual machine, that needs CAP_SYS_RESOURCE (or a higher `LimitMEMLOCK` of its service)",
    ),
    refusal(
        &["error setting rlimit"],
        "the host does not let the engine raise one of the limits in `ulimits` above its own",
        "give a value below the engine's own limit (`ulimit -H -a` beside it), or run the engine with CAP_SYS_RESOURCE",
    ),
    refusal(
        &["unable to apply caps"],
        "the engine itself lacks a capability that this container is to have; `privileged` asks for all of them",
        "leave `privileged` out and name what is needed in `capabilities` and `devices`; or run the engine where nothing withholds capabilities from it",
    ),
    refusal(
        &["could not select device driver"],
        "the engine knows no driver for the devices that `device_requests` asks for",
        "install the vendor's container toolkit on this host and restart the engine (`nvidia-ctk runtime configure --runtime=docker`), or pass the devices by `devices`",
    ),
    refusal(
        &["unknown runtime specified"],
        "the engine knows no runtime of that name",
        "install it and name it below `runtimes` in /etc/docker/daemon.json, or leave `runtime` out; `docker info` lists what there is",
    ),
    refusal(
        &["unknown or invalid runtime name"],
        "the engine knows no runtime of that name",
        "install it and name it below `runtimes` in /etc/docker/daemon.json, or leave `runtime` out; `docker info` lists what there is",
    ),
    refusal(
        &["is already in use by container"],
        "another container has this name",
        "choose another `name`, or remove that one; `benchbook clean` removes what dead runs have left",
    ),
    refusal(
        &["port is already allocated"],
        "another container has this port of the host",
        "choose another port in `published_ports`, or stop the container that has it",
    ),
    refusal(
        &["address already in use"],
        "another program has this port of the host",
        "choose another port in `published_ports`, or end the program that listens there",
    ),
    refusal(
        &["error gathering device information"],
        "there is no such device on this host",
        "look at `ls -l /dev` there; a driver that is not loaded makes no devices",
    ),
    refusal(
        &["bind source path does not exist"],
        "there is no such file or folder on this host, and `mounts` makes none",
        "make it first (`file: {state: directory}`), or use `volumes`, which makes a folder",
    ),
    refusal(
        &["executable file not found"],
        "there is no such program in the image",
        "look at `command` and `entrypoint`; without a `command` the image's own is run, and many images have none that stays",
    ),
    refusal(
        &["no command specified"],
        "the image names no program, and `command` is not given",
        "give a `command`, such as `sleep infinity`",
    ),
    refusal(
        &["exec format error"],
        "the image is for another kind of machine",
        "take an image for this host's architecture (`platform`)",
    ),
    refusal(
        &["exec: \"", "no such file or directory"],
        "there is no such program in the image",
        "look at `command` and `entrypoint`",
    ),
    refusal(
        &["exec /", "no such file or directory"],
        "the program is there, but not what it needs to start: its interpreter or loader is missing in the image",
        "look at the first line of a script, or at what `ldd` says of a program",
    ),
    refusal(
        &["exec user process caused", "no such file or directory"],
        "the program is there, but not what it needs to start: its interpreter or loader is missing in the image",
        "look at the first line of a script, or at what `ldd` says of a program",
    ),
    refusal(
        &["read-only file system"],
        "something would be written where nothing can be",
        "give a mount or `tmpfs` there, or leave `read_only` out",
    ),
    refusal(
        &["rootfs is marked read-only"],
        "the container's root file system is read-only",
        "start it with `agent: true`, or with a volume at /.benchbook",
    ),
    refusal(
        &["pull access denied"],
        "there is no such image here, and the registry has none or shows it to nobody unknown",
        "look at the name; or build it (`source: build`), or load it from a file (`source: load`)",
    ),
    refusal(&["manifest unknown"], "the registry has no image with this tag", "look at the tag"),
    refusal(
        &["no matching manifest"],
        "the registry has this image, but not for this kind of machine",
        "take an image for this host's architecture (`platform`)",
    ),
    refusal(
        &["no such host"],
        "the host finds no address for the registry: it has no way out, or no name service",
        "name a registry that it can reach, build the image (`source: build`), or load it from a file (`source: load`)",
    ),
    refusal(
        &["server misbehaving"],
        "the host finds no address for the registry: it has no way out, or no name service",
        "name a registry that it can reach, build the image (`source: build`), or load it from a file (`source: load`)",
    ),
    refusal(
        &["/v2/", "connection refused"],
        "no registry answers at this address",
        "start it, or name another; build the image (`source: build`), or load it from a file (`source: load`)",
    ),
    refusal(
        &["server gave http response to https client"],
        "the registry speaks no TLS",
        "name it below `insecure-registries` in /etc/docker/daemon.json of this host, and restart the engine",
    ),
    refusal(
        &["no space left on device"],
        "the engine's disk is full",
        "`docker system df` there says with what",
    ),
    refusal(
        &["devices cgroup isn't mounted"],
        "the engine does not see the host's control groups",
        "restart the engine; one that runs in a container needs /sys/fs/cgroup",
    ),
    refusal(
        &["minimum memory limit allowed"],
        "`memory` is smaller than the engine allows",
        "give more; a number without a unit means bytes",
    ),
    refusal(
        &["requested cpus are not available"],
        "`cpuset_cpus` names processors that this host does not have",
        "look at `ansible_processor_vcpus`",
    ),
    refusal(
        &["requested memory nodes are not available"],
        "`cpuset_mems` names memory nodes that this host does not have",
        "`numactl --hardware` there lists them",
    ),
    refusal(
        &["range of cpus is from"],
        "`cpus` is more than this host has",
        "look at `ansible_processor_vcpus`",
    ),
    refusal(
        &["conflicting options"],
        "two of the options cannot go together",
        "leave one of them out: a container in the host's network or UTS namespace has no host name of its own, one in the host's or another's network no ports",
    ),
    refusal(
        &["unknown capability"],
        "there is no such capability",
        "`man 7 capabilities` lists them; the engine may be older than the newest",
    ),
    refusal(
        &["network", "not found"],
        "there is no such network on this host",
        "make it first (`docker_network`), or `network_mode: host`, `bridge` or `none`",
    ),
    refusal(
        &["unable to remove", "image is being used"],
        "a container uses this image",
        "remove the container first, or `force_absent: true`",
    ),
    refusal(
        &["image is referenced in multiple repositories"],
        "the image has several names",
        "remove it by its name, or `force_absent: true`",
    ),
    refusal(
        &["has active endpoints"],
        "containers are connected to this network",
        "remove them first, or `force: true`",
    ),
    refusal(
        &["pool overlaps with other one on this address space"],
        "another network has these addresses",
        "choose another `subnet`",
    ),
    refusal(
        &["could not find an available", "address pool"],
        "the engine has no more addresses for networks",
        "remove networks that nobody uses (`docker network prune`), or give a `subnet` in `ipam_config`",
    ),
    refusal(
        &["no default bridge"],
        "the engine was started without its default bridge",
        "`network_mode: host` or `none`, or a network of your own by `docker_network`",
    ),
];

/// What an engine's words mean, where that is known.
pub fn of(words: &str) -> Option<&'static Refusal> {
    let words = words.to_lowercase();
    REFUSALS.iter().find(|row| row.words.iter().all(|word| words.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_found_and_is_found_first_by_its_own_words() {
        for row in REFUSALS {
            let words = row.words.join(" … ");
            assert_eq!(words, words.to_lowercase(), "compared in lower case");
            let found = of(&words.to_uppercase()).expect("it fits itself");
            assert_eq!(found.words, row.words, "an earlier row hides it");
        }
    }

    #[test]
    fn what_engines_say() {
        let said = |words| of(words).map(|row| row.cause);
        let memlock = "OCI runtime create failed: runc create failed: unable to start container process: error during container init: error setting rlimits for ready process: error setting rlimit type 8: operation not permitted";
        assert!(said(memlock).is_some_and(|cause| cause.contains("memlock")));
        assert_eq!(said("a stone fell on it"), None);
    }
}
