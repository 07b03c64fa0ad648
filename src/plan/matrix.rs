//! A case multiplied by its matrix.

use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use crate::base::{CaseId, Diagnostic, Map, Spanned, Value};
use crate::model::Case;

/// A case with one value per axis.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// `stream[threads=1,mib=64]`
    pub id: CaseId,
    /// In the order of the axes.
    pub params: Map,
}

impl Build<'_> {
    /// All instances, the last axis turning fastest.
    pub fn instances(&mut self, case: &Case, around: &Surroundings) -> Vec<Instance> {
        let mut all: Vec<Map> = vec![Map::new()];
        for axis in &case.matrix {
            let what = format!("the matrix of case `{}`", case.name.value);
            let known = self.known.same_everywhere(around, &axis.values.value, &axis.values.span, &what);
            let Some(values) = self.found.keep(known) else { return Vec::new() };
            let Value::List(values) = values else {
                self.found.push(
                    Diagnostic::error(
                        "wrong-type",
                        format!("the axis `{}` must be a list, not {}", axis.name.value, values.kind()),
                    )
                    .at(&axis.values.span),
                );
                return Vec::new();
            };
            if values.is_empty() {
                let message =
                    format!("the axis `{}` has no values, so the case would never run", axis.name.value);
                self.found.push(Diagnostic::error("empty-matrix", message).at(&axis.values.span));
            }
            let longer = |params: &Map| {
                let with = |v: &Value| {
                    let mut params = params.clone();
                    params.insert(&axis.name.value, v.clone());
                    params
                };
                values.iter().map(with).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        let instances: Vec<Instance> =
            all.into_iter().map(|params| Instance { id: id(&case.name.value, &params), params }).collect();
        for (i, instance) in instances.iter().enumerate() {
            if instances[..i].iter().any(|other| other.id == instance.id) {
                let message = format!("the matrix gives `{}` twice", instance.id);
                self.found.push(
                    Diagnostic::error("duplicate-case", message)
                        .at(&case.name.span)
                        .help("the values of an axis must differ"),
                );
                return Vec::new();
            }
        }
        instances
    }

    /// Remembers a case for what `--case` may say.
    pub fn draft_case_known(&mut self, name: &Arc<str>, instance: &Instance) {
        self.known_cases.push((Arc::clone(name), instance.id.clone(), instance.params.clone()));
    }

    /// A number of the text that must be known before contact.
    pub fn number(
        &mut self,
        value: Option<&Spanned<Value>>,
        around: &Surroundings,
        default: u32,
        least: u32,
    ) -> u32 {
        let Some(written) = value else { return default };
        let rendered = self.known.same_everywhere(around, &written.value, &written.span, "this number");
        let Some(rendered) = self.found.keep(rendered) else { return default };
        let number = match &rendered {
            Value::String(text) => text.as_str().trim().parse().ok(),
            other => other.as_int().and_then(|i| u32::try_from(i).ok()),
        };
        if let Some(number) = number.filter(|n| *n >= least && *n <= 1_000_000) {
            return number;
        }
        let given = match &rendered {
            Value::List(_) | Value::Map(_) => rendered.kind().to_owned(),
            other => format!("`{other}`"),
        };
        let message = format!("a whole number from {least} on is wanted here, not {given}");
        self.found.push(Diagnostic::error("wrong-type", message).at(&written.span));
        default
    }
}

/// `stream[threads=1,mib=64]`; without parameters the name alone.
fn id(name: &str, params: &Map) -> CaseId {
    if params.is_empty() {
        return CaseId::from(name);
    }
    let part = |value: &Value| value.to_string().replace([',', '[', ']', '=', '/', '\n'], "_");
    let parts: Vec<String> = params.iter().map(|(k, v)| format!("{k}={}", part(v))).collect();
    CaseId::from(format!("{name}[{}]", parts.join(",")))
}
