//! What inventories compute: the expressions of `constructed`, in the variables that a host has until then.

use std::sync::Arc;

use super::library::OfLibrary;
use super::{Environment, Scope, Templar};
use crate::base::{Diagnostic, SystemClock, Text, Value};
use crate::load::foreign::Library;
use crate::load::{Evaluator, Expressions, Files};
use crate::model::VarLayer;

/// Evaluates for inventories.
pub struct Inventories(Arc<Environment>);

impl Inventories {
    /// With the user's files, by these rules.
    pub fn new(files: Arc<dyn Files>, expressions: Expressions) -> Self {
        let environment = Environment::new(files, Arc::new(SystemClock));
        Self(Arc::new(environment.with_expressions(expressions)))
    }

    fn templar(&self, layers: Vec<VarLayer>) -> Templar {
        let scope: Scope = layers.into_iter().map(Arc::new).collect();
        Templar::new(scope, Arc::clone(&self.0))
    }
}

impl Evaluator for Inventories {
    fn expression(&self, expression: &Text, layers: Vec<VarLayer>) -> Result<Value, Diagnostic> {
        Ok(self.templar(layers).evaluate(expression)?)
    }

    fn condition(&self, condition: &Value, layers: Vec<VarLayer>) -> Result<bool, Diagnostic> {
        Ok(self.templar(layers).condition(condition)?)
    }

    fn render(&self, value: &Value, layers: Vec<VarLayer>) -> Result<Value, Diagnostic> {
        Ok(self.templar(layers).render(value)?)
    }

    fn with_library(&self, library: &Arc<Library>) -> Box<dyn Evaluator> {
        let plugins = Arc::new(OfLibrary(Arc::clone(library)));
        Box::new(Self(Arc::new(Environment::clone(&self.0).with_plugins(plugins))))
    }
}
