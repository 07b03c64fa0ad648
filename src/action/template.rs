//! `template`: renders a file of the user with the host's variables and has the module `copy` put the text in place.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::source::{mode_of, upload};
use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::encoding::Encoding;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Source, Span, args};
use crate::model::{Level, VarLayer};
use crate::module::file_args;
use crate::vars::{FileOptions, Templar, template_variables};
use crate::wire::Outcome;

/// Renders a file with the host's variables and puts it in its place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[allow(dead_code)] // what is not read here goes on to `copy` as it is
struct Args {
    /// The template on the controller; looked for in `templates/` and beside the tasks.
    src: String,
    /// Where the text should be on the target.
    dest: String,
    /// Keeps a copy of what was there.
    #[serde(default)]
    backup: bool,
    /// Replaces a file that is there and differs.
    #[serde(default = "yes")]
    force: bool,
    /// Writes to what a link at `dest` leads to.
    #[serde(default)]
    follow: bool,
    /// A command that must succeed before the file is put in place; `%s` is the new file.
    #[serde(default)]
    validate: Option<String>,
    /// The newline after a block tag is left out.
    #[serde(default = "yes")]
    trim_blocks: bool,
    /// The blanks before a block tag are left out.
    #[serde(default)]
    lstrip_blocks: bool,
    /// What ends a line: `\n`, `\r` or `\r\n`.
    #[serde(default)]
    newline_sequence: Option<String>,
    /// Instead of `{{`.
    #[serde(default)]
    #[schemars(extend("default" = "{{"))]
    variable_start_string: Option<String>,
    /// How the file is encoded.
    #[serde(default)]
    #[schemars(extend("default" = "utf-8"))]
    output_encoding: Option<String>,
    /// Instead of `}}`.
    #[serde(default)]
    #[schemars(extend("default" = "}}"))]
    variable_end_string: Option<String>,
    /// Instead of `{%`.
    #[serde(default)]
    #[schemars(extend("default" = "{%"))]
    block_start_string: Option<String>,
    /// Instead of `%}`.
    #[serde(default)]
    #[schemars(extend("default" = "%}"))]
    block_end_string: Option<String>,
    /// Instead of `{#`.
    #[serde(default)]
    comment_start_string: Option<String>,
    /// Instead of `#}`.
    #[serde(default)]
    comment_end_string: Option<String>,
}

fn yes() -> bool {
    true
}

/// What goes on to `copy`.
const PASSED_ON: [&str; 5] = ["dest", "backup", "force", "follow", "validate"];

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "template",
        summary: "Renders a file with the host's variables and puts it in its place.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: file_args::schema::<Args>,
    },
    unrendered: &[],
    run,
};

/// What the arguments cannot be, in words that playbooks know.
pub(super) fn judge(map: &Map) -> Result<(), String> {
    let given = |name: &str| map.get(name).is_some_and(|value| !value.is_null());
    if given("src") && given("dest") { Ok(()) } else { Err("src and dest are required".to_owned()) }
}

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { template(map, ctx).await.map_or_else(|failed| *failed, Done::from) })
}

async fn template(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Box<Done>> {
    let (mut passed, own) = file_args::split_off(map);
    let args: Args = args::from_map(&own).map_err(|e| Outcome::failed(e.to_string()))?;
    let path = ctx.find("templates", &args.src)?;
    let shown = crate::load::shown(&path);
    let read = ctx.files().read_text(&path);
    let text = read.map_err(|e| Outcome::failed(format!("cannot read the template {shown}: {e}")))?;
    let source = Source::new(shown, text);
    let place = Span::new(&source, 0, source.text().len());
    let scope = ctx.templar.scope();
    let managed = scope.lookup("ansible_managed").is_some();
    let environment = ctx.templar.environment();
    let of_itself = Arc::new(template_variables(&path, &args.src, Some(&args.dest), managed, environment));
    let layer =
        VarLayer { level: Level::TaskVars, origin: "template".into(), span: place.clone(), vars: of_itself };
    let rendered = Templar::new(scope.clone().with(layer), Arc::clone(environment)).template_file(
        source.text(),
        &place,
        &options(&args),
    )?;
    for name in PASSED_ON {
        if let Some(value) = map.get(name) {
            passed.insert(name, value.clone());
        }
    }
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let encoding = args.output_encoding.as_deref().filter(|name| !name.is_empty()).unwrap_or("utf-8");
    let bytes = Encoding::named(encoding).and_then(|encoding| encoding.encode(rendered.as_str()));
    let bytes = bytes.map_err(Outcome::failed)?;
    let source = ctx.diff.then_some(path.as_path());
    let mut outcome = ctx.target.call(upload(&passed, name, mode_of(&path), source, bytes)).await;
    outcome.values.insert("src", path.display().to_string());
    Ok(outcome)
}

fn options(args: &Args) -> FileOptions {
    let marks = |open: &Option<String>, close: &Option<String>, default: (&str, &str)| {
        (open.is_some() || close.is_some()).then(|| {
            let one =
                |mark: &Option<String>, default: &str| mark.clone().unwrap_or_else(|| default.to_owned());
            (one(open, default.0), one(close, default.1))
        })
    };
    let newline = args.newline_sequence.as_deref().unwrap_or("\n");
    FileOptions {
        trim_blocks: args.trim_blocks,
        lstrip_blocks: args.lstrip_blocks,
        newline_sequence: newline.replace("\\r", "\r").replace("\\n", "\n"),
        block_marks: marks(&args.block_start_string, &args.block_end_string, ("{%", "%}")),
        variable_marks: marks(&args.variable_start_string, &args.variable_end_string, ("{{", "}}")),
        comment_marks: marks(&args.comment_start_string, &args.comment_end_string, ("{#", "#}")),
        ..FileOptions::default()
    }
}
