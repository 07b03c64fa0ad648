//! What Ansible's collection takes to reach an engine, and we do not need.

use schemars::Schema;
use serde_json::{Map as Object, Value as Json, json};

const THROUGH_THE_AGENT: &str =
    "leave it out: the engine is asked over its socket on the host, through the agent, and needs no TLS";

/// Adds them to those that a module refuses, for `#[schemars(transform = …)]`.
pub(super) fn with_connection(schema: &mut Schema) {
    let refused = schema.ensure_object().entry("x-unsupported").or_insert_with(|| Object::new().into());
    let Some(refused) = refused.as_object_mut() else { return };
    for name in
        ["ca_path", "client_cert", "client_key", "tls", "tls_hostname", "use_ssh_client", "validate_certs"]
    {
        refused.insert(name.to_owned(), json!(THROUGH_THE_AGENT));
    }
    for name in [
        "tls_ca_cert",
        "cacert_path",
        "tls_client_cert",
        "cert_path",
        "tls_client_key",
        "key_path",
        "tls_verify",
    ] {
        refused.insert(name.to_owned(), json!(THROUGH_THE_AGENT));
    }
    let others = [
        ("api_version", "leave it out: the version is agreed on with the engine"),
        ("docker_api_version", "leave it out: the version is agreed on with the engine"),
        ("debug", "leave it out: `-vvv` tells more"),
        ("timeout", "give the task a `timeout`"),
    ];
    refused.extend(others.map(|(name, instead)| (name.to_owned(), Json::from(instead))));
}
