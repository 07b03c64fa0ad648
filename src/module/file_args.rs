//! What all modules that write files take beside their own arguments.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::{Answer, Failure};
use super::path::variable_value;
use super::{Context, Mode};
use crate::base::spec::schema_of;
use crate::base::{Key, Map, Value, args};
use crate::wire::Outcome;

/// Owner, group, mode and the like.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileArgs {
    /// The mode: octal text (`"0644"`) or symbolic (`u+rwX,o=`).
    pub mode: Option<Mode>,
    /// The user it should belong to.
    pub owner: Option<String>,
    /// The group it should belong to.
    pub group: Option<String>,
    /// Flags of the file system, as `chattr` has them: `+i`, `-a`, or `i` for these and no others.
    #[serde(alias = "attr")]
    #[schemars(extend("x-aliases" = ["attr"]))]
    pub attributes: Option<String>,
    /// The user of the SELinux context; `_default` is what the policy says. Nothing is done where SELinux is not enabled.
    pub seuser: Option<String>,
    /// The role of the SELinux context.
    pub serole: Option<String>,
    /// The type of the SELinux context.
    pub setype: Option<String>,
    /// The level of the SELinux context.
    pub selevel: Option<String>,
    /// Write into the file itself where it cannot be replaced, such as a file that is mounted into a container. Whoever reads it
    /// meanwhile may see half of it. By default what `ANSIBLE_UNSAFE_WRITES` in the environment says.
    unsafe_writes: Option<bool>,
}

impl FileArgs {
    /// Whether to write into what cannot be replaced.
    pub fn is_unsafe(&self) -> bool {
        self.unsafe_writes.unwrap_or(false)
    }
}

/// All names that are read here.
pub const NAMES: [&str; 10] = [
    "mode",
    "owner",
    "group",
    "attributes",
    "attr",
    "seuser",
    "serole",
    "setype",
    "selevel",
    "unsafe_writes",
];

/// The arguments of a module, and behind them those of all files, for [`crate::base::spec::Spec::schema`].
pub fn schema<T: JsonSchema>() -> Schema {
    let mut schema = schema_of::<T>();
    let mut common = schema_of::<FileArgs>();
    for key in ["properties", "$defs"] {
        let Some(serde_json::Value::Object(from)) = common.remove(key) else { continue };
        let to = schema.ensure_object().entry(key).or_insert_with(|| serde_json::Map::new().into());
        if let Some(to) = to.as_object_mut() {
            // What a module says of its own argument counts.
            for (name, value) in from {
                to.entry(name).or_insert(value);
            }
        }
    }
    schema
}

/// The arguments that are read here, and all others.
pub fn split_off(map: &Map) -> (Map, Map) {
    split(map, &NAMES)
}

/// What other modules have as their call, for a module whose schema is made here.
pub fn call<A: DeserializeOwned>(
    map: &Map,
    ctx: &mut Context<'_>,
    run: fn(&A, &FileArgs, &mut Context<'_>) -> Answer,
) -> Outcome {
    super::timed(ctx, &mut |ctx| {
        let (common, own) = common(map, ctx)?;
        run(&args::from_map(&own)?, &common, ctx)
    })
}

/// The arguments of these names, and the others.
pub(super) fn split(map: &Map, names: &[&str]) -> (Map, Map) {
    let some = |common: bool| -> Map {
        let wanted = |key: &Key| key.as_str().is_some_and(|key| names.contains(&key)) == common;
        let pairs = map.iter().filter(|(key, _)| wanted(key));
        pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    (some(true), some(false))
}

/// The arguments of all files, and the others.
pub(super) fn common(map: &Map, ctx: &Context<'_>) -> Result<(FileArgs, Map), Failure> {
    let (common, own) = split(map, &NAMES);
    if let Some(mode) = common.get("mode").and_then(Value::as_str)
        && Mode::parse(mode).is_err()
    {
        // Words that playbooks know.
        return Err(Failure::new("mode must be in octal or symbolic form")
            .with("details", format!("bad symbolic permission for mode: {mode}")));
    }
    let mut common: FileArgs = args::from_map(&common)?;
    // What a user may set for all tasks of a target.
    let always = variable_value("ANSIBLE_UNSAFE_WRITES", ctx).and_then(|text| Value::from(text).to_bool());
    common.unsafe_writes = common.unsafe_writes.or(always);
    Ok((common, own))
}
