//! Who a task becomes: what keywords, variables and the command line say, and which of them wins.
//!
//! As in Ansible: a variable of the host or the task beats the nearest keyword, which beats the command line.

use crate::base::value::Value;
use crate::base::{Diagnostic, Secret, Spanned};
use crate::model::Becoming;
use crate::vars::{Problem, Templar, TemplateError};

/// The methods there are; `run` knows what each of them is.
pub const METHODS: [&str; 3] = ["sudo", "su", "doas"];
/// Who is meant when nobody says.
const ROOT: &str = "root";

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct AskedBecoming {
    /// `--become`
    pub r#become: bool,
    /// `--become-user`
    pub user: Option<String>,
    /// `--become-method`
    pub method: Option<String>,
    /// The program, where it is not the method's own.
    pub exe: Option<String>,
    /// Its arguments, where they are not the usual ones.
    pub flags: Option<String>,
    /// Also whoever is that user (`become_allow_same_user`).
    pub same_user: bool,
}

/// Another user, and how one becomes that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The user's name.
    pub user: String,
    /// One of [`METHODS`].
    pub method: String,
    /// The program, if it is not the method's own.
    pub exe: Option<String>,
    /// Its arguments, if they are not the usual ones.
    pub flags: Option<String>,
    /// What a variable says.
    pub password: Option<Secret>,
}

/// Picks a keyword.
type Keyword = (&'static str, fn(&Becoming) -> &Option<Spanned<Value>>);

impl Becoming {
    /// The user that a task is done as; none when it is the one who logs in.
    pub fn other(&self, asked: &AskedBecoming, templar: &Templar) -> Result<Option<Other>, TemplateError> {
        let wanted = match (
            variable(&["ansible_become"], templar)?,
            self.said(("become", |layer| &layer.r#become), templar)?,
        ) {
            (Some(value), _) => boolean("ansible_become", &value, None)?,
            (None, Some(value)) => boolean("become", &value, self.r#become.as_ref())?,
            (None, None) => asked.r#become,
        };
        if !wanted {
            return Ok(None);
        }
        let text = |names: &[&str], keyword: Keyword| -> Result<_, TemplateError> {
            let value = variable(names, templar)?;
            Ok(if value.is_some() { value } else { self.said(keyword, templar)? }.map(|v| v.to_string()))
        };
        let method = text(&["ansible_become_method"], ("become_method", |layer| &layer.method))?;
        let method = method.or_else(|| asked.method.clone()).unwrap_or_else(|| METHODS[0].into());
        let Some(method) = known(&method) else {
            let span = self.method.as_ref().map(|m| m.span.clone());
            return Err(TemplateError::new(Problem::Failed(unknown(&method)), span));
        };
        let own = |what: &str| format!("ansible_{method}_{what}");
        // The later name wins, as in Ansible.
        let user = text(&[&own("user"), "ansible_become_user"], ("become_user", |layer| &layer.user))?;
        let password = [&own("pass"), "ansible_become_pass", "ansible_become_password"];
        Ok(Some(Other {
            user: user.or_else(|| asked.user.clone()).unwrap_or_else(|| ROOT.into()),
            exe: text(&[&own("exe"), "ansible_become_exe"], ("become_exe", |layer| &layer.exe))?
                .or_else(|| asked.exe.clone()),
            flags: text(&[&own("flags"), "ansible_become_flags"], ("become_flags", |layer| &layer.flags))?
                .or_else(|| asked.flags.clone()),
            password: variable(&password, templar)?.map(|value| Secret::from(value.to_string())),
            method: method.to_owned(),
        }))
    }

    /// What a keyword says: the nearest that does not give `omit`.
    fn said(&self, (name, keyword): Keyword, templar: &Templar) -> Result<Option<Value>, TemplateError> {
        for said in self.layers().filter_map(|layer| keyword(layer).as_ref()) {
            let value = templar.render(&said.value);
            match value.map_err(|error| error.of_keyword(name, Some(&said.span)))? {
                Value::Null => return Ok(None),
                Value::Omit => {}
                value => return Ok(Some(value)),
            }
        }
        Ok(None)
    }

    /// What is wrong with it whatever the hosts are.
    pub(super) fn problem(&self) -> Option<Diagnostic> {
        let method = self.method.as_ref().filter(|m| !m.value.has_template())?;
        let name = method.value.to_string();
        known(&name).is_none().then(|| {
            Diagnostic::error("unknown-become-method", unknown(&name))
                .at(&method.span)
                .suggest(&name, METHODS)
                .help(format!("the methods are {}", METHODS.join(", ")))
        })
    }
}

/// The short name of a method.
fn known(name: &str) -> Option<&'static str> {
    let short = name.rsplit('.').next().unwrap_or(name);
    METHODS.into_iter().find(|method| *method == short)
}

fn unknown(name: &str) -> String {
    format!("there is no become method `{name}`")
}

/// The first of these variables that says something.
fn variable(names: &[&str], templar: &Templar) -> Result<Option<Value>, TemplateError> {
    for name in names {
        if let Some((value, _)) = templar.scope().lookup(name) {
            let value = templar.render(value)?;
            if !matches!(value, Value::Null | Value::Omit) {
                return Ok(Some(value));
            }
        }
    }
    Ok(None)
}

fn boolean(name: &str, value: &Value, keyword: Option<&Spanned<Value>>) -> Result<bool, TemplateError> {
    value.to_bool().ok_or_else(|| {
        let problem = Problem::Failed(format!("`{name}` must be a boolean, not {}", value.kind()));
        TemplateError::new(problem, keyword.map(|k| k.span.clone()))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::{Map, Span, SystemClock};
    use crate::load::DiskFiles;
    use crate::model::{Level, VarLayer};
    use crate::vars::{Environment, Scope};

    #[allow(clippy::unnecessary_wraps)] // as keywords are kept
    fn keyword(value: impl Into<Value>) -> Option<Spanned<Value>> {
        Some(Spanned::new(value.into(), Span::nowhere("a test")))
    }

    fn other(becoming: &Becoming, asked: &AskedBecoming, vars: &[(&str, &str)]) -> Option<Other> {
        let vars: Map = vars.iter().map(|(name, value)| (*name, *value)).collect();
        let span = Span::nowhere("a test");
        let layer =
            VarLayer { level: Level::InventoryHostVars, origin: "a test".into(), span, vars: Arc::new(vars) };
        let environment = Environment::new(Arc::new(DiskFiles), Arc::new(SystemClock));
        let templar = Templar::new(Scope::new().with(layer), Arc::new(environment));
        becoming.other(asked, &templar).unwrap()
    }

    #[test]
    fn variables_beat_keywords_and_keywords_beat_the_command_line() {
        let asked = AskedBecoming {
            r#become: true,
            user: Some("ann".into()),
            method: Some("su".into()),
            same_user: false,
            exe: None,
            flags: None,
        };
        let nobody = AskedBecoming::default();
        let silent = Becoming::default();
        assert_eq!(other(&silent, &nobody, &[]), None);
        let root = other(&Becoming { r#become: keyword(true), ..silent.clone() }, &nobody, &[]).unwrap();
        assert_eq!((root.user.as_str(), root.method.as_str()), ("root", "sudo"));
        let line = other(&silent, &asked, &[]).unwrap();
        assert_eq!((line.user.as_str(), line.method.as_str()), ("ann", "su"));
        assert_eq!(other(&Becoming { r#become: keyword(false), ..silent.clone() }, &asked, &[]), None);
        let said = Becoming {
            r#become: keyword(false),
            user: keyword("bob"),
            method: keyword("ansible.builtin.sudo"),
            ..silent.clone()
        };
        let vars = [("ansible_become", "yes"), ("ansible_become_method", "doas"), ("ansible_doas_pass", "x")];
        let found = other(&said, &asked, &vars).unwrap();
        assert_eq!((found.user.as_str(), found.method.as_str()), ("bob", "doas"));
        assert_eq!(found.password, Some("x".into()));
        let omitted = Becoming {
            r#become: keyword(Value::Omit),
            outer: Some(Arc::new(Becoming { r#become: keyword(true), ..silent.clone() })),
            ..silent.clone()
        };
        assert!(other(&omitted, &nobody, &[]).is_some());
        let found = other(&said, &asked, &[("ansible_become", "1"), ("ansible_become_user", "eve")]).unwrap();
        assert_eq!((found.user.as_str(), found.password), ("eve", None));
    }
}
