//! `group_by`: puts the host into a group that is named by its variables.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::wire::Outcome;

/// Puts the host into a group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The group; blanks become `-`.
    key: String,
    /// Groups that it becomes a child of.
    #[serde(default = "all")]
    parents: Vec<String>,
}

fn all() -> Vec<String> {
    vec!["all".to_owned()]
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "group_by",
        summary: "Puts the host into a group that is named by its variables.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, _: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move {
        let args: Args = match args::from_map(map) {
            Ok(args) => args,
            Err(error) => return Outcome::failed(error.to_string()).into(),
        };
        let name = |name: &String| name.replace(' ', "-").into();
        let parents: Vec<std::sync::Arc<str>> = args.parents.iter().map(name).collect();
        let group: std::sync::Arc<str> = name(&args.key);
        let outcome = Outcome::ok(false)
            .with("add_group", group.as_ref())
            .with("parent_groups", parents.iter().map(std::convert::AsRef::as_ref).collect::<Vec<&str>>());
        Done {
            outcome,
            effects: Effects { groups: vec![(group, parents)], ..Effects::default() },
            ..Done::default()
        }
    })
}
