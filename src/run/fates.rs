//! What a failure means for the other steps of a host: the scope tree, walked upwards.
//!
//! Pure. Knows no order and no edges; the queue knows those. Nothing here ever keeps a step from ending: a step is either
//! done or passed by.

use std::collections::{HashMap, HashSet};

use super::queue::HostNo;
use crate::event::Why;
use crate::plan::{RoleScope, Scope, ScopeKind, Section};

/// A scope's number in the run: its index in its fragment plus the fragment's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeNo(pub u32);

impl ScopeNo {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a (step, host) that became ready has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its work.
    Run,
    /// Nothing, and why.
    Bypass(Why),
}

/// What stopped a failure on its way up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caught {
    /// A block with a rescue, whose turn it is now.
    Rescue(ScopeNo),
    /// A case: it is over for this host.
    Case(ScopeNo),
    /// Nothing: the host leaves the play.
    Play(ScopeNo),
}

/// What is forgotten of failures around a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgiven {
    /// Nothing, and the host does no more of the play.
    Nothing,
    /// All around it, so that the host goes on.
    Around,
    /// The same; and what stands beside it in its file, up to the next block, is over.
    UpToBlock,
}

/// What happened to a scope on a host.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
struct State {
    /// A step in it was begun.
    entered: bool,
    /// A failure reached it.
    failed: Option<Why>,
    /// The host left (`meta: end_host`).
    ended: bool,
    /// Nothing of the play is left for it to do, not even an `always`.
    gone: Option<Why>,
    /// The host left the role that this is, and everything in it (`meta: end_role`).
    left: bool,
}

#[derive(Debug)]
struct Node {
    parent: Option<ScopeNo>,
    kind: ScopeKind,
    /// Of a rescue: the body whose failure it waits for.
    body: Option<ScopeNo>,
    /// By host number, as far as anything happened.
    states: Vec<State>,
}

impl Node {
    fn state(&self, host: HostNo) -> State {
        self.states.get(host.0 as usize).copied().unwrap_or_default()
    }

    fn state_mut(&mut self, host: HostNo) -> &mut State {
        let index = host.0 as usize;
        if self.states.len() <= index {
            self.states.resize(index + 1, State::default());
        }
        &mut self.states[index]
    }
}

/// The state of every scope on every host.
#[derive(Debug, Default)]
pub struct Fates {
    scopes: Vec<Node>,
    unreachable: HashSet<HostNo>,
    cancelled: bool,
    abandoned: bool,
}

impl Fates {
    /// No scopes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fragment's scopes, its root under `under`, and gives the number of the root.
    pub fn add(&mut self, scopes: &[Scope], under: Option<ScopeNo>) -> ScopeNo {
        let offset = u32::try_from(self.scopes.len()).expect("fewer than 2^32 scopes");
        let bodies: HashMap<_, _> = (offset..)
            .zip(scopes)
            .filter(|(_, scope)| scope.kind == ScopeKind::Section(Section::Body))
            .map(|(number, scope)| (scope.parent, ScopeNo(number)))
            .collect();
        self.scopes.extend(scopes.iter().map(|scope| Node {
            parent: scope.parent.map(|p| ScopeNo(p.0 + offset)).or(under),
            kind: scope.kind.clone(),
            body: bodies.get(&scope.parent).copied(),
            states: Vec::new(),
        }));
        ScopeNo(offset)
    }

    /// What a scope is.
    pub fn kind(&self, scope: ScopeNo) -> &ScopeKind {
        &self.scopes[scope.index()].kind
    }

    /// The scope itself and everything around it, outwards.
    pub fn ancestors(&self, scope: ScopeNo) -> impl Iterator<Item = ScopeNo> + '_ {
        std::iter::successors(Some(scope), |s| self.scopes[s.index()].parent)
    }

    /// The round that a scope belongs to.
    pub fn round(&self, scope: ScopeNo) -> Option<ScopeNo> {
        self.ancestors(scope).find(|s| matches!(self.kind(*s), ScopeKind::Round { .. }))
    }

    /// Whether a failure reached a scope on a host.
    pub fn has_failed(&self, scope: ScopeNo, host: HostNo) -> bool {
        self.scopes[scope.index()].state(host).failed.is_some()
    }

    /// Whether a step in a scope was begun on a host.
    pub fn is_entered(&self, scope: ScopeNo, host: HostNo) -> bool {
        self.scopes[scope.index()].state(host).entered
    }

    /// Whether the host is known to be unreachable.
    pub fn is_unreachable(&self, host: HostNo) -> bool {
        self.unreachable.contains(&host)
    }

    /// Whether a step of this scope is done by this host now.
    pub fn verdict(&self, scope: ScopeNo, host: HostNo) -> Verdict {
        if self.abandoned {
            return Verdict::Bypass(Why::Cancelled);
        }
        if self.is_unreachable(host) {
            return Verdict::Bypass(Why::Unreachable);
        }
        // What further out cannot stop this step any more.
        let (mut failure_passes, mut stop_passes, mut end_passes) = (false, false, false);
        for number in self.ancestors(scope) {
            let node = &self.scopes[number.index()];
            let state = node.state(host);
            if let Some(why) = state.gone {
                return Verdict::Bypass(why);
            }
            if let Some(why) = state.failed
                && !failure_passes
            {
                return Verdict::Bypass(why);
            }
            if state.left || (state.ended && !end_passes) {
                return Verdict::Bypass(Why::Ended);
            }
            let entered = node.parent.is_some_and(|p| self.scopes[p.index()].state(host).entered);
            match node.kind {
                ScopeKind::Section(Section::Rescue) => {
                    if !node.body.is_some_and(|body| self.has_failed(body, host)) {
                        return Verdict::Bypass(Why::NothingToRescue);
                    }
                    failure_passes = true;
                }
                ScopeKind::Section(Section::Always) if entered => {
                    failure_passes = true;
                    stop_passes = true;
                    end_passes |= node.parent.is_some_and(|parent| self.clears_up(parent));
                }
                _ => {}
            }
        }
        if self.cancelled && !stop_passes { Verdict::Bypass(Why::Cancelled) } else { Verdict::Run }
    }

    /// Whether the `always` of a scope clears up what the run itself has made.
    fn clears_up(&self, scope: ScopeNo) -> bool {
        matches!(self.kind(scope), ScopeKind::Case(_) | ScopeKind::Block { lifecycle: true, .. })
    }

    /// A step of this scope begins on this host: from here the `always` of every block around it is owed.
    pub fn enter(&mut self, scope: ScopeNo, host: HostNo) {
        let mut at = Some(scope);
        while let Some(number) = at {
            let node = &mut self.scopes[number.index()];
            node.state_mut(host).entered = true;
            at = node.parent;
        }
    }

    /// A step of this scope failed on this host.
    pub fn fail(&mut self, scope: ScopeNo, host: HostNo, why: Why) -> Caught {
        let mut at = scope;
        let mut section = None;
        loop {
            let node = &mut self.scopes[at.index()];
            match node.kind {
                ScopeKind::Block { rescue: true, .. } if section == Some(Section::Body) => {
                    return Caught::Rescue(at);
                }
                // Marked below it: the sections that are still owed are not in the one that failed.
                ScopeKind::Block { .. } if section.is_some() => section = None,
                ScopeKind::Case(_) => {
                    if section.is_none() {
                        node.state_mut(host).failed.get_or_insert(why);
                    }
                    return Caught::Case(at);
                }
                ScopeKind::Section(kind) => {
                    node.state_mut(host).failed.get_or_insert(why);
                    section = Some(kind);
                }
                _ => {
                    node.state_mut(host).failed.get_or_insert(why);
                    section = None;
                }
            }
            match node.parent {
                Some(parent) => at = parent,
                None => return Caught::Play(at),
            }
        }
    }

    /// The section that a host comes to when it fails in this scope, if a block is the next thing around it.
    fn next_section(&self, scope: ScopeNo) -> Option<ScopeNo> {
        let ScopeKind::Section(section) = self.kind(scope) else { return None };
        let (block, section) = (self.scopes[scope.index()].parent, *section);
        let of_block = |wanted| {
            let is = |node: &Node| node.parent == block && node.kind == ScopeKind::Section(wanted);
            let place = self.scopes.iter().skip(scope.index()).position(is)?;
            u32::try_from(scope.index() + place).ok().map(ScopeNo)
        };
        let rescue = Some(Section::Rescue).filter(|_| section == Section::Body).and_then(of_block);
        rescue.or_else(|| Some(Section::Always).filter(|_| section != Section::Always).and_then(of_block))
    }

    /// Whether a block around this scope still has a section for who fails here; a flush that is forced is one for who has
    /// `notified` handlers.
    pub fn owes(&self, scope: ScopeNo, notified: bool) -> bool {
        let flushes = |section: &ScopeNo| {
            let block = self.scopes[section.index()].parent;
            block.is_some_and(|block| matches!(self.kind(block), ScopeKind::Block { flushes: true, .. }))
        };
        self.ancestors(scope)
            .any(|section| self.next_section(section).is_some() && (notified || !flushes(&section)))
    }

    /// Where a host that stands in this scope is now: where that has failed, in the section that comes next, if there is one.
    pub fn next_scope(&self, scope: ScopeNo, host: HostNo) -> Option<ScopeNo> {
        let next = |at: &ScopeNo| self.next_section(*at);
        std::iter::successors(Some(scope), next).find(|at| !self.has_failed(*at, host))
    }

    /// What has failed around the place where a host stands is forgotten. As in Ansible, where it has failed itself that list of
    /// tasks is over for it, and where a block of the play itself has no section left for it, so is the play.
    pub fn forgive(&mut self, scope: ScopeNo, host: HostNo) -> Forgiven {
        let has_failed = self.has_failed(scope, host);
        let is_over = has_failed && self.next_scope(scope, host).is_none();
        if is_over && self.is_outermost(scope) {
            return Forgiven::Nothing;
        }
        // In a file of tasks the blocks that follow are lists of their own.
        let is_file =
            matches!(self.kind(scope), ScopeKind::Group(_) | ScopeKind::Role(_)) || self.is_flushed(scope);
        let around: Vec<ScopeNo> = self.ancestors(scope).skip(usize::from(has_failed && !is_file)).collect();
        for number in around {
            self.scopes[number.index()].state_mut(host).failed = None;
        }
        if has_failed && is_file { Forgiven::UpToBlock } else { Forgiven::Around }
    }

    /// Whether it is a section of a block that the user has written: what stands there stands in no list of its own.
    pub fn is_section(&self, scope: ScopeNo) -> bool {
        matches!(self.kind(scope), ScopeKind::Section(_)) && !self.is_flushed(scope)
    }

    /// Whether it is what a forced flush follows, in which the play's own lists of tasks stand.
    fn is_flushed(&self, scope: ScopeNo) -> bool {
        let block = self.scopes[scope.index()].parent;
        *self.kind(scope) == ScopeKind::Section(Section::Body)
            && block.is_some_and(|block| matches!(self.kind(block), ScopeKind::Block { flushes: true, .. }))
    }

    /// Whether what stands in one scope stands in another one, and in no block that stands there.
    pub fn is_beside(&self, scope: ScopeNo, list: ScopeNo) -> bool {
        let mut path: Vec<ScopeNo> = self.ancestors(scope).take_while(|at| *at != list).collect();
        let is_inside =
            scope == list || path.last().is_some_and(|at| self.scopes[at.index()].parent == Some(list));
        let is_block =
            |at: ScopeNo| matches!(self.kind(at), ScopeKind::Block { .. } | ScopeKind::Plain { .. });
        is_inside && !path.pop().is_some_and(is_block)
    }

    /// Nothing more is sent to this host: no rescue, no always.
    pub fn lose(&mut self, host: HostNo) {
        self.unreachable.insert(host);
    }

    /// What was said of a host that was lost is forgotten.
    pub fn regain(&mut self, host: HostNo) {
        self.unreachable.remove(&host);
    }

    /// The host leaves the play that this scope is in; of the `always` that are owed, those of cases and life cycles still run.
    pub fn end(&mut self, scope: ScopeNo, host: HostNo) {
        if let Some(play) = self.ancestors(scope).last() {
            self.scopes[play.index()].state_mut(host).ended = true;
        }
    }

    /// Whether a host that stands in this scope and leaves the play there counts as failed, if something has failed around it.
    /// As in Ansible it does where a block that stands in the play itself has heard of it and is not done with it; who leaves
    /// in a rescue itself, not in a block in there, is rescued.
    pub fn fails_by_ending(&self, scope: ScopeNo, host: HostNo) -> Option<bool> {
        let is_rescue = |at: ScopeNo| *self.kind(at) == ScopeKind::Section(Section::Rescue);
        // Who has failed in a body that is rescued is in the rescue already.
        let rescue = self.next_section(scope).filter(|next| is_rescue(*next) && self.has_failed(scope, host));
        let at = rescue.unwrap_or(scope);
        let has_failed = |at: ScopeNo| self.ancestors(at).any(|at| self.has_failed(at, host));
        let is_settled = self.is_outermost(at) && self.has_failed(at, host);
        if is_settled || !(has_failed(at) || self.ancestors(at).any(is_rescue)) {
            return None;
        }
        let is_section =
            |at: &ScopeNo| matches!(self.kind(*at), ScopeKind::Section(_)) && self.is_outermost(*at);
        let section = self.ancestors(at).find(is_section).filter(|_| !is_rescue(at));
        Some(section.is_some_and(|section| is_rescue(section) || self.comes_from_failure(section, host)))
    }

    /// Whether this is an `always` that a host has come to because its block has failed.
    fn comes_from_failure(&self, section: ScopeNo, host: HostNo) -> bool {
        let block = self.scopes[section.index()].parent;
        let mut before = self.scopes[..section.index()].iter().filter(|node| node.parent == block);
        let last = before.rfind(|node| node.kind != ScopeKind::Section(Section::Always));
        *self.kind(section) == ScopeKind::Section(Section::Always)
            && last.is_some_and(|before| before.state(host).failed.is_some())
    }

    /// Whether what stands in this scope stands in a block of the play itself, or in none.
    fn is_outermost(&self, scope: ScopeNo) -> bool {
        let block = || self.scopes[scope.index()].parent.map(|block| self.kind(block));
        match self.kind(scope) {
            ScopeKind::Play => true,
            ScopeKind::Role(role) => role.outermost,
            ScopeKind::Plain { outermost, .. } => *outermost,
            // What a forced flush follows stands in a block of its own.
            ScopeKind::Section(kind) => match block() {
                Some(ScopeKind::Block { outermost, flushes, .. }) => {
                    *outermost && (!flushes || *kind == Section::Always)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Nothing of the play that this scope is in is left for the host to do.
    pub fn leave(&mut self, scope: ScopeNo, host: HostNo, why: Why) {
        if let Some(play) = self.ancestors(scope).last() {
            self.scopes[play.index()].state_mut(host).gone = Some(why);
        }
    }

    /// The host leaves the role that this scope is in, and what of its blocks is still to come.
    pub fn end_role(&mut self, scope: ScopeNo, host: HostNo) {
        if let Some((role, _)) = self.role(scope) {
            self.scopes[role.index()].state_mut(host).left = true;
        }
    }

    /// The use of a role that a scope belongs to.
    pub fn role(&self, scope: ScopeNo) -> Option<(ScopeNo, &RoleScope)> {
        self.ancestors(scope).find_map(|number| match self.kind(number) {
            ScopeKind::Role(role) => Some((number, role)),
            _ => None,
        })
    }

    /// No more new steps, except the `always` of what was entered.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// No more steps at all.
    pub fn abandon(&mut self) {
        self.cancelled = true;
        self.abandoned = true;
    }

    /// Whether somebody asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }
}

#[cfg(test)]
mod tests;
