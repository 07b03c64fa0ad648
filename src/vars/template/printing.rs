//! How values become text: as Python's `str()` prints them, and as they stand between the words of a template.

use std::fmt::Write as _;
use std::rc::Rc;

use super::object::{Builtin, Object, Sequence, Val};
use super::run::Unit;
use crate::base::Value;
use crate::vars::TemplateError;
use crate::vars::python::format::repr;

/// Longer texts, in bytes, are slips that would only fill the memory.
const LONGEST: usize = 256 * 1024 * 1024;

/// What tuples look like.
#[derive(Clone, Copy, PartialEq)]
enum Tuples {
    Themselves,
    /// What is printed between words has been finished as a value, and then tuples are lists.
    AsLists,
}

impl Unit {
    /// One text of all that was printed; a single value stays what it is.
    pub(super) fn concat(self: &Rc<Self>, mut out: Vec<Val>) -> Result<Val, TemplateError> {
        out.retain(|value| !value.is_null());
        if out.len() < 2 {
            return Ok(out.pop().unwrap_or_else(Val::null));
        }
        let mut text = String::new();
        for value in &out {
            match value {
                Val::Plain(Value::Bytes(bytes)) => text.push_str(&String::from_utf8_lossy(bytes)),
                other => self.written(other, Tuples::AsLists, &mut text)?,
            }
        }
        Ok(Val::text(text))
    }

    /// Prints a value as Python's `str()` does.
    pub(super) fn print(&self, value: &Val, out: &mut String) -> Result<(), TemplateError> {
        self.written(value, Tuples::Themselves, out)
    }

    fn written(&self, value: &Val, tuples: Tuples, out: &mut String) -> Result<(), TemplateError> {
        if out.len() > LONGEST {
            return Err(self.session.failed("the text is too long"));
        }
        match value {
            Val::Plain(Value::String(text)) => out.push_str(text.as_str()),
            Val::List(list) if list.is_own() => {
                self.session.deeper(|| {
                    let items = list.to_vec()?;
                    let as_list = match list.sequence {
                        Sequence::List => true,
                        Sequence::Tuple => tuples == Tuples::AsLists,
                        Sequence::Group => false,
                    };
                    let (open, close) = match (as_list, items.len()) {
                        (true, _) => ("[", "]"),
                        (false, 1) => ("(", ",)"),
                        (false, _) => ("(", ")"),
                    };
                    out.push_str(open);
                    let kept = items.iter().filter(|item| !matches!(item, Val::Plain(Value::Omit)));
                    for (place, item) in kept.enumerate() {
                        out.push_str(if place > 0 { ", " } else { "" });
                        self.quoted(item, tuples, out)?;
                    }
                    out.push_str(close);
                    Ok(())
                })?;
            }
            Val::Map(map) if map.is_own() => {
                self.session.deeper(|| {
                    out.push('{');
                    let entries = map.to_map()?;
                    let kept = entries.iter().filter(|(_, item)| !matches!(item, Val::Plain(Value::Omit)));
                    for (place, (key, item)) in kept.enumerate() {
                        out.push_str(if place > 0 { ", " } else { "" });
                        out.push_str(&repr(&key.to_value()));
                        out.push_str(": ");
                        self.quoted(item, tuples, out)?;
                    }
                    out.push('}');
                    Ok(())
                })?;
            }
            Val::Object(object) => self.object(object, value, out)?,
            other => {
                let _ = write!(out, "{}", other.to_value(&self.session)?);
            }
        }
        Ok(())
    }

    /// What stands inside of a list or a mapping.
    fn quoted(&self, item: &Val, tuples: Tuples, out: &mut String) -> Result<(), TemplateError> {
        match item {
            Val::List(_) | Val::Map(_) => self.written(item, tuples, out),
            item => {
                out.push_str(&repr(&item.to_value(&self.session)?));
                Ok(())
            }
        }
    }

    fn object(&self, object: &Object, value: &Val, out: &mut String) -> Result<(), TemplateError> {
        let _ = match object {
            Object::Range { start, stop, stride: 1 } => write!(out, "range({start}, {stop})"),
            Object::Range { start, stop, stride } => write!(out, "range({start}, {stop}, {stride})"),
            Object::Builtin(Builtin::Namespace) => write!(out, "<class 'jinja2.utils.Namespace'>"),
            Object::Macro(object) => write!(out, "<Macro '{}'>", object.definition.name),
            Object::Loop(state) => {
                write!(out, "<LoopContext {}/{}>", state.at.get() + 1, state.items.len())
            }
            Object::Module(module) => {
                out.push_str(&module.printed);
                Ok(())
            }
            _ => write!(out, "{}", value.to_value(&self.session)?),
        };
        Ok(())
    }
}
