//! Values while a template runs: what [`Value`] cannot be, because it is shared and never changes. Lists and mappings here can
//! be appended to, as in Python, and render what they hold when it is touched.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::missing::Missing;
use super::run::{ScopeId, Unit};
use super::session::Session;
use super::syntax::{self, Statement};
use crate::base::{Key, Map, Value};
use crate::vars::LazyMap;
use crate::vars::functions::Function;
use crate::vars::python::type_name;

/// A value in a running template.
#[derive(Clone)]
pub(super) enum Val {
    /// Anything but lists, mappings and what is undefined.
    Plain(Value),
    List(Rc<List>),
    Map(Rc<Dict>),
    /// What has no value. It is an error wherever it is used, but for those that are prepared for it.
    Missing(Rc<Missing>),
    Object(Rc<Object>),
}

/// Which of Python's sequences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sequence {
    List,
    Tuple,
    /// A tuple of `groupby`, which has names for its two items.
    Group,
}

impl Sequence {
    pub(super) fn is_tuple(self) -> bool {
        self != Sequence::List
    }
}

pub(super) struct List {
    pub(super) sequence: Sequence,
    pub(super) items: RefCell<Items>,
}

pub(super) enum Items {
    /// Of a variable; templates in it are rendered in the session when they are touched.
    Shared(Arc<Vec<Value>>, Rc<Session>),
    Own(Vec<Val>),
}

pub(super) struct Dict {
    pub(super) entries: RefCell<Entries>,
}

pub(super) enum Entries {
    /// As [`Items::Shared`].
    Shared(Arc<Map>, Rc<Session>),
    Own(IndexMap<Key, Val>),
}

/// What is no data.
pub(super) enum Object {
    Range {
        start: i128,
        stop: i128,
        stride: i128,
    },
    Namespace(RefCell<IndexMap<Arc<str>, Val>>),
    Macro(MacroObject),
    /// What an imported file defines.
    Module(Module),
    Loop(LoopObject),
    Function(&'static Function),
    /// `range`, `lookup`, …: functions that need the engine.
    Builtin(Builtin),
    /// A mapping that is filled when asked.
    Lazy(Arc<dyn LazyMap>, Rc<Session>),
    /// All variables of a scope.
    Variables(Rc<Session>),
    Cycler(Vec<Val>, Cell<usize>),
    Joiner(Val, Cell<bool>),
    /// A method that is not called.
    Method(Val, Arc<str>),
    /// The difference of two dates, in microseconds.
    Duration(i128),
    /// The definition of a block that is so many files away from the innermost, for `super()`.
    Super(Arc<syntax::Block>, usize),
    /// All blocks of a template, for `self.name()`.
    Blocks(Rc<Unit>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Builtin {
    Range,
    Namespace,
    Cycler,
    Joiner,
    Lookup,
    Query,
}

pub(super) struct Module {
    pub(super) names: IndexMap<Arc<str>, Val>,
    /// What the file itself printed.
    pub(super) printed: String,
}

pub(super) struct MacroObject {
    pub(super) unit: Rc<Unit>,
    pub(super) definition: Arc<syntax::Macro>,
    pub(super) scope: ScopeId,
    /// Whether the body names them.
    pub(super) takes: Takes,
}

/// What a macro takes besides its parameters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Takes {
    pub(super) varargs: bool,
    pub(super) kwargs: bool,
    pub(super) caller: bool,
}

/// The variable `loop`.
pub(super) struct LoopObject {
    pub(super) items: Rc<[Val]>,
    pub(super) at: Cell<usize>,
    pub(super) depth: usize,
    pub(super) changed: RefCell<Option<Val>>,
    /// To call it again for children.
    pub(super) recursive: Option<(Rc<Unit>, LoopBody, ScopeId)>,
}

#[derive(Clone)]
pub(super) struct LoopBody {
    pub(super) target: syntax::Target,
    pub(super) body: Arc<[Statement]>,
}

impl Val {
    pub(super) fn null() -> Self {
        Val::Plain(Value::Null)
    }

    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Val::Plain(Value::from(text.into()))
    }

    pub(super) fn int(i: impl Into<i128>) -> Self {
        Val::Plain(Value::Int(i.into()))
    }

    pub(super) fn size(n: usize) -> Self {
        Val::Plain(Value::from(n))
    }

    pub(super) fn bool(b: bool) -> Self {
        Val::Plain(Value::Bool(b))
    }

    pub(super) fn list(items: Vec<Val>) -> Self {
        Val::sequence(Sequence::List, items)
    }

    pub(super) fn tuple(items: Vec<Val>) -> Self {
        Val::sequence(Sequence::Tuple, items)
    }

    pub(super) fn sequence(sequence: Sequence, items: Vec<Val>) -> Self {
        Val::List(Rc::new(List { sequence, items: RefCell::new(Items::Own(items)) }))
    }

    pub(super) fn map(entries: IndexMap<Key, Val>) -> Self {
        Val::Map(Rc::new(Dict { entries: RefCell::new(Entries::Own(entries)) }))
    }

    pub(super) fn object(object: Object) -> Self {
        Val::Object(Rc::new(object))
    }

    /// The text of a string.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Val::Plain(Value::String(text)) => Some(text.as_str()),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Val::Plain(Value::Null))
    }

    /// A whole number, as Python's operators take it: booleans count.
    pub(super) fn as_index(&self) -> Option<i128> {
        match self {
            Val::Plain(Value::Int(i)) => Some(*i),
            Val::Plain(Value::Bool(b)) => Some(i128::from(*b)),
            _ => None,
        }
    }

    /// What kind of thing this is, as messages name it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Val::Plain(value) => value.kind(),
            Val::List(list) if list.sequence.is_tuple() => "a tuple",
            Val::List(_) => "a list",
            Val::Map(_) => "a mapping",
            Val::Missing(_) => "undefined",
            Val::Object(object) => match &**object {
                Object::Range { .. } => "a range",
                Object::Namespace(_) => "a namespace",
                Object::Macro(_) | Object::Super(..) => "a macro",
                Object::Blocks(_) => "the blocks of a template",
                Object::Module(_) => "an imported template",
                Object::Loop(_) => "a loop",
                Object::Function(_) | Object::Builtin(_) => "a function",
                Object::Lazy(..) | Object::Variables(_) => "a mapping",
                Object::Cycler(..) | Object::Joiner(..) => "a helper of loops",
                Object::Method(..) => "a method",
                Object::Duration(_) => "a duration",
            },
        }
    }

    /// The name Python gives to the kind.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Val::Plain(value) => type_name(value),
            Val::List(list) if list.sequence == Sequence::Tuple => "tuple",
            Val::List(list) if list.sequence == Sequence::Group => "GroupTuple",
            Val::List(_) => "list",
            Val::Map(_) => "dict",
            Val::Missing(_) => "UndefinedMarker",
            Val::Object(object) => match &**object {
                Object::Range { .. } => "range",
                Object::Namespace(_) => "Namespace",
                Object::Macro(_) => "Macro",
                Object::Super(..) => "BlockReference",
                Object::Blocks(_) => "TemplateReference",
                Object::Module(_) => "TemplateModule",
                Object::Loop(_) => "LoopContext",
                Object::Function(_) | Object::Builtin(_) => "function",
                Object::Lazy(..) => "HostVars",
                Object::Variables(_) => "HostVarsVars",
                Object::Cycler(..) => "Cycler",
                Object::Joiner(..) => "Joiner",
                Object::Method(..) => "builtin_function_or_method",
                Object::Duration(_) => "timedelta",
            },
        }
    }
}

/// How many numbers a range has.
pub(super) fn range_length(start: i128, stop: i128, stride: i128) -> i128 {
    let distance = if stride > 0 { stop.saturating_sub(start) } else { start.saturating_sub(stop) };
    let stride = stride.saturating_abs();
    if distance <= 0 { 0 } else { (distance - 1) / stride + 1 }
}
