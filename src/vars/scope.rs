//! What a name means at one moment: an immutable stack of layers, ordered by precedence.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::base::{Map, Value};
use crate::model::{Level, VarLayer};

/// A mapping whose values are made when they are asked for, such as `hostvars`.
pub trait LazyMap: Send + Sync {
    /// What stands under a key.
    fn get(&self, key: &str) -> Option<Entry>;
    /// All keys, in the order a loop over the mapping gives them.
    fn keys(&self) -> Vec<Arc<str>>;
}

/// Most scopes have fewer layers than this.
const USUAL: usize = 16;

/// What a [`LazyMap`] gives.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A value; templates in it are rendered where it is used.
    Value(Value),
    /// A mapping of all variables of a scope, each rendered in that scope: `hostvars['n1']`.
    Scope(Scope),
}

/// The variables that can be seen from one place. A clone costs one reference count.
#[derive(Clone, Default)]
pub struct Scope(Arc<Stack>);

#[derive(Clone, Default)]
struct Stack {
    /// Strongest last.
    layers: Vec<Arc<VarLayer>>,
    lazy: Vec<(&'static str, Arc<dyn LazyMap>)>,
}

impl Scope {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// This scope with one more layer; within a level the later layer wins.
    #[must_use]
    pub fn with(&self, layer: impl Into<Arc<VarLayer>>) -> Self {
        let mut scope = self.clone();
        scope.push(layer);
        scope
    }

    /// This scope with the layers of these levels alone.
    #[must_use]
    pub fn only(&self, kept: impl Fn(Level) -> bool) -> Self {
        let mut scope = self.clone();
        Arc::make_mut(&mut scope.0).layers.retain(|layer| kept(layer.level));
        scope
    }

    /// Adds a layer; within a level the later layer wins. Clones made before do not see it.
    pub fn push(&mut self, layer: impl Into<Arc<VarLayer>>) {
        let layer = layer.into();
        let layers = &mut Arc::make_mut(&mut self.0).layers;
        let place = layers.partition_point(|other| other.level <= layer.level);
        layers.insert(place, layer);
    }

    /// This scope with a mapping that is filled when asked; it hides every layer's variable of that name.
    #[must_use]
    pub fn with_lazy(mut self, name: &'static str, map: Arc<dyn LazyMap>) -> Self {
        let lazy = &mut Arc::make_mut(&mut self.0).lazy;
        lazy.retain(|(known, _)| *known != name);
        lazy.push((name, map));
        self
    }

    /// The strongest definition of a name; its strings may still be templates.
    pub fn lookup(&self, name: &str) -> Option<(&Value, &VarLayer)> {
        self.0.layers.iter().rev().find_map(|layer| Some((layer.vars.get(name)?, &**layer)))
    }

    /// The mapping that is filled when asked, under this name.
    pub fn lookup_lazy(&self, name: &str) -> Option<&Arc<dyn LazyMap>> {
        self.0.lazy.iter().find(|(known, _)| *known == name).map(|(_, map)| map)
    }

    /// Whether the name means something here.
    pub fn defines(&self, name: &str) -> bool {
        self.lookup_lazy(name).is_some() || self.lookup(name).is_some()
    }

    /// The value of a name where mappings are joined: the strongest one on all that are below it, up to what is no mapping.
    pub fn joined(&self, name: &str) -> Option<Value> {
        let all = self.explain(name);
        let mappings = all.iter().take_while(|(_, value)| value.as_map().is_some());
        let whole =
            mappings.map(|(_, value)| Value::clone(value)).reduce(|above, below| joined(&below, &above));
        whole.or_else(|| all.first().map(|(_, value)| Value::clone(value)))
    }

    /// Every layer that defines a name, the winner first.
    pub fn explain(&self, name: &str) -> Vec<(&VarLayer, &Value)> {
        self.0.layers.iter().rev().filter_map(|layer| Some((&**layer, layer.vars.get(name)?))).collect()
    }

    /// All names, sorted.
    pub fn names(&self) -> BTreeSet<Cow<'_, str>> {
        let in_layers = self.0.layers.iter().flat_map(|layer| layer.vars.keys());
        let lazy = self.0.lazy.iter().map(|(name, _)| Cow::from(*name));
        in_layers.filter_map(|key| key.as_str().map(Cow::from)).chain(lazy).collect()
    }

    /// Whether both are clones of one scope.
    pub fn is_same(&self, other: &Scope) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The layers, weakest first.
    pub fn layers(&self) -> &[Arc<VarLayer>] {
        &self.0.layers
    }
}

/// One value on another: of two mappings, all keys of both, all the way down.
pub fn joined(below: &Value, above: &Value) -> Value {
    let (Value::Map(old), Value::Map(new)) = (below, above) else { return above.clone() };
    let mut whole = Map::clone(old);
    for (key, value) in new.iter() {
        let value = old.get_key(key).map_or_else(|| value.clone(), |old| joined(old, value));
        whole.insert(key.clone(), value);
    }
    Value::from(whole)
}

/// A later layer wins within its level.
impl FromIterator<Arc<VarLayer>> for Scope {
    fn from_iter<I: IntoIterator<Item = Arc<VarLayer>>>(layers: I) -> Self {
        // Room for what a step adds.
        let mut stack = Stack { layers: Vec::with_capacity(USUAL), lazy: Vec::new() };
        stack.layers.extend(layers);
        // Stable: within a level they stay in order.
        stack.layers.sort_by_key(|layer| layer.level);
        Self(Arc::new(stack))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.layers.iter().map(|l| (l.level, &l.origin))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::model::Level;

    fn layer(level: Level, origin: &str, vars: &[(&str, i64)]) -> VarLayer {
        let vars: Map = vars.iter().map(|(k, v)| (*k, *v)).collect();
        VarLayer { level, origin: origin.into(), span: Span::nowhere(origin), vars: Arc::new(vars) }
    }

    #[test]
    fn the_stronger_level_wins_whatever_the_order_of_pushing() {
        let scope = Scope::new()
            .with(layer(Level::Extra, "-e", &[("x", 3)]))
            .with(layer(Level::RoleDefaults, "defaults", &[("x", 1), ("y", 1)]))
            .with(layer(Level::PlayVars, "play", &[("x", 2), ("y", 2)]));
        assert_eq!(scope.lookup("x").map(|(v, l)| (v.clone(), &*l.origin)), Some((Value::from(3), "-e")));
        let origins: Vec<_> = scope.explain("x").iter().map(|(l, v)| format!("{}={v}", l.origin)).collect();
        assert_eq!(origins, ["-e=3", "play=2", "defaults=1"]);
        assert_eq!(scope.names().into_iter().collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn within_a_level_the_later_wins_and_a_snapshot_stays_as_it_was() {
        let before = Scope::new().with(layer(Level::SetFact, "a", &[("x", 1)]));
        let after = before.with(layer(Level::SetFact, "b", &[("x", 2)]));
        assert_eq!(before.lookup("x").map(|(v, _)| v.clone()), Some(Value::from(1)));
        assert_eq!(after.lookup("x").map(|(v, _)| v.clone()), Some(Value::from(2)));
    }
}
