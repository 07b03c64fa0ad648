//! Template files, and templates that use others: `include`, `import`, `extends` and its blocks.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::marks::{Marks, keep_newlines, with_header};
use super::object::{Module, Object, Val};
use super::run::{ScopeId, Unit};
use super::session::Session;
use super::syntax::{Block, Import, Imported, Include, Node, Place, Statement};
use crate::base::{Source, Span, Text, Value};
use crate::vars::{FileOptions, Problem, TemplateError};

/// A block, and the file that defines it.
type Definition = (Rc<Unit>, Arc<Block>);

/// The blocks of a template and of those that it extends.
pub(super) struct Blocks {
    /// The definitions of each, that of the innermost file first.
    definitions: HashMap<Arc<str>, Vec<Definition>>,
    /// What the template binds outside of everything, which all blocks see.
    root: ScopeId,
}

impl Unit {
    /// The statements of a whole template, with its blocks and what it extends.
    pub(super) fn with_blocks(
        self: &Rc<Self>,
        statements: &[Statement],
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        if has_blocks(statements) {
            let scopes = self.session.scopes();
            let table = *self.blocks.borrow_mut().get_or_insert_with(|| {
                let mut tables = scopes.blocks.borrow_mut();
                tables.push(Blocks { definitions: HashMap::new(), root: scope });
                tables.len() - 1
            });
            self.define(statements, table)?;
            scopes.set(scope, &"self".into(), Val::object(Object::Blocks(Rc::clone(self))));
        }
        let mut ignored = Vec::new();
        for statement in statements {
            // Once it extends another file, only what it defines counts.
            let extends = self.parent.borrow().is_some();
            match statement {
                Statement::Data(_) | Statement::Print(_) | Statement::Block(_) if extends => {}
                other => {
                    let out = if extends { &mut ignored } else { &mut *out };
                    self.statements(std::slice::from_ref(other), scope, out)?;
                }
            }
        }
        let Some(parent) = self.parent.borrow_mut().take() else { return Ok(()) };
        *parent.blocks.borrow_mut() = *self.blocks.borrow();
        self.enter_file(&parent, || parent.whole(scope, out))
    }

    /// The file that this one extends.
    pub(super) fn extend(self: &Rc<Self>, file: &Node, scope: ScopeId) -> Result<(), TemplateError> {
        let name = self.evaluate(file, scope)?;
        let parent = self.file(&name, file.place)?;
        match self.parent.borrow_mut().replace(parent) {
            None => Ok(()),
            Some(_) => Err(self.failed("only one file can be extended", file.place)),
        }
    }

    fn define(self: &Rc<Self>, statements: &[Statement], table: usize) -> Result<(), TemplateError> {
        for statement in statements {
            match statement {
                Statement::Block(block) => {
                    if let Some(blocks) = self.session.scopes().blocks.borrow_mut().get_mut(table) {
                        let known = blocks.definitions.entry(Arc::clone(&block.name)).or_default();
                        if known.iter().any(|(unit, _)| Rc::ptr_eq(unit, self)) {
                            let message = format!("the block `{}` is there twice", block.name);
                            return Err(self.failed(message, block.place));
                        }
                        known.push((Rc::clone(self), Arc::clone(block)));
                    }
                    self.define(&block.body, table)?;
                }
                Statement::If(branches, otherwise) => {
                    for (_, body) in branches {
                        self.define(body, table)?;
                    }
                    self.define(otherwise, table)?;
                }
                Statement::For(each) => self.define(&each.body, table)?,
                Statement::With(_, body) | Statement::Filter(_, body) => self.define(body, table)?,
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn block(
        self: &Rc<Self>,
        block: &Arc<Block>,
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        self.definition(&block.name, 0, block.scoped.then_some(scope), out)
    }

    /// The definition of a block that is so many files away from the innermost.
    pub(super) fn block_at(&self, name: &str, level: usize) -> Option<Val> {
        let table = (*self.blocks.borrow())?;
        let tables = self.session.scopes().blocks.borrow();
        let (_, block) = tables.get(table)?.definitions.get(name)?.get(level)?;
        Some(Val::object(Object::Super(Arc::clone(block), level)))
    }

    /// Runs the definition of a block that is so many files away from the innermost.
    pub(super) fn definition(
        self: &Rc<Self>,
        name: &Arc<str>,
        level: usize,
        scope: Option<ScopeId>,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        let table = *self.blocks.borrow();
        let found = table.and_then(|table| {
            let tables = self.session.scopes().blocks.borrow();
            let blocks = tables.get(table)?;
            Some((blocks.definitions.get(name)?.get(level).cloned()?, blocks.root))
        });
        let Some(((unit, block), root)) = found else { return Ok(()) };
        if block.required {
            return Err(
                unit.failed(format!("the block `{name}` is required, and nothing defines it"), block.place)
            );
        }
        let inner = self.session.scopes().enter(Some(scope.unwrap_or(root)));
        let above = self.block_at(name, level + 1);
        let above = above
            .unwrap_or_else(|| super::missing::Missing::said(format!("a block `{name}` above this one")));
        self.session.scopes().set(inner, &"super".into(), above);
        unit.statements(&block.body, inner, out)?;
        self.session.scopes().leave(inner);
        Ok(())
    }

    pub(super) fn include(
        self: &Rc<Self>,
        include: &Include,
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        let name = self.evaluate(&include.name, scope)?;
        let place = include.name.place;
        let unit = match self.find_file(&name, place)? {
            Some(unit) => unit,
            None if include.ignore_missing => return Ok(()),
            None => return Err(self.no_file(&name, place)),
        };
        let unit = if include.with_context { unit } else { unit.without_variables() };
        let inner = self.session.scopes().enter(include.with_context.then_some(scope));
        self.enter_file(&unit, || unit.whole(inner, out))?;
        self.session.scopes().leave(inner);
        Ok(())
    }

    pub(super) fn import(self: &Rc<Self>, import: &Import, scope: ScopeId) -> Result<(), TemplateError> {
        let name = self.evaluate(&import.file, scope)?;
        let unit = self.file(&name, import.file.place)?;
        let unit = if import.with_context { unit } else { unit.without_variables() };
        let inner = self.session.scopes().enter(import.with_context.then_some(scope));
        self.session.scopes().keep(inner);
        let mut printed = Vec::new();
        self.enter_file(&unit, || unit.whole(inner, &mut printed))?;
        let exported = self.session.scopes().own(inner).into_iter();
        let exported: indexmap::IndexMap<_, _> =
            exported.filter(|(name, _)| !name.starts_with('_') && &**name != "self").collect();
        match &import.names {
            Imported::Module(name) => {
                let value = unit.concat(printed)?;
                let mut printed = String::new();
                if !value.is_null() {
                    unit.print(&value, &mut printed)?;
                }
                self.session.scopes().set(
                    scope,
                    name,
                    Val::object(Object::Module(Module { names: exported, printed })),
                );
            }
            Imported::Names(names) => {
                for (name, alias) in names {
                    let value = exported.get(name).cloned().unwrap_or_else(|| {
                        super::missing::Missing::said(format!("the imported file has no '{name}'"))
                    });
                    self.session.scopes().set(scope, alias, value);
                }
            }
        }
        Ok(())
    }

    fn enter_file(
        &self,
        unit: &Rc<Unit>,
        run: impl FnOnce() -> Result<(), TemplateError>,
    ) -> Result<(), TemplateError> {
        // A file may include itself, as long as that ends; the number of files in a row is limited.
        let text: Arc<str> = unit.words(Place::default()).into();
        self.session.framed(text, || "a template file".into(), run)
    }

    /// The same file, which does not see the variables.
    fn without_variables(self: &Rc<Self>) -> Rc<Self> {
        let origin = match &self.origin {
            super::run::Origin::File { text, place, begin } => {
                super::run::Origin::File { text: Arc::clone(text), place: place.clone(), begin: *begin }
            }
            super::run::Origin::Text { text, span } => {
                super::run::Origin::Text { text: Arc::clone(text), span: span.clone() }
            }
        };
        Rc::new(Unit {
            session: Rc::clone(&self.session),
            parsed: Arc::clone(&self.parsed),
            origin,
            marks: self.marks.clone(),
            sees_variables: false,
            renders_literals: false,
            blocks: None.into(),
            parent: None.into(),
        })
    }

    fn file(self: &Rc<Self>, name: &Val, place: Place) -> Result<Rc<Unit>, TemplateError> {
        self.find_file(name, place)?.ok_or_else(|| self.no_file(name, place))
    }

    fn no_file(&self, name: &Val, place: Place) -> TemplateError {
        let mut names = String::new();
        match self.print(name, &mut names) {
            Ok(()) => self.failed(format!("there is no template `{names}`"), place),
            Err(error) => error,
        }
    }

    /// The first of these files along the search paths.
    fn find_file(self: &Rc<Self>, name: &Val, place: Place) -> Result<Option<Rc<Unit>>, TemplateError> {
        let names = match name {
            Val::List(list) => list.to_vec()?,
            Val::Missing(missing) => return Err(missing.to_error()),
            one => vec![one.clone()],
        };
        let environment = self.session.environment();
        let folders = environment.search().templates();
        for name in &names {
            let Some(name) = name.as_str() else {
                return Err(self.failed(format!("a file name is needed, not {}", name.kind()), place));
            };
            let Some(path) = environment.find(name.as_ref(), &folders) else { continue };
            let text = environment.files().read_text(&path).map_err(|error| {
                let message = format!("{} cannot be read: {error}", path.display());
                self.error(Problem::Failed(message), place)
            })?;
            let source = Source::new(path.display().to_string(), text.clone());
            let whole = Span::new(&source, 0, text.len());
            let marks = self.marks.clone().unwrap_or_else(|| Arc::new(Marks::escaping()));
            return Unit::of_file(&self.session, text.into(), &marks, (whole, 0)).map(Some);
        }
        Ok(None)
    }
}

fn has_blocks(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match statement {
        Statement::Block(_) | Statement::Extends(_) => true,
        Statement::If(branches, otherwise) => {
            branches.iter().any(|(_, body)| has_blocks(body)) || has_blocks(otherwise)
        }
        Statement::For(each) => has_blocks(&each.body),
        Statement::With(_, body) | Statement::Filter(_, body) => has_blocks(body),
        _ => false,
    })
}

/// Whether expressions name something, for what a macro takes.
pub(super) fn names_in(statements: &[Statement], name: &str) -> bool {
    super::references::names_in(statements).iter().any(|known| &**known == name)
}

impl Session {
    /// Renders the text of a template file.
    pub(super) fn file(
        self: &Rc<Self>,
        text: &str,
        place: &Span,
        options: &FileOptions,
    ) -> Result<Text, TemplateError> {
        let output = match self.file_value(text, place, options)? {
            Value::Null => String::new(),
            output => output.to_string(),
        };
        Ok(self.guarded(Text::data(output)))
    }

    /// The same; where the text is one `{{ }}`, what that gives keeps its type.
    pub(super) fn file_value(
        self: &Rc<Self>,
        text: &str,
        place: &Span,
        options: &FileOptions,
    ) -> Result<Value, TemplateError> {
        let (below, options) = with_header(text, options)
            .map_err(|message| TemplateError::new(Problem::Syntax(message), Some(place.clone())))?;
        let marks = Arc::new(Marks::of_file(&options));
        if below.len() == text.len() && marks.next(text, 0).is_none() {
            return Ok(Value::from(text));
        }
        let begin = text.len() - below.len();
        let unit = Unit::of_file(self, below.into(), &marks, (place.clone(), begin))?;
        let scope = self.scopes().enter(None);
        let name = place.source().name().to_owned();
        let result = self.framed(below.into(), || name, || unit.render(scope))?;
        self.scopes().leave(scope);
        let output = match result.to_value(self)? {
            Value::Omit => return Err(self.failed("a file cannot be omitted")),
            Value::Undefined(_) => return Ok(Value::Null),
            Value::String(output) => keep_newlines(below, output.as_str()),
            other => return Ok(other),
        };
        Ok(Value::from(match options.newline_sequence.as_str() {
            "\n" => output,
            sequence => output.replace('\n', sequence),
        }))
    }
}
