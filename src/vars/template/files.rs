//! Templates that use others: `include`, `import`, `extends` and its blocks.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::marks::Marks;
use super::object::{Object, Val};
use super::run::{ScopeId, Unit};
use super::syntax::{Block, Import, Imported, Include, Place, Statement};
use crate::base::{Source, Span};
use crate::vars::{Problem, TemplateError};

/// The definitions of each block, that of the innermost file first.
pub(super) type Blocks = HashMap<Arc<str>, Vec<(Rc<Unit>, Arc<Block>)>>;

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
                tables.push(Blocks::new());
                tables.len() - 1
            });
            self.define(statements, table);
        }
        let extends = statements.iter().position(|statement| matches!(statement, Statement::Extends(_)));
        let Some(Statement::Extends(node)) = extends.map(|place| &statements[place]) else {
            return self.statements(statements, scope, out);
        };
        let mut ignored = Vec::new();
        let others = statements.iter().filter(|statement| {
            !matches!(statement, Statement::Extends(_) | Statement::Block(_) | Statement::Data(_))
        });
        for statement in others {
            self.statements(std::slice::from_ref(statement), scope, &mut ignored)?;
        }
        let name = self.evaluate(node, scope)?;
        let parent = self.file(&name, node.place)?;
        *parent.blocks.borrow_mut() = *self.blocks.borrow();
        self.enter_file(&parent, || parent.whole(scope, out))
    }

    fn define(self: &Rc<Self>, statements: &[Statement], table: usize) {
        for statement in statements {
            match statement {
                Statement::Block(block) => {
                    if let Some(blocks) = self.session.scopes().blocks.borrow_mut().get_mut(table) {
                        let definitions = blocks.entry(Arc::clone(&block.name)).or_default();
                        definitions.push((Rc::clone(self), Arc::clone(block)));
                    }
                    self.define(&block.body, table);
                }
                Statement::If(branches, otherwise) => {
                    for (_, body) in branches {
                        self.define(body, table);
                    }
                    self.define(otherwise, table);
                }
                Statement::For(each) => self.define(&each.body, table),
                Statement::With(_, body) | Statement::Filter(_, body) => self.define(body, table),
                _ => {}
            }
        }
    }

    pub(super) fn block(
        self: &Rc<Self>,
        block: &Arc<Block>,
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        self.definition(block, 0, scope, out)
    }

    /// Runs the definition of a block that is so many files away from the innermost.
    pub(super) fn definition(
        self: &Rc<Self>,
        block: &Arc<Block>,
        level: usize,
        scope: ScopeId,
        out: &mut Vec<Val>,
    ) -> Result<(), TemplateError> {
        let table = *self.blocks.borrow();
        let found = table.and_then(|table| {
            let tables = self.session.scopes().blocks.borrow();
            tables.get(table)?.get(&block.name)?.get(level).cloned()
        });
        let Some((unit, block)) = found else { return Ok(()) };
        let inner = self.session.scopes().enter(Some(scope));
        let above = Val::object(Object::Super(Arc::clone(&block), level + 1));
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
        let mut ignored = Vec::new();
        self.enter_file(&unit, || unit.whole(inner, &mut ignored))?;
        let exported = self.session.scopes().own(inner).into_iter();
        let exported: indexmap::IndexMap<_, _> =
            exported.filter(|(name, _)| !name.starts_with('_')).collect();
        match &import.names {
            Imported::Module(name) => {
                self.session.scopes().set(scope, name, Val::object(Object::Module(exported)));
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
