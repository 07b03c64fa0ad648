//! What a template is once it has been read: statements and expressions, each with its place in the text.
//!
//! Immutable and shared by all threads; knows nothing of variables.

use std::ops::Range;
use std::sync::Arc;

use crate::base::{Key, Text, Value};

/// Stack that one level of evaluation needs at most, and how much is added when it is short.
pub(super) const STACK: (usize, usize) = (256 * 1024, 2 * 1024 * 1024);

/// Expressions, and lists and mappings, that may stand inside each other; more are no longer written by a person.
pub(super) const DEEPEST: u16 = 500;

/// A place in a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// Texts are shorter than 4 GiB.
    pub(super) fn new(start: usize, end: usize) -> Self {
        let short = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: short(start), end: short(end) }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of this to the end of the other.
    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.end) }
    }
}

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) expression: Expression,
}

/// A computation.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Constant(Value),
    /// A literal with marks inside, which lookups and conditions render.
    Template(Text),
    Name(Arc<str>),
    List(Vec<Node>),
    Tuple(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Negative(Box<Node>),
    Positive(Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    Concat(Vec<Node>),
    Compare(Box<Node>, Vec<(Comparison, Node)>),
    If(Box<Choice>),
    Attribute(Box<Node>, Arc<str>),
    Item(Box<Node>, Box<Node>),
    Slice(Box<Slice>),
    Call(Box<Node>, Box<Arguments>),
    /// Without a subject it is that of a `{% filter %}` or `{% set %}` block.
    Filter(Box<Applied>),
    Test(Box<Applied>),
}

impl Expression {
    /// Calls `see` with each expression right inside of this one.
    pub(super) fn inner<'a>(&'a self, see: &mut dyn FnMut(&'a Node)) {
        match self {
            Expression::Constant(_) | Expression::Template(_) | Expression::Name(_) => {}
            Expression::List(nodes) | Expression::Tuple(nodes) | Expression::Concat(nodes) => {
                nodes.iter().for_each(see);
            }
            Expression::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).for_each(see),
            Expression::Negative(node)
            | Expression::Positive(node)
            | Expression::Not(node)
            | Expression::Attribute(node, _) => see(node),
            Expression::And(left, right)
            | Expression::Or(left, right)
            | Expression::Arithmetic(_, left, right)
            | Expression::Item(left, right) => {
                see(left);
                see(right);
            }
            Expression::Compare(first, rest) => {
                see(first);
                for (_, node) in rest {
                    see(node);
                }
            }
            Expression::If(choice) => {
                see(&choice.condition);
                see(&choice.then);
                choice.otherwise.iter().for_each(see);
            }
            Expression::Slice(slice) => {
                see(&slice.subject);
                [&slice.start, &slice.stop, &slice.stride].into_iter().flatten().for_each(see);
            }
            Expression::Call(callee, arguments) => {
                see(callee);
                arguments.inner(see);
            }
            Expression::Filter(applied) | Expression::Test(applied) => {
                applied.subject.iter().for_each(&mut *see);
                applied.arguments.inner(see);
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// `then if condition else otherwise`.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) condition: Node,
    pub(super) then: Node,
    pub(super) otherwise: Option<Node>,
}

/// `subject[start:stop:step]`.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) subject: Node,
    pub(super) start: Option<Node>,
    pub(super) stop: Option<Node>,
    pub(super) stride: Option<Node>,
}

/// A filter or a test with its arguments.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) subject: Option<Node>,
    pub(super) name: Arc<str>,
    /// Of the name.
    pub(super) place: Place,
    pub(super) arguments: Arguments,
}

impl Applied {
    /// From its subject to the end of its arguments.
    pub(super) fn around(&self, place: Place) -> Place {
        self.subject.as_ref().map_or(self.place, |subject| subject.place).to(place)
    }
}

/// What stands in the brackets of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Node>,
    pub(super) named: Vec<(Arc<str>, Node)>,
    /// `*list`
    pub(super) spread: Option<Node>,
    /// `**mapping`
    pub(super) named_spread: Option<Node>,
}

impl Arguments {
    fn inner<'a>(&'a self, see: &mut dyn FnMut(&'a Node)) {
        self.positional.iter().for_each(&mut *see);
        for (_, node) in &self.named {
            see(node);
        }
        [&self.spread, &self.named_spread].into_iter().flatten().for_each(see);
    }
}

/// One part of a template.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    /// Text as it is.
    Data(Arc<str>),
    /// `{{ }}`
    Print(Node),
    If(Vec<(Node, Vec<Statement>)>, Vec<Statement>),
    For(Box<Loop>),
    Set(Target, Node),
    /// `{% set x %}…{% endset %}`, with the filter it may name.
    Capture(Target, Option<Node>, Vec<Statement>),
    With(Vec<(Target, Node)>, Vec<Statement>),
    Filter(Node, Vec<Statement>),
    Macro(Arc<Macro>),
    /// `{% call(args) macro(…) %}…{% endcall %}`
    Call(Node, Arc<Macro>),
    Block(Arc<Block>),
    Extends(Node),
    Include(Box<Include>),
    Import(Box<Import>),
}

/// What is assigned to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Name(Arc<str>),
    /// `namespace.attribute`
    Attribute(Arc<str>, Arc<str>, Place),
    Tuple(Vec<Target>, Place),
}

impl Target {
    /// The names it binds.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        match self {
            Target::Name(name) => vec![Arc::clone(name)],
            Target::Attribute(..) => Vec::new(),
            Target::Tuple(targets, _) => targets.iter().flat_map(Target::names).collect(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) target: Target,
    pub(super) over: Node,
    pub(super) filter: Option<Node>,
    pub(super) recursive: bool,
    pub(super) body: Arc<[Statement]>,
    pub(super) otherwise: Vec<Statement>,
}

/// A macro, or the block that `call` hands over.
#[derive(Debug)]
pub(super) struct Macro {
    pub(super) name: Arc<str>,
    pub(super) parameters: Vec<(Arc<str>, Option<Node>)>,
    pub(super) body: Vec<Statement>,
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) name: Arc<str>,
    /// Whether it sees what is bound around it, as a round of a loop.
    pub(super) scoped: bool,
    /// Whether another file must define it.
    pub(super) required: bool,
    pub(super) place: Place,
    pub(super) body: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub(super) struct Include {
    pub(super) name: Node,
    pub(super) ignore_missing: bool,
    pub(super) with_context: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Import {
    pub(super) file: Node,
    pub(super) with_context: bool,
    pub(super) names: Imported,
}

#[derive(Clone, Debug)]
pub(super) enum Imported {
    /// `import 'x' as name`
    Module(Arc<str>),
    /// `from 'x' import a, b as c`
    Names(Vec<(Arc<str>, Arc<str>)>),
}

/// A constant as a key of a mapping, when it can be one.
pub(super) fn constant_key(node: &Node) -> Option<Key> {
    match &node.expression {
        Expression::Constant(Value::String(text)) => Some(Key::Str(text.shared())),
        Expression::Constant(Value::Int(i)) => Some(Key::Int(*i)),
        _ => None,
    }
}
