//! A constructed inventory: variables and groups that are computed from what the inventories before it say.
//!
//! Format: the plugin `ansible.builtin.constructed`. What expressions are is known to whoever implements [`Evaluator`].

use std::fmt::Write as _;
use std::sync::Arc;

use super::InventoryReader;
use crate::base::{Diagnostic, Diagnostics, HostName, Key, Map, Source, Span, Text, Value};
use crate::load::foreign::Library;
use crate::model::{Inventory, Level, VarLayer};
use crate::syntax::Node;

/// Evaluates what an inventory computes of a host's variables; the layer `vars` can.
pub trait Evaluator {
    /// An expression without marks around it.
    fn expression(&self, expression: &Text, layers: Vec<VarLayer>) -> Result<Value, Diagnostic>;
    /// A condition, as in `when`.
    fn condition(&self, condition: &Value, layers: Vec<VarLayer>) -> Result<bool, Diagnostic>;
    /// A text with marks.
    fn render(&self, value: &Value, layers: Vec<VarLayer>) -> Result<Value, Diagnostic>;
    /// The same with the plugins of a library.
    fn with_library(&self, library: &Arc<Library>) -> Box<dyn Evaluator>;
}

/// What a constructed inventory reaches besides the inventory.
#[derive(Clone, Copy)]
pub struct Constructing<'a> {
    /// Evaluates.
    pub evaluator: &'a dyn Evaluator,
    /// `--extra-vars`, for `use_extra_vars`.
    pub extra: &'a VarLayer,
}

/// Names under which it may be asked for.
pub(super) const PLUGIN: [&str; 2] = ["constructed", "ansible.builtin.constructed"];

const KEYS: [&str; 8] = [
    "plugin",
    "strict",
    "compose",
    "groups",
    "keyed_groups",
    "use_extra_vars",
    "leading_separator",
    "use_vars_plugins",
];

const KEYED: [&str; 6] =
    ["key", "prefix", "separator", "parent_group", "default_value", "trailing_separator"];

/// The file.
#[allow(clippy::struct_excessive_bools)] // each is a switch of the format
struct Constructed {
    strict: bool,
    leading_separator: bool,
    use_extra_vars: bool,
    use_vars_plugins: bool,
    compose: Vec<(String, Text)>,
    groups: Vec<(String, Value, Span)>,
    keyed: Vec<Keyed>,
}

/// One of `keyed_groups`.
struct Keyed {
    key: Text,
    prefix: String,
    separator: String,
    parent: Option<Value>,
    default: Option<Value>,
    trailing_separator: bool,
    span: Span,
}

impl InventoryReader<'_> {
    pub(super) fn constructed(&mut self, source: &Arc<Source>, root: &Node) {
        let decoded = match decode(root) {
            Ok(decoded) => decoded,
            Err(error) => return self.diagnostics.push(error),
        };
        let Some(constructing) = self.constructing else {
            let message = format!("{} computes variables, and nothing here evaluates them", source.name());
            return self.diagnostics.push(Diagnostic::error("inventory-plugin", message).at(&root.span));
        };
        let hosts: Vec<HostName> = self.inventory.hosts.keys().cloned().collect();
        let work = Work { constructed: &decoded, constructing, span: &root.span };
        for host in hosts {
            let folders = decoded.use_vars_plugins.then(|| self.with_vars_folders());
            if let Err(error) = work.host(&mut self.inventory, folders.as_ref(), &host) {
                return self.diagnostics.push(error);
            }
        }
    }

    /// The inventory so far with the variables that stand in folders beside it.
    fn with_vars_folders(&self) -> Inventory {
        let mut inventory = self.inventory.clone();
        inventory.settle();
        let mut reader = InventoryReader {
            files: self.files,
            constructing: None,
            reading: self.reading.clone(),
            inventory,
            folders: Vec::new(),
            is_any_read: false,
            diagnostics: Diagnostics::new(),
        };
        for folder in &self.folders {
            reader.vars_folders(folder, super::vars_folder::INVENTORY);
        }
        reader.inventory
    }
}

/// What one file does to each host.
struct Work<'a> {
    constructed: &'a Constructed,
    constructing: Constructing<'a>,
    span: &'a Span,
}

impl Work<'_> {
    fn host(
        &self,
        inventory: &mut Inventory,
        folders: Option<&Inventory>,
        host: &HostName,
    ) -> Result<(), Diagnostic> {
        let mut layers = folders.unwrap_or(inventory).layers(host.as_str());
        let mut composed = Map::new();
        for (name, expression) in &self.constructed.compose {
            if let Some(value) = self.tolerated(self.expression(expression, &layers))? {
                composed.insert(name.as_str(), value);
            }
        }
        if !composed.is_empty() {
            let layer = VarLayer {
                level: Level::InventoryHostVars,
                origin: Arc::from(self.span.source().name()),
                span: self.span.clone(),
                vars: Arc::new(composed),
            };
            layers.push(layer.clone());
            layers.sort_by_key(|layer| layer.level);
            inventory.host_mut(host.as_str()).into_iter().for_each(|host| host.vars.push(layer.clone()));
        }
        for (group, condition, span) in &self.constructed.groups {
            let holds = self.constructing.evaluator.condition(condition, layers.clone());
            if self.tolerated(holds)?.unwrap_or(false) {
                inventory.add_host_to_group(&safe(group), host.as_str(), span);
            }
        }
        for keyed in &self.constructed.keyed {
            self.keyed(inventory, host, keyed, &layers)?;
        }
        Ok(())
    }

    fn expression(&self, expression: &Text, layers: &[VarLayer]) -> Result<Value, Diagnostic> {
        let mut layers = layers.to_vec();
        if self.constructed.use_extra_vars {
            layers.push(self.constructing.extra.clone());
        }
        self.constructing.evaluator.expression(expression, layers)
    }

    /// What fails is left out, unless the file is strict.
    fn tolerated<T>(&self, result: Result<T, Diagnostic>) -> Result<Option<T>, Diagnostic> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(_) if !self.constructed.strict => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn keyed(
        &self,
        inventory: &mut Inventory,
        host: &HostName,
        keyed: &Keyed,
        layers: &[VarLayer],
    ) -> Result<(), Diagnostic> {
        let Some(key) = self.tolerated(self.expression(&keyed.key, layers))? else { return Ok(()) };
        let Some(names) = keyed.names(&key) else {
            let message =
                format!("a key of groups is a text, a list or a mapping; on {host} this is {}", key.kind());
            return Err(Diagnostic::error("broken-inventory", message).at(&keyed.span));
        };
        if names.is_empty() {
            let none = matches!(&key, Value::List(_) | Value::Map(_));
            if self.constructed.strict && !none {
                return Err(Diagnostic::error("broken-inventory", format!("this key is empty on {host}"))
                    .at(&keyed.span)
                    .help("give it a `default_value`, or leave `strict` out"));
            }
            return Ok(());
        }
        let render = |parent| self.constructing.evaluator.render(parent, layers.to_vec());
        let parent = match keyed.parent.as_ref().map(render) {
            None => None,
            Some(parent) => match self.tolerated(parent)? {
                Some(parent) => Some(safe(&parent.to_string())).filter(|name| !name.is_empty()),
                None => return Ok(()),
            },
        };
        let leading = !keyed.prefix.is_empty() || self.constructed.leading_separator;
        let separator = if leading { keyed.separator.as_str() } else { "" };
        for name in names {
            let group = safe(&format!("{}{separator}{name}", keyed.prefix));
            inventory.add_host_to_group(&group, host.as_str(), &keyed.span);
            if let Some(parent) = &parent {
                inventory.add_child(parent, &group, &keyed.span)?;
            }
        }
        Ok(())
    }
}

impl Keyed {
    /// The groups that a value of the key means, without prefix. Nothing: no value of that kind can be a key.
    fn names(&self, key: &Value) -> Option<Vec<String>> {
        let instead = |value: &Value| match &self.default {
            Some(default) if is_empty(value) => default.to_string(),
            _ => value.to_string(),
        };
        match (key, &self.default) {
            (key, Some(default)) if is_empty(key) => Some(vec![default.to_string()]),
            (Value::List(items), _) => Some(items.iter().map(instead).collect()),
            (Value::Map(pairs), _) => {
                let name = |(name, value): (&Key, &Value)| {
                    let mut text = name.to_string();
                    if !is_empty(value) || self.default.is_some() || self.trailing_separator {
                        let _ = write!(text, "{}{}", self.separator, instead(value));
                    }
                    text
                };
                Some(pairs.iter().map(name).collect())
            }
            (key, _) if !key.is_truthy() => Some(Vec::new()),
            (Value::String(text), _) => Some(vec![text.as_str().to_owned()]),
            _ => None,
        }
    }
}

/// What a `default_value` stands in for.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// A name of a group that an expression can use: everything but letters, digits and `_` becomes `_`.
fn safe(name: &str) -> String {
    let letters = name.chars().enumerate();
    let kept = |(at, c): (usize, char)| {
        let may = c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit());
        if may { c } else { '_' }
    };
    letters.map(kept).collect()
}

fn decode(root: &Node) -> Result<Constructed, Diagnostic> {
    known_keys(root, "a constructed inventory", &KEYS)?;
    let switch = |name: &str, default: bool| switch(root, name).map(|said| said.unwrap_or(default));
    let mut compose = Vec::new();
    for (name, node) in pairs(root, "compose")? {
        compose.push((name, expression(node)?));
    }
    let groups =
        pairs(root, "groups")?.into_iter().map(|(name, node)| (name, node.to_value(), node.span.clone()));
    let entries = match root.get("keyed_groups") {
        None => &[][..],
        Some(node) if node.is_null() => &[],
        Some(node) => node.as_sequence().ok_or_else(|| wrong(node, "`keyed_groups`", "a list"))?,
    };
    Ok(Constructed {
        strict: switch("strict", false)?,
        leading_separator: switch("leading_separator", true)?,
        use_extra_vars: switch("use_extra_vars", false)?,
        use_vars_plugins: switch("use_vars_plugins", false)?,
        compose,
        groups: groups.collect(),
        keyed: entries.iter().map(keyed_group).collect::<Result<_, _>>()?,
    })
}

fn keyed_group(node: &Node) -> Result<Keyed, Diagnostic> {
    if node.as_mapping().is_none() {
        return Err(wrong(node, "one of `keyed_groups`", "a mapping"));
    }
    known_keys(node, "one of `keyed_groups`", &KEYED)?;
    let Some(key) = node.get("key") else {
        let message = "one of `keyed_groups` needs a `key`";
        return Err(Diagnostic::error("broken-inventory", message)
            .at(&node.span)
            .help("write `key: EXPRESSION`"));
    };
    let text =
        |name: &str, default: &str| node.get(name).map_or(default.to_owned(), |n| n.to_value().to_string());
    let trailing = switch(node, "trailing_separator")?;
    let default = node.get("default_value").map(Node::to_value).filter(|value| !value.is_null());
    if let (Some(_), Some(_), Some(said)) = (trailing, &default, node.get("trailing_separator")) {
        let message = "`default_value` and `trailing_separator` exclude each other";
        return Err(Diagnostic::error("broken-inventory", message).at(&said.span).help("remove one of them"));
    }
    Ok(Keyed {
        key: expression(key)?,
        prefix: text("prefix", ""),
        separator: text("separator", "_"),
        parent: node.get("parent_group").filter(|n| !n.is_null()).map(Node::to_value),
        default,
        trailing_separator: trailing.unwrap_or(true),
        span: key.span.clone(),
    })
}

fn wrong(node: &Node, what: &str, wanted: &str) -> Diagnostic {
    let message = format!("{what} should be {wanted}, and this is {}", node.kind_name());
    Diagnostic::error("broken-inventory", message).at(&node.span)
}

fn known_keys(node: &Node, what: &str, known: &[&str]) -> Result<(), Diagnostic> {
    for (key, _) in node.as_mapping().unwrap_or_default() {
        let word = key.to_key().map(|k| k.to_string()).unwrap_or_default();
        if !known.contains(&word.as_str()) {
            let message = format!("{what} has no key `{word}`");
            let error = Diagnostic::error("broken-inventory", message).at(&key.span);
            return Err(error
                .suggest(&word, known.iter().copied())
                .help(format!("it has: {}", known.join(", "))));
        }
    }
    Ok(())
}

fn switch(node: &Node, name: &str) -> Result<Option<bool>, Diagnostic> {
    let Some(said) = node.get(name).filter(|n| !n.is_null()) else { return Ok(None) };
    let value = said.to_value().to_bool();
    value.map(Some).ok_or_else(|| wrong(said, &format!("`{name}`"), "true or false"))
}

fn pairs<'a>(root: &'a Node, name: &str) -> Result<Vec<(String, &'a Node)>, Diagnostic> {
    let Some(node) = root.get(name).filter(|n| !n.is_null()) else { return Ok(Vec::new()) };
    let pairs = node.as_mapping().ok_or_else(|| wrong(node, &format!("`{name}`"), "a mapping"))?;
    Ok(pairs.iter().filter_map(|(key, node)| Some((key.to_key()?.to_string(), node))).collect())
}

fn expression(node: &Node) -> Result<Text, Diagnostic> {
    match node.to_value() {
        Value::String(text) => Ok(text),
        other => Err(wrong(node, "this", "an expression").help(format!("write it as a text: `\"{other}\"`"))),
    }
}
