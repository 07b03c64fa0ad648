//! Tasks, blocks and role entries: what stands in a list of tasks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Keywords, Metric};
use crate::base::spec::{Argument, short_name};
use crate::base::value::has_marks;
use crate::base::{Span, Spanned, Value};

/// An entry of a list of tasks.
#[derive(Clone, Debug)]
pub enum Item {
    /// A task, also `import_*` and `include_*` (by their [`Call::name`]).
    Task(Arc<Task>),
    /// A block.
    Block(Arc<Block>),
}

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// The whole mapping.
    pub span: Span,
    /// What it shares with blocks and plays.
    pub keywords: Keywords,
    /// The module or action and its arguments.
    pub call: Call,
    /// `loop` or `with_*`
    pub r#loop: Option<Loop>,
    /// `loop_control`
    pub loop_control: LoopControl,
    /// `register`
    pub register: Option<Spanned<Arc<str>>>,
    /// `changed_when`: all must hold.
    pub changed_when: Vec<Spanned<Value>>,
    /// `failed_when`: all must hold.
    pub failed_when: Vec<Spanned<Value>>,
    /// `until`: all must hold.
    pub until: Vec<Spanned<Value>>,
    /// `retries`, default 3 with `until`.
    pub retries: Option<Spanned<Value>>,
    /// `delay`, seconds between tries, default 5.
    pub delay: Option<Spanned<Value>>,
    /// `listen` (handlers)
    pub listen: Vec<Spanned<Value>>,
    /// `async`, seconds.
    pub r#async: Option<Spanned<Value>>,
    /// `poll`, seconds.
    pub poll: Option<Spanned<Value>>,
    /// `durable`
    pub durable: Option<Spanned<Value>>,
    /// `metrics`
    pub metrics: Vec<Metric>,
}

impl Task {
    /// A task that says nothing but what it calls.
    pub fn calling(call: Call) -> Self {
        Self {
            span: call.name.span.clone(),
            keywords: Keywords::default(),
            call,
            r#loop: None,
            loop_control: LoopControl::default(),
            register: None,
            changed_when: Vec::new(),
            failed_when: Vec::new(),
            until: Vec::new(),
            retries: None,
            delay: None,
            listen: Vec::new(),
            r#async: None,
            poll: None,
            durable: None,
            metrics: Vec::new(),
        }
    }
}

/// A module or action with its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name as it is written: `copy`, `ansible.builtin.copy`.
    pub name: Spanned<Arc<str>>,
    /// A plain string (`command: echo hi`), not yet split.
    pub free_form: Option<Spanned<Value>>,
    /// `key: value`, from the mapping, from `args:` and from `k=v` words.
    pub arguments: Vec<Argument>,
    /// `args: "{{ mapping }}"`
    pub arguments_template: Option<Spanned<Value>>,
}

impl Call {
    /// The name without its collection.
    pub fn short_name(&self) -> &str {
        short_name(&self.name.value)
    }

    /// Whether one host does it for all without being told to.
    pub fn is_for_all(&self) -> bool {
        matches!(self.short_name(), "add_host" | "pause")
    }

    /// An argument by name.
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|a| &*a.name == name)
    }
}

/// What a task is repeated over.
#[derive(Clone, Debug)]
pub struct Loop {
    /// `None` for `loop`, else the lookup after `with_` (`items`, `dict`, …).
    pub lookup: Option<Arc<str>>,
    /// A list, or a template that gives one.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// `loop_control`
#[derive(Clone, Debug, Default)]
pub struct LoopControl {
    /// Default `item`.
    pub loop_var: Option<Arc<str>>,
    /// Gets the number of the item, from 0.
    pub index_var: Option<Arc<str>>,
    /// What is shown instead of the item.
    pub label: Option<Spanned<Value>>,
    /// Seconds between items.
    pub pause: Option<Spanned<Value>>,
    /// Whether `ansible_loop` is set.
    pub extended: Option<Spanned<Value>>,
    /// Whether `ansible_loop` has all items in it; it has by default.
    pub extended_allitems: Option<Spanned<Value>>,
    /// Ends the loop when all hold after an item.
    pub break_when: Vec<Spanned<Value>>,
}

impl LoopControl {
    /// The name of the loop variable.
    pub fn variable(&self) -> &str {
        self.loop_var.as_deref().unwrap_or("item")
    }
}

/// A block with its rescue and always.
#[derive(Clone, Debug)]
pub struct Block {
    /// The whole mapping.
    pub span: Span,
    /// What its tasks inherit.
    pub keywords: Keywords,
    /// `block`
    pub body: Vec<Item>,
    /// `rescue`
    pub rescue: Vec<Item>,
    /// `always`
    pub always: Vec<Item>,
}

/// An entry of `roles:`, of a role's dependencies or of `container: configure:`.
#[derive(Clone, Debug)]
pub struct RoleEntry {
    /// The role's name, possibly a template.
    pub role: Spanned<Value>,
    /// The whole entry.
    pub span: Span,
    /// What the role's tasks inherit; `keywords.vars` holds `vars:`.
    pub keywords: Keywords,
    /// Keys that are no keyword: role parameters.
    pub params: Arc<crate::base::Map>,
    /// `tasks_from`, `vars_from`, `defaults_from`, `handlers_from`
    pub from: RoleFrom,
    /// `allow_duplicates`
    pub allow_duplicates: Option<bool>,
    /// `public`: whether the role's variables are seen by all of the play. `import_role` and `roles:` do so unless told not
    /// to, `include_role` only when told to.
    pub public: Option<bool>,
    /// `rolespec_validate`: whether arguments are held against what the role says of them.
    pub validate: bool,
    /// What of these is a template.
    pub later: Vec<(Switch, Spanned<Value>)>,
}

/// What a use of a role says with `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// `allow_duplicates`
    AllowDuplicates,
    /// `public`
    Public,
    /// `rolespec_validate`
    RolespecValidate,
}

impl Switch {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AllowDuplicates => "allow_duplicates",
            Self::Public => "public",
            Self::RolespecValidate => "rolespec_validate",
        }
    }
}

impl RoleEntry {
    /// The same, with what is known of these now.
    #[must_use]
    pub fn switched(mut self, switches: &[(Switch, bool)]) -> Self {
        for (switch, value) in switches {
            match switch {
                Switch::AllowDuplicates => self.allow_duplicates = Some(*value),
                Switch::Public => self.public = Some(*value),
                Switch::RolespecValidate => self.validate = *value,
            }
        }
        self
    }
}

/// Other files than `main` of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleFrom {
    /// `tasks_from`
    pub tasks: Option<Arc<str>>,
    /// `vars_from`
    pub vars: Option<Arc<str>>,
    /// `defaults_from`
    pub defaults: Option<Arc<str>>,
    /// `handlers_from`
    pub handlers: Option<Arc<str>>,
}

impl RoleFrom {
    /// Whether a name is a template.
    pub fn has_template(&self) -> bool {
        [&self.tasks, &self.vars, &self.defaults, &self.handlers]
            .into_iter()
            .flatten()
            .any(|name| has_marks(name))
    }

    /// With its names rendered; `span` is where they stand.
    pub fn rendered<E>(&self, span: &Span, render: impl Fn(&Value) -> Result<String, E>) -> Result<Self, E> {
        let one = |name: &Option<Arc<str>>| match name {
            Some(name) => {
                let name = render(&Value::template(Arc::clone(name), span.clone()))?;
                // What is omitted is not said.
                Ok((!name.is_empty()).then(|| name.into()))
            }
            None => Ok(None),
        };
        Ok(Self {
            tasks: one(&self.tasks)?,
            vars: one(&self.vars)?,
            defaults: one(&self.defaults)?,
            handlers: one(&self.handlers)?,
        })
    }
}
