//! `yum_repository`: a section of a file in `/etc/yum.repos.d`.

mod ini;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::ini::Ini;
use super::accounts::Presence;
use super::attributes::Attributes;
use super::edited::{self, Edited};
use super::failure::Doing;
use super::file_args::{self, FileArgs};
use super::{Answer, Context, Failure, Module, TargetPath, difference};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::Outcome;

/// Keeps a source of packages of dnf and yum. What is not said here is an option of that file, see dnf.conf(5).
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The section.
    #[serde(skip_serializing)]
    name: String,
    /// The name for people; needed with `state: present`.
    #[serde(rename(serialize = "name"))]
    description: Option<String>,
    /// Whether it should be there.
    #[serde(default, skip_serializing)]
    #[schemars(extend("default" = "present"))]
    state: Presence,
    /// The file, without `.repo`; by default named after the section.
    #[serde(skip_serializing)]
    file: Option<String>,
    /// The folder of the file.
    #[serde(default = "folder", skip_serializing)]
    #[schemars(extend("default" = "/etc/yum.repos.d"))]
    reposdir: TargetPath,
    #[serde(rename = "async")]
    r#async: Option<bool>,
    bandwidth: Option<String>,
    /// Where it is. One of `baseurl`, `mirrorlist`, `metalink` is needed with `state: present`.
    baseurl: Option<Vec<String>>,
    cost: Option<String>,
    countme: Option<bool>,
    deltarpm_metadata_percentage: Option<String>,
    deltarpm_percentage: Option<String>,
    enabled: Option<bool>,
    enablegroups: Option<bool>,
    #[serde(alias = "excludepkgs")]
    #[schemars(extend("x-aliases" = ["excludepkgs"]))]
    exclude: Option<Vec<String>>,
    #[schemars(extend("enum" = ["roundrobin", "priority"]))]
    failovermethod: Option<String>,
    gpgcakey: Option<String>,
    gpgcheck: Option<bool>,
    gpgkey: Option<Vec<String>>,
    #[schemars(extend("enum" = ["all", "packages", "none"]))]
    http_caching: Option<String>,
    include: Option<String>,
    includepkgs: Option<Vec<String>>,
    #[schemars(extend("enum" = ["4", "6", "IPv4", "IPv6", "whatever"]))]
    ip_resolve: Option<String>,
    keepalive: Option<bool>,
    #[schemars(extend("enum" = ["0", "1"]))]
    keepcache: Option<String>,
    metadata_expire: Option<String>,
    #[schemars(extend("enum" = ["never", "read-only:past", "read-only:present", "read-only:future"]))]
    metadata_expire_filter: Option<String>,
    metalink: Option<String>,
    mirrorlist: Option<String>,
    mirrorlist_expire: Option<String>,
    module_hotfixes: Option<bool>,
    password: Option<String>,
    priority: Option<String>,
    protect: Option<bool>,
    proxy: Option<String>,
    proxy_password: Option<String>,
    proxy_username: Option<String>,
    repo_gpgcheck: Option<bool>,
    retries: Option<String>,
    s3_enabled: Option<bool>,
    skip_if_unavailable: Option<bool>,
    ssl_check_cert_permissions: Option<bool>,
    #[serde(alias = "ca_cert")]
    #[schemars(extend("x-aliases" = ["ca_cert"]))]
    sslcacert: Option<String>,
    #[serde(alias = "client_cert")]
    #[schemars(extend("x-aliases" = ["client_cert"]))]
    sslclientcert: Option<String>,
    #[serde(alias = "client_key")]
    #[schemars(extend("x-aliases" = ["client_key"]))]
    sslclientkey: Option<String>,
    #[serde(alias = "validate_certs")]
    #[schemars(extend("x-aliases" = ["validate_certs"]))]
    sslverify: Option<bool>,
    throttle: Option<String>,
    timeout: Option<String>,
    ui_repoid_vars: Option<String>,
    username: Option<String>,
}

fn folder() -> TargetPath {
    TargetPath::from("/etc/yum.repos.d")
}

pub(super) const SPEC: Spec = Spec {
    name: "yum_repository",
    summary: "Keeps a source of packages of dnf and yum.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, ensure) };

/// What some options may be.
const CHOICES: [(&str, &[&str]); 5] = [
    ("failovermethod", &["roundrobin", "priority"]),
    ("http_caching", &["all", "packages", "none"]),
    ("ip_resolve", &["4", "6", "IPv4", "IPv6", "whatever"]),
    ("keepcache", &["0", "1"]),
    ("metadata_expire_filter", &["never", "read-only:past", "read-only:present", "read-only:future"]),
];

fn ensure(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let options = options(args)?;
    if args.state == Presence::Present {
        if args.baseurl.is_none() && args.mirrorlist.is_none() && args.metalink.is_none() {
            let words =
                "state is present but any of the following are missing: baseurl, mirrorlist, metalink";
            return Err(Failure::new(words));
        }
        if args.description.is_none() {
            return Err(Failure::new("state is present but all of the following are missing: description"));
        }
    }
    let folder = args.reposdir.expand(ctx);
    if !folder.is_dir() {
        return Err(Failure::new(format!("Repo directory '{}' does not exist.", folder.display())));
    }
    let path = folder.join(format!("{}.repo", args.file.as_ref().unwrap_or(&args.name)));
    let before = edited::read(&path)?;
    let text = before.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let mut ini = Ini::parse(&text);
    let old = ini.told();
    ini.remove(&args.name);
    if args.state == Presence::Present {
        ini.add(&args.name, options);
    }
    let new = ini.told();
    let mut outcome = Outcome::ok(old != new);
    let shown = path.display().to_string();
    if ini.is_empty() && outcome.changed {
        if !ctx.check() {
            std::fs::remove_file(&path).doing("remove", &path)?;
        }
    } else if before.is_some() || outcome.changed {
        // What means the same is not written again.
        let after = if outcome.changed { ini.text().into_bytes() } else { text.into_owned().into_bytes() };
        let edited =
            Edited { path: &path, before, backup: false, validate: None, apart: false, follow: true, file };
        edited.put(&after, &mut outcome, ctx)?;
        outcome.msg = None;
    } else {
        // Names are looked up all the same.
        Attributes::find(file, &path, ctx)?;
    }
    if ctx.diff() {
        difference::tell_one(&mut outcome, difference::of_bytes(&shown, old.as_bytes(), new.as_bytes()));
    }
    let state = if args.state == Presence::Present { "present" } else { "absent" };
    Ok(outcome.with("repo", args.name.as_str()).with("state", state))
}

/// The options of the section, in alphabetical order.
fn options(args: &Args) -> Result<Vec<(String, String)>, Failure> {
    let serde_json::Value::Object(all) =
        serde_json::to_value(args).map_err(|e| Failure::new(e.to_string()))?
    else {
        return Ok(Vec::new());
    };
    let mut options = Vec::new();
    for (name, value) in all {
        let text = match value {
            serde_json::Value::Bool(flag) => u8::from(flag).to_string(),
            serde_json::Value::String(text) => text,
            serde_json::Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(serde_json::Value::as_str).collect();
                items.join(if ["exclude", "includepkgs"].contains(&name.as_str()) { " " } else { "\n" })
            }
            _ => continue,
        };
        let choices = CHOICES.iter().find(|(option, _)| *option == name).map(|(_, choices)| choices);
        if let Some(choices) = choices.filter(|choices| !choices.contains(&text.as_str())) {
            let msg = format!("value of {name} must be one of: {}, got: {text}", choices.join(", "));
            return Err(Failure::new(msg));
        }
        options.push((name, text));
    }
    options.sort();
    Ok(options)
}
