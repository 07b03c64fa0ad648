//! The mounts of a container as the API has them.

use serde_json::{Map as Object, Value as Json, json};

use super::arguments::{Mount, MountKind};
use crate::action::docker::quantity::bytes;
use crate::action::docker::texts;
use crate::base::{Key, Map, Value};

/// A `Mount` of the API, in which only stands what is given; or which argument cannot be read.
pub(super) fn mount(mount: &Mount) -> Result<Json, String> {
    let Mount { target, source, kind, read_only, .. } = mount;
    let mut body =
        Object::from_iter([("Target".to_owned(), json!(target)), ("Type".to_owned(), json!(kind))]);
    let mut put = |key: &str, value: Option<Json>| body.extend(value.map(|value| (key.to_owned(), value)));
    put("Source", source.as_deref().map(Json::from));
    put("ReadOnly", read_only.map(Json::from));
    put("Consistency", mount.consistency.map(|consistency| json!(consistency)));
    put("BindOptions", bind(mount));
    put("VolumeOptions", volume(mount));
    put("TmpfsOptions", memory(mount)?);
    let part = mount.subpath.as_ref().filter(|_| *kind == MountKind::Image);
    put("ImageOptions", part.map(|part| json!({"Subpath": part})));
    Ok(Json::Object(body))
}

/// What is there of these, if anything is.
fn options<const N: usize>(pairs: [(&str, Option<Json>); N]) -> Option<Json> {
    let given = pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let options: Object<String, Json> = given.collect();
    (!options.is_empty()).then_some(Json::Object(options))
}

fn bind(mount: &Mount) -> Option<Json> {
    options([
        ("Propagation", mount.propagation.map(|propagation| json!(propagation))),
        ("CreateMountpoint", mount.create_mountpoint.map(Json::from)),
        ("NonRecursive", mount.non_recursive.map(Json::from)),
        ("ReadOnlyNonRecursive", mount.read_only_non_recursive.map(Json::from)),
        ("ReadOnlyForceRecursive", mount.read_only_force_recursive.map(Json::from)),
    ])
}

fn volume(mount: &Mount) -> Option<Json> {
    let driver = options([
        ("Name", mount.volume_driver.as_deref().map(Json::from)),
        ("Options", mount.volume_options.as_ref().map(texts)),
    ]);
    let part = mount.subpath.as_deref().filter(|_| mount.kind == MountKind::Volume);
    options([
        ("NoCopy", mount.no_copy.map(Json::from)),
        ("Labels", mount.labels.as_ref().map(texts)),
        ("DriverConfig", driver),
        ("Subpath", part.map(Json::from)),
    ])
}

fn memory(mount: &Mount) -> Result<Option<Json>, String> {
    let size = mount.tmpfs_size.as_ref().map(|size| bytes("mounts.tmpfs_size", size)).transpose()?;
    let mode = |mode: &String| {
        i64::from_str_radix(mode, 8)
            .map_err(|_| format!("argument `mounts.tmpfs_mode`: `{mode}` is no mode, such as `\"1777\"`"))
    };
    let words = mount.tmpfs_options.as_ref().map(|given| {
        let pairs = given.iter().flat_map(Map::iter);
        let word = |(key, value): (&Key, &Value)| match value {
            Value::Null => vec![key.to_string()],
            value => vec![key.to_string(), value.to_string()],
        };
        json!(pairs.map(word).collect::<Vec<_>>())
    });
    Ok(options([
        ("SizeBytes", size.map(Json::from)),
        ("Mode", mount.tmpfs_mode.as_ref().map(mode).transpose()?.map(Json::from)),
        ("Options", words),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::args;

    /// What the engines of the tests are too old for.
    #[test]
    fn newer_options_are_as_the_api_has_them() {
        let body = |given: Json| {
            let map: Map = serde_json::from_value(given).unwrap();
            mount(&args::from_map(&map).unwrap()).unwrap()
        };
        assert_eq!(
            body(
                json!({"target": "/b", "type": "bind", "source": "/a", "read_only": true, "create_mountpoint": true, "read_only_force_recursive": true})
            ),
            json!({"Target": "/b", "Type": "bind", "Source": "/a", "ReadOnly": true, "BindOptions": {"CreateMountpoint": true, "ReadOnlyForceRecursive": true}})
        );
        assert_eq!(
            body(json!({"target": "/i", "type": "image", "source": "busybox", "subpath": "bin"})),
            json!({"Target": "/i", "Type": "image", "Source": "busybox", "ImageOptions": {"Subpath": "bin"}})
        );
        assert_eq!(
            body(json!({"target": "/v", "source": "data", "subpath": "runs", "volume_driver": "local"})),
            json!({"Target": "/v", "Type": "volume", "Source": "data", "VolumeOptions": {"Subpath": "runs", "DriverConfig": {"Name": "local"}}})
        );
        assert_eq!(
            body(
                json!({"target": "/t", "type": "tmpfs", "tmpfs_options": [{"noexec": null}, {"huge": "always"}]})
            ),
            json!({"Target": "/t", "Type": "tmpfs", "TmpfsOptions": {"Options": [["noexec"], ["huge", "always"]]}})
        );
    }
}
