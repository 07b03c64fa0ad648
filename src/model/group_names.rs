//! Names of groups that no expression can use as they are, and what becomes of them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Inventory;

/// What becomes of names of groups that are no words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupNames {
    /// They stay.
    #[default]
    Kept,
    /// What is no letter, digit or `_` becomes `_`, and so does a digit at the beginning.
    Replaced,
}

/// Whether an expression can use it as a name.
pub fn is_word(name: &str) -> bool {
    name.chars().enumerate().all(|(at, c)| fits(at, c))
}

fn fits(at: usize, c: char) -> bool {
    c == '_' || (c.is_alphanumeric() && (at > 0 || !c.is_numeric()))
}

/// The word that stands for it.
fn word(name: &str) -> Arc<str> {
    name.chars().enumerate().map(|(at, c)| if fits(at, c) { c } else { '_' }).collect::<String>().into()
}

impl Inventory {
    /// Gives groups whose names are no words such names; groups that then have one name are one. Gives whether there were any.
    pub fn replace_group_names(&mut self) -> bool {
        if self.groups.keys().all(|name| is_word(name)) {
            return false;
        }
        let mut groups = IndexMap::with_capacity(self.groups.len());
        for (name, mut group) in std::mem::take(&mut self.groups) {
            group.children = group.children.into_iter().map(|(name, span)| (word(&name), span)).collect();
            group.name = word(&name);
            match groups.get_mut(&group.name) {
                None => drop(groups.insert(Arc::clone(&group.name), group)),
                Some(known) => known.absorb(group),
            }
        }
        self.groups = groups;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    #[test]
    fn groups_of_one_word_are_one() {
        let mut inventory = Inventory::new();
        let here = Span::nowhere("a test");
        inventory.add_host_to_group("a-b", "n1", &here);
        inventory.add_host_to_group("a_b", "n2", &here);
        inventory.add_host_to_group("9c", "n3", &here);
        inventory.add_child("top", "a-b", &here).unwrap();
        assert!(inventory.replace_group_names());
        inventory.settle();
        let names: Vec<_> = inventory.groups.keys().map(|name| &**name).collect();
        assert_eq!(names, ["all", "ungrouped", "a_b", "_c", "top"]);
        let hosts: Vec<_> = inventory.hosts_of("top").iter().map(ToString::to_string).collect();
        assert_eq!(hosts, ["n1", "n2"]);
        assert!(!inventory.replace_group_names());
    }
}
