//! What all modules that ask servers take beside their own arguments, and how a question is made of it.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::Answer;
use super::file_args::{self, FileArgs};
use super::net::Ask;
use super::{Context, TargetPath};
use crate::base::spec::schema_of;
use crate::base::{Map, args};
use crate::wire::Outcome;

/// How a server is asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct UrlArgs {
    /// Ask for the content itself, not for a copy that somebody has kept.
    #[serde(default)]
    pub force: bool,
    /// Who asks, in the header `User-Agent`.
    #[serde(default = "agent")]
    pub http_agent: String,
    /// Ask the proxy that `http_proxy`, `https_proxy` and `no_proxy` in the environment name.
    #[serde(default = "yes")]
    pub use_proxy: bool,
    /// The server's certificate must be one that the target trusts.
    #[serde(default = "yes")]
    pub validate_certs: bool,
    /// Send name and password before the server asks for them.
    #[serde(default)]
    pub force_basic_auth: bool,
    /// A file of the target with the certificate that shows who asks, and perhaps its key.
    pub client_cert: Option<TargetPath>,
    /// A file of the target with the key of `client_cert`.
    pub client_key: Option<TargetPath>,
    /// Unpack what comes packed by gzip.
    #[serde(default = "yes")]
    pub decompress: bool,
    /// More headers.
    pub headers: Option<Map>,
    /// Names of headers that are not sent to where the server points.
    #[serde(default)]
    pub unredirected_headers: Vec<String>,
    /// Look for name and password in `~/.netrc`.
    #[serde(default = "yes")]
    pub use_netrc: bool,
}

fn yes() -> bool {
    true
}

fn agent() -> String {
    "ansible-httpget".to_owned()
}

/// All names that are read here.
const NAMES: [&str; 11] = [
    "force",
    "http_agent",
    "use_proxy",
    "validate_certs",
    "force_basic_auth",
    "client_cert",
    "client_key",
    "decompress",
    "headers",
    "unredirected_headers",
    "use_netrc",
];

/// What Ansible takes too, and what to do instead.
const UNSUPPORTED: [(&str, &str); 2] = [
    ("use_gssapi", "there is no Kerberos here; call `curl --negotiate` by `command`"),
    ("ciphers", "TLS 1.2 and 1.3 are spoken with the ciphers of rustls; leave it out"),
];

/// The arguments of a module, those of addresses and those of all files.
pub fn schema<T: JsonSchema>() -> Schema {
    let mut schema = file_args::schema::<T>();
    let mut common = schema_of::<UrlArgs>();
    if let Some(serde_json::Value::Object(from)) = common.remove("properties")
        && let Some(to) =
            schema.ensure_object().get_mut("properties").and_then(serde_json::Value::as_object_mut)
    {
        for (name, value) in from {
            to.entry(name).or_insert(value);
        }
    }
    let refused = UNSUPPORTED.map(|(name, instead)| (name.to_owned(), instead.into()));
    schema.insert("x-unsupported".to_owned(), serde_json::Value::Object(refused.into_iter().collect()));
    schema
}

/// As [`file_args::call`], for a module whose schema is made here.
pub fn call<A: DeserializeOwned>(
    map: &Map,
    ctx: &mut Context<'_>,
    run: fn(&A, &UrlArgs, &FileArgs, &mut Context<'_>) -> Answer,
) -> Outcome {
    super::timed(ctx, &mut |ctx| {
        let (url, rest) = file_args::split(map, &NAMES);
        let (file, own) = file_args::common(&rest, ctx)?;
        run(&args::from_map(&own)?, &args::from_map(&url)?, &file, ctx)
    })
}

impl UrlArgs {
    /// The question that asks for this address.
    pub fn ask(
        &self,
        url: &str,
        login: (Option<&String>, Option<&String>),
        timeout: u64,
        ctx: &mut Context<'_>,
    ) -> Ask {
        let headers = self.headers.iter().flat_map(Map::iter);
        let name = login.0.filter(|name| !name.is_empty());
        Ask {
            url: url.to_owned(),
            method: "GET".to_owned(),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            unredirected: self.unredirected_headers.clone(),
            timeout,
            use_proxy: self.use_proxy,
            validate: self.validate_certs,
            certificate: self.client_cert.as_ref().map(|path| path.expand(ctx)),
            key: self.client_key.as_ref().map(|path| path.expand(ctx)),
            login: name.map(|name| (name.clone(), login.1.cloned().unwrap_or_default())),
            at_once: self.force_basic_auth,
            netrc: self.use_netrc,
            agent: self.http_agent.clone(),
            fresh: self.force,
            decompress: self.decompress,
            ..Ask::default()
        }
    }
}
