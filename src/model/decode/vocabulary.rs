//! The keywords of each part of a playbook, for those who describe the language: what is asked of an empty mapping, so that the
//! list cannot differ from what is read.

use std::path::Path;

use super::Decoder;
use super::fields::{Fields, Takes};
use crate::base::{Diagnostics, Span};
use crate::syntax::Node;

/// A part of a playbook that is a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An entry of a playbook.
    Play,
    /// `block:` and its sections.
    Block,
    /// A task, without its module.
    Task,
    /// An entry of `roles:`.
    RoleEntry,
    /// An entry of `cases:`.
    Case,
}

impl Decoder<'_> {
    /// The keywords of a part, each with what it takes, in the order in which they are read.
    pub fn vocabulary(&self, part: Part) -> Vec<(&'static str, Takes)> {
        let nothing = Node::empty_mapping(Span::nowhere("<nothing>"));
        let mut problems = Diagnostics::new();
        let Some(mut f) = Fields::new(&nothing, "nothing", &mut problems) else { return Vec::new() };
        match part {
            Part::Play => drop(self.play_of(&mut f, &nothing, Path::new(""))),
            Part::Block => drop(self.block_of(&mut f)),
            Part::Task => drop(self.task_of(&mut f)),
            Part::RoleEntry => drop(self.role_entry_of(&mut f)),
            Part::Case => drop(self.case_of(&mut f, &nothing)),
        }
        f.into_known()
    }
}
