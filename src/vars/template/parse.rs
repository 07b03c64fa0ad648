//! Reads templates: minijinja's grammar, turned into what the evaluator runs.

use std::sync::Arc;

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Spanned, Stmt, UnaryOpKind};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, machinery};

use super::backslashes::{self, Prepared};
use super::marks::Marks;
use super::syntax::{
    Applied, Arguments, Arithmetic, Block, Choice, Comparison, DEEPEST, Expression, Import, Imported,
    Include, Loop, Macro, Node, Place, Slice, Statement, Target,
};
use crate::base::value::has_marks;
use crate::base::{Span, Text, Value};

/// Stack that a long chain of operators may take while it is read: as much as the longest expression needs.
const STACK: usize = 256 * 1024 * 1024;
/// Texts from which on a chain of operators may be too long for the usual stack.
const LONG: usize = 2048;

/// Why a text is no template, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) place: Place,
}

fn fail<T>(message: impl Into<String>, place: Place) -> Result<T, SyntaxError> {
    Err(SyntaxError { message: message.into(), place })
}

fn too_long(place: Place) -> SyntaxError {
    SyntaxError { message: "the expression is too long".into(), place }
}

/// The tree of a long text is as deep as its longest chain of operators, also where it is let go.
fn with_stack<T>(text: &str, read: impl FnOnce() -> T) -> T {
    if text.len() > LONG { stacker::maybe_grow(STACK / 2, STACK, read) } else { read() }
}

/// Reads a template.
pub(super) fn template(text: &str, marks: &Marks) -> Result<Vec<Statement>, SyntaxError> {
    let prepared = backslashes::template(text, marks).map_err(too_long)?;
    let syntax = syntax(marks).map_err(|error| refused(&error, &prepared))?;
    with_stack(text, || {
        let parsed = machinery::parse(&prepared.text, "<text>", syntax);
        let parsed = parsed.map_err(|error| refused(&error, &prepared))?;
        let mut reader = Reader { prepared: &prepared, end_of_tag: &marks.block.1, depth: 0 };
        let mut statements = Vec::new();
        reader.statement(&parsed, &mut statements)?;
        Ok(statements)
    })
}

/// Reads an expression without marks around it.
pub(super) fn expression(text: &str) -> Result<Node, SyntaxError> {
    let prepared = backslashes::expression(text).map_err(too_long)?;
    with_stack(text, || {
        let parsed = machinery::parse_expr(&prepared.text).map_err(|error| refused(&error, &prepared))?;
        Reader { prepared: &prepared, end_of_tag: "", depth: 0 }.expression(&parsed)
    })
}

fn syntax(marks: &Marks) -> Result<SyntaxConfig, Error> {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(marks.trim_blocks).lstrip_blocks(marks.lstrip_blocks);
    syntax.block_delimiters(marks.block.0.clone(), marks.block.1.clone());
    syntax.variable_delimiters(marks.print.0.clone(), marks.print.1.clone());
    syntax.comment_delimiters(marks.comment.0.clone(), marks.comment.1.clone());
    syntax.line_statement_prefix(marks.line.clone());
    syntax.build()
}

fn refused(error: &Error, prepared: &Prepared<'_>) -> SyntaxError {
    let range = error.range().unwrap_or(0..0);
    let place = Place::new(prepared.original(range.start), prepared.original(range.end));
    let said = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let message = match said.strip_prefix("unknown statement ") {
        Some(tag @ ("break" | "continue" | "trans" | "debug")) => extension(tag),
        Some(tag) => format!("unknown tag `{tag}`"),
        None => said.replace("end of variable block", "end of the expression"),
    };
    SyntaxError { message, place }
}

fn extension(tag: &str) -> String {
    format!("the tag `{tag}` needs a Jinja extension, and Ansible loads none")
}

struct Reader<'a> {
    prepared: &'a Prepared<'a>,
    end_of_tag: &'a str,
    depth: u16,
}

impl Reader<'_> {
    fn place<T>(&self, node: &Spanned<T>) -> Place {
        let span = node.span();
        let original = |offset: u32| self.prepared.original(offset as usize);
        Place::new(original(span.start_offset), original(span.end_offset))
    }

    /// The place of a name, which is a part of the text.
    fn place_of(&self, name: &str) -> Place {
        let begin = (name.as_ptr() as usize).wrapping_sub(self.prepared.text.as_ptr() as usize);
        if begin > self.prepared.text.len() {
            return Place::default();
        }
        Place::new(self.prepared.original(begin), self.prepared.original(begin + name.len()))
    }

    fn statements(&mut self, body: &[Stmt<'_>]) -> Result<Vec<Statement>, SyntaxError> {
        let mut out = Vec::with_capacity(body.len());
        for statement in body {
            self.statement(statement, &mut out)?;
        }
        Ok(out)
    }

    fn statement(&mut self, statement: &Stmt<'_>, out: &mut Vec<Statement>) -> Result<(), SyntaxError> {
        out.push(match statement {
            Stmt::Template(node) => {
                *out = self.statements(&node.children)?;
                return Ok(());
            }
            Stmt::EmitRaw(node) => Statement::Data(if node.raw.contains('\r') {
                node.raw.replace("\r\n", "\n").replace('\r', "\n").into()
            } else {
                node.raw.into()
            }),
            Stmt::EmitExpr(node) => Statement::Print(self.expression(&node.expr)?),
            Stmt::IfCond(node) => {
                let branch = (self.expression(&node.expr)?, self.statements(&node.true_body)?);
                Statement::If(vec![branch], self.statements(&node.false_body)?)
            }
            Stmt::ForLoop(node) => Statement::For(Box::new(Loop {
                target: self.target(&node.target)?,
                over: self.expression(&node.iter)?,
                filter: self.optional(node.filter_expr.as_ref())?,
                recursive: node.recursive,
                body: self.statements(&node.body)?.into(),
                otherwise: self.statements(&node.else_body)?,
            })),
            Stmt::Set(node) => Statement::Set(self.target(&node.target)?, self.expression(&node.expr)?),
            Stmt::SetBlock(node) => {
                let filter = self.optional(node.filter.as_ref())?;
                Statement::Capture(self.target(&node.target)?, filter, self.statements(&node.body)?)
            }
            Stmt::WithBlock(node) => {
                let assignments = node.assignments.iter();
                let assignments =
                    assignments.map(|(target, value)| Ok((self.target(target)?, self.expression(value)?)));
                let assignments = assignments.collect::<Result<_, SyntaxError>>()?;
                Statement::With(assignments, self.statements(&node.body)?)
            }
            Stmt::FilterBlock(node) => {
                Statement::Filter(self.expression(&node.filter)?, self.statements(&node.body)?)
            }
            // Nothing is ever escaped.
            Stmt::AutoEscape(node) => Statement::With(Vec::new(), self.statements(&node.body)?),
            Stmt::Macro(node) => Statement::Macro(Arc::new(self.definition(
                node.name,
                &node.args,
                &node.defaults,
                &node.body,
            )?)),
            Stmt::CallBlock(node) => {
                let declared = &node.macro_decl;
                let definition =
                    self.definition("caller", &declared.args, &declared.defaults, &declared.body)?;
                let place = self.place(&node.call);
                Statement::Call(self.call(&node.call.expr, &node.call.args, place)?, Arc::new(definition))
            }
            Stmt::Block(node) => {
                let body = self.statements(&node.body)?;
                Statement::Block(Arc::new(Block {
                    name: node.name.into(),
                    scoped: self.tag(node).nth(2) == Some("scoped"),
                    required: node.required,
                    place: self.place_of(node.name),
                    body,
                }))
            }
            Stmt::Extends(node) => Statement::Extends(self.expression(&node.name)?),
            Stmt::Include(node) => Statement::Include(Box::new(Include {
                name: self.expression(&node.name)?,
                ignore_missing: node.ignore_missing,
                with_context: !self.says(node, "without"),
            })),
            Stmt::Import(node) => {
                let Target::Name(name) = self.target(&node.name)? else {
                    return fail("a name is expected", self.place(node));
                };
                self.import(&node.expr, self.says(node, "with"), Imported::Module(name))?
            }
            Stmt::FromImport(node) => {
                let mut names = Vec::with_capacity(node.names.len());
                for (name, alias) in &node.names {
                    let found = self.target(name)?.names();
                    let alias = alias.as_ref().map(|alias| self.target(alias)).transpose()?;
                    let alias = alias.map_or_else(|| found.clone(), |alias| alias.names());
                    names.extend(found.into_iter().zip(alias));
                }
                self.import(&node.expr, self.says(node, "with"), Imported::Names(names))?
            }
            Stmt::Do(node) => return fail(extension("do"), self.place(node)),
        });
        Ok(())
    }

    /// The words of a tag, some of which the grammar skips.
    fn tag<T>(&self, node: &Spanned<T>) -> impl Iterator<Item = &str> {
        let tag = self.prepared.text.get(node.span().start_offset as usize..).unwrap_or_default();
        let tag = tag.split(self.end_of_tag).next().unwrap_or_default();
        tag.split_whitespace().map(|word| word.trim_end_matches(['-', '+']))
    }

    /// Whether a tag says `with context` or `without context`.
    fn says<T>(&self, node: &Spanned<T>, with: &str) -> bool {
        let words: Vec<&str> = self.tag(node).collect();
        words.windows(2).any(|pair| pair == [with, "context"])
    }

    fn import(
        &mut self,
        file: &Expr<'_>,
        with_context: bool,
        names: Imported,
    ) -> Result<Statement, SyntaxError> {
        Ok(Statement::Import(Box::new(Import { file: self.expression(file)?, with_context, names })))
    }

    fn definition(
        &mut self,
        name: &str,
        parameters: &[Expr<'_>],
        defaults: &[Expr<'_>],
        body: &[Stmt<'_>],
    ) -> Result<Macro, SyntaxError> {
        let without = parameters.len() - defaults.len().min(parameters.len());
        let mut read = Vec::with_capacity(parameters.len());
        for (place, parameter) in parameters.iter().enumerate() {
            let default = place.checked_sub(without).and_then(|place| defaults.get(place));
            let default = self.optional(default)?;
            read.extend(self.target(parameter)?.names().into_iter().map(|name| (name, default.clone())));
        }
        Ok(Macro { name: name.into(), parameters: read, body: self.statements(body)? })
    }

    fn target(&self, target: &Expr<'_>) -> Result<Target, SyntaxError> {
        match target {
            Expr::Var(node) => Ok(Target::Name(node.id.into())),
            Expr::GetAttr(node) => match &node.expr {
                Expr::Var(name) => Ok(Target::Attribute(name.id.into(), node.name.into(), self.place(node))),
                _ => fail("this cannot be assigned to", self.place(node)),
            },
            Expr::List(node) => {
                let targets = node.items.iter().map(|item| self.target(item)).collect::<Result<_, _>>()?;
                Ok(Target::Tuple(targets, self.place(node)))
            }
            Expr::Tuple(node) => {
                let targets = node.items.iter().map(|item| self.target(item)).collect::<Result<_, _>>()?;
                Ok(Target::Tuple(targets, self.place(node)))
            }
            _ => fail("this cannot be assigned to", Place::default()),
        }
    }

    fn optional(&mut self, node: Option<&Expr<'_>>) -> Result<Option<Node>, SyntaxError> {
        node.map(|node| self.expression(node)).transpose()
    }

    fn boxed(&mut self, node: &Expr<'_>) -> Result<Box<Node>, SyntaxError> {
        self.expression(node).map(Box::new)
    }

    fn all(&mut self, nodes: &[Expr<'_>]) -> Result<Vec<Node>, SyntaxError> {
        nodes.iter().map(|node| self.expression(node)).collect()
    }

    fn expression(&mut self, expression: &Expr<'_>) -> Result<Node, SyntaxError> {
        if self.depth >= DEEPEST {
            let span = expression.span();
            let place = self.prepared.original(span.start_offset as usize);
            return fail("this is nested too deeply", Place::new(place, place));
        }
        self.depth += 1;
        let node = self.node(expression);
        self.depth -= 1;
        node
    }

    fn node(&mut self, expression: &Expr<'_>) -> Result<Node, SyntaxError> {
        let (place, expression) = match expression {
            Expr::Var(node) => (self.place(node), Expression::Name(node.id.into())),
            Expr::Const(node) => {
                let place = self.place(node);
                let constant = constant(&node.value);
                if matches!(&constant, Expression::Constant(Value::Float(x)) if x.is_infinite()) {
                    return fail("the number is too large", place);
                }
                (place, constant)
            }
            Expr::List(node) => (self.place(node), Expression::List(self.all(&node.items)?)),
            Expr::Tuple(node) => (self.place(node), Expression::Tuple(self.all(&node.items)?)),
            Expr::Map(node) => {
                let keys = self.all(&node.keys)?;
                (self.place(node), Expression::Map(keys.into_iter().zip(self.all(&node.values)?).collect()))
            }
            Expr::UnaryOp(node) => {
                let inner = self.boxed(&node.expr)?;
                let place = self.place(node).to(inner.place);
                match node.op {
                    UnaryOpKind::Not => (place, Expression::Not(inner)),
                    UnaryOpKind::Neg if self.prepared.is_plus(place) => (place, Expression::Positive(inner)),
                    UnaryOpKind::Neg => (place, Expression::Negative(inner)),
                }
            }
            Expr::BinOp(node) => {
                let (left, right) = (self.boxed(&node.left)?, self.boxed(&node.right)?);
                (left.place.to(right.place), binary(node.op, left, right))
            }
            Expr::Compare(node) => {
                let first = self.boxed(&node.expr)?;
                let mut rest = Vec::with_capacity(node.ops.len());
                for operand in &node.ops {
                    rest.push((comparison(operand.op), self.expression(&operand.expr)?));
                }
                let place = rest.last().map_or(first.place, |(_, last)| first.place.to(last.place));
                (place, Expression::Compare(first, rest))
            }
            Expr::IfExpr(node) => {
                let choice = Choice {
                    condition: self.expression(&node.test_expr)?,
                    then: self.expression(&node.true_expr)?,
                    otherwise: self.optional(node.false_expr.as_ref())?,
                };
                let place =
                    choice.then.place.to(choice.otherwise.as_ref().unwrap_or(&choice.condition).place);
                (place, Expression::If(Box::new(choice)))
            }
            Expr::GetAttr(node) => {
                let of = self.boxed(&node.expr)?;
                (of.place.to(self.place(node)), Expression::Attribute(of, node.name.into()))
            }
            Expr::GetItem(node) => {
                let (of, key) = (self.boxed(&node.expr)?, self.boxed(&node.subscript_expr)?);
                (of.place.to(self.place(node)), Expression::Item(of, key))
            }
            Expr::Slice(node) => {
                let slice = Slice {
                    subject: self.expression(&node.expr)?,
                    start: self.optional(node.start.as_ref())?,
                    stop: self.optional(node.stop.as_ref())?,
                    stride: self.optional(node.step.as_ref())?,
                };
                (slice.subject.place.to(self.place(node)), Expression::Slice(Box::new(slice)))
            }
            Expr::Call(node) => {
                let place = self.place(node);
                return self.call(&node.expr, &node.args, place);
            }
            Expr::Filter(node) => {
                let subject = self.optional(node.expr.as_ref())?;
                let applied = self.applied(subject, node.name, &node.args)?;
                (applied.around(self.place(node)), Expression::Filter(Box::new(applied)))
            }
            Expr::Test(node) => {
                let subject = Some(self.expression(&node.expr)?);
                let applied = self.applied(subject, node.name, &node.args)?;
                (applied.around(self.place(node)), Expression::Test(Box::new(applied)))
            }
        };
        Ok(Node { place, expression })
    }

    fn applied(
        &mut self,
        subject: Option<Node>,
        name: &str,
        args: &[CallArg<'_>],
    ) -> Result<Applied, SyntaxError> {
        let place = self.place_of(name);
        let name = name.chars().filter(|c| !c.is_whitespace()).collect::<String>().into();
        Ok(Applied { subject, name, place, arguments: self.arguments(args)? })
    }

    fn call(&mut self, function: &Expr<'_>, args: &[CallArg<'_>], place: Place) -> Result<Node, SyntaxError> {
        let function = self.boxed(function)?;
        let place = function.place.to(place);
        let arguments = Box::new(self.arguments(args)?);
        Ok(Node { place, expression: Expression::Call(function, arguments) })
    }

    fn arguments(&mut self, args: &[CallArg<'_>]) -> Result<Arguments, SyntaxError> {
        let mut arguments = Arguments::default();
        for arg in args {
            match arg {
                CallArg::Pos(node) => arguments.positional.push(self.expression(node)?),
                CallArg::Kwarg(name, node) => {
                    if arguments.named.iter().any(|(known, _)| **known == **name) {
                        return fail(format!("keyword argument repeated: {name}"), self.place_of(name));
                    }
                    arguments.named.push(((*name).into(), self.expression(node)?));
                }
                CallArg::PosSplat(node) => arguments.spread = Some(self.expression(node)?),
                CallArg::KwargSplat(node) => arguments.named_spread = Some(self.expression(node)?),
            }
        }
        Ok(arguments)
    }
}

fn constant(value: &minijinja::Value) -> Expression {
    use minijinja::value::ValueKind;
    Expression::Constant(match value.kind() {
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            value.clone().try_into().map_or_else(|_| Value::Float(f64::INFINITY), Value::Int)
        }
        ValueKind::Number => value.clone().try_into().map_or(Value::Null, Value::Float),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            if has_marks(text) {
                return Expression::Template(Text::template(text, Span::nowhere("a literal")));
            }
            Value::from(text)
        }
        _ => Value::Null,
    })
}

fn comparison(operator: CompareOpKind) -> Comparison {
    match operator {
        CompareOpKind::Eq => Comparison::Equal,
        CompareOpKind::Ne => Comparison::NotEqual,
        CompareOpKind::Lt => Comparison::Less,
        CompareOpKind::Lte => Comparison::LessOrEqual,
        CompareOpKind::Gt => Comparison::Greater,
        CompareOpKind::Gte => Comparison::GreaterOrEqual,
        CompareOpKind::In => Comparison::In,
        CompareOpKind::NotIn => Comparison::NotIn,
    }
}

fn binary(operator: BinOpKind, left: Box<Node>, right: Box<Node>) -> Expression {
    let comparison = match operator {
        BinOpKind::ScAnd => return Expression::And(left, right),
        BinOpKind::ScOr => return Expression::Or(left, right),
        BinOpKind::Concat => return Expression::Concat(vec![*left, *right]),
        BinOpKind::Add => return Expression::Arithmetic(Arithmetic::Add, left, right),
        BinOpKind::Sub => return Expression::Arithmetic(Arithmetic::Subtract, left, right),
        BinOpKind::Mul => return Expression::Arithmetic(Arithmetic::Multiply, left, right),
        BinOpKind::Div => return Expression::Arithmetic(Arithmetic::Divide, left, right),
        BinOpKind::FloorDiv => return Expression::Arithmetic(Arithmetic::FloorDivide, left, right),
        BinOpKind::Rem => return Expression::Arithmetic(Arithmetic::Modulo, left, right),
        BinOpKind::Pow => return Expression::Arithmetic(Arithmetic::Power, left, right),
        BinOpKind::Eq => Comparison::Equal,
        BinOpKind::Ne => Comparison::NotEqual,
        BinOpKind::Lt => Comparison::Less,
        BinOpKind::Lte => Comparison::LessOrEqual,
        BinOpKind::Gt => Comparison::Greater,
        BinOpKind::Gte => Comparison::GreaterOrEqual,
        BinOpKind::In => Comparison::In,
    };
    Expression::Compare(left, vec![(comparison, *right)])
}
