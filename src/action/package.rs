//! `package`: has the module of the target's package manager do it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::manager::{AUTO, chosen, fact, word};
use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::Map;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Installs or removes packages by the module that the fact `ansible_pkg_mgr` names. Other arguments go on to that module.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // they go on to the modules as they are
struct Args {
    /// The packages, by the names that the target's package manager has for them.
    #[schemars(with = "Option<Vec<String>>")]
    name: Option<crate::base::Value>,
    /// `present`, `absent`, `latest`, or what else the package manager's module knows.
    state: Option<String>,
    /// The package manager's module; by default what the variable `ansible_package_use` or the fact `ansible_pkg_mgr` says.
    #[serde(rename = "use")]
    #[schemars(extend("default" = "auto"))]
    using: Option<String>,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "package",
        summary: "Installs or removes packages by the target's package manager.",
        free_form: None,
        open: true,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { package(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn package(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let (args, said) = chosen(map);
    let name = match said {
        Some(name) => name,
        None => match variable(ctx)? {
            Some(name) => name,
            None => fact("pkg_mgr", ctx).await?.ok_or_else(|| {
                Outcome::failed("Could not detect a package manager. Try using the \"use\" option.")
            })?,
        },
    };
    if name == AUTO {
        let words = "Could not detect which package manager to use. Try gathering facts or setting the \"use\" option.";
        return Err(Outcome::failed(words));
    }
    let done = ctx.modules.call(&name, args, None).await;
    done.map_err(|_| {
        Outcome::failed(format!("Could not find a matching action for the \"{name}\" package manager."))
    })
}

/// What the user says once for all tasks.
fn variable(ctx: &ActionContext<'_>) -> Result<Option<String>, Outcome> {
    let Some((value, _)) = ctx.templar.scope().lookup("ansible_package_use") else { return Ok(None) };
    let value = ctx.templar.render(value).map_err(|error| Outcome::failed(error.to_string()))?;
    Ok(word(Some(&value)).filter(|name| name != AUTO))
}
