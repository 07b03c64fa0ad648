//! Variable precedence: where a variable can come from, weakest first.
//!
//! The order is ansible-core 2.19's, as observed by running all pairs of levels against each other, with the levels that
//! Benchbook adds (vendor defaults, case parameters).

use std::fmt;

/// A level of precedence. A greater level wins; within one level the later layer wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `roles/x/defaults`.
    RoleDefaults,
    /// `roles/vendor_x/defaults`, loaded for the hosts whose variable `vendor` is `x`.
    VendorDefaults,
    /// Variables of groups in an inventory file, those of `all` included.
    InventoryGroupVars,
    /// `group_vars/all` beside the inventory.
    InventoryGroupVarsAll,
    /// `group_vars/all` beside the playbook.
    PlaybookGroupVarsAll,
    /// `group_vars/<group>` beside the inventory.
    InventoryGroupVarsDir,
    /// `group_vars/<group>` beside the playbook.
    PlaybookGroupVarsDir,
    /// Variables of a host in an inventory file.
    InventoryHostVars,
    /// `host_vars/<host>` beside the inventory.
    InventoryHostVarsDir,
    /// `host_vars/<host>` beside the playbook.
    PlaybookHostVars,
    /// What was found out about the machine.
    Facts,
    /// `vars` of a play.
    PlayVars,
    /// `vars_prompt` of a play.
    VarsPrompt,
    /// `vars_files` of a play.
    VarsFiles,
    /// `roles/x/vars`.
    RoleVars,
    /// `vars` of a block, of a role entry, of an `import_*`.
    BlockVars,
    /// `vars` of a task.
    TaskVars,
    /// The module `include_vars`.
    IncludeVars,
    /// `set_fact` and `register`.
    SetFact,
    /// Parameters of a role entry.
    RoleParams,
    /// `vars` of an `include_*`.
    IncludeParams,
    /// The parameters that a case's `matrix` gives, and `case` itself.
    CaseParams,
    /// `--extra-vars`.
    Extra,
    /// What Benchbook itself defines: `inventory_hostname`, `groups`, `playbook_dir` …
    Magic,
}

impl Level {
    /// All levels, weakest first.
    pub const ALL: [Level; 24] = [
        Level::RoleDefaults,
        Level::VendorDefaults,
        Level::InventoryGroupVars,
        Level::InventoryGroupVarsAll,
        Level::PlaybookGroupVarsAll,
        Level::InventoryGroupVarsDir,
        Level::PlaybookGroupVarsDir,
        Level::InventoryHostVars,
        Level::InventoryHostVarsDir,
        Level::PlaybookHostVars,
        Level::Facts,
        Level::PlayVars,
        Level::VarsPrompt,
        Level::VarsFiles,
        Level::RoleVars,
        Level::BlockVars,
        Level::TaskVars,
        Level::IncludeVars,
        Level::SetFact,
        Level::RoleParams,
        Level::IncludeParams,
        Level::CaseParams,
        Level::Extra,
        Level::Magic,
    ];

    /// In words, for `explain`.
    pub fn words(self) -> &'static str {
        match self {
            Level::RoleDefaults => "role defaults",
            Level::VendorDefaults => "vendor defaults",
            Level::InventoryGroupVars => "group variables in the inventory",
            Level::InventoryGroupVarsAll => "group_vars/all of the inventory",
            Level::PlaybookGroupVarsAll => "group_vars/all of the playbook",
            Level::InventoryGroupVarsDir => "group_vars of the inventory",
            Level::PlaybookGroupVarsDir => "group_vars of the playbook",
            Level::InventoryHostVars => "host variables in the inventory",
            Level::InventoryHostVarsDir => "host_vars of the inventory",
            Level::PlaybookHostVars => "host_vars of the playbook",
            Level::Facts => "facts",
            Level::PlayVars => "play vars",
            Level::VarsPrompt => "vars_prompt",
            Level::VarsFiles => "vars_files",
            Level::RoleVars => "role vars",
            Level::BlockVars => "block vars",
            Level::TaskVars => "task vars",
            Level::IncludeVars => "include_vars",
            Level::SetFact => "set_fact or register",
            Level::RoleParams => "role parameters",
            Level::IncludeParams => "include parameters",
            Level::CaseParams => "case parameters",
            Level::Extra => "extra vars",
            Level::Magic => "built in",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn the_list_has_every_level_in_order() {
        assert!(Level::ALL.is_sorted());
        assert_eq!(Level::ALL.len(), Level::Magic as usize + 1);
        for (i, level) in Level::ALL.iter().enumerate() {
            assert_eq!(*level as usize, i);
        }
    }
}
