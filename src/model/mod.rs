//! What an inventory and a playbook are: typed, with a place for every part, and still untemplated.
//!
//! This layer opens no file and evaluates no template.

pub mod case;
pub mod decode;
pub mod group_names;
pub mod host_variables;
pub mod inherited;
pub mod inventory;
pub mod json_path;
pub mod keywords;
pub mod layer;
pub mod level;
pub mod pattern;
pub mod playbook;
pub mod role;
pub mod rules;
pub mod task;

pub use case::{
    Axis, Better, Case, CaseOrder, CaseRole, Expect, GoingOn, Metric, MetricSource, Reduce, Rendezvous,
    Requirement, RequirementKind, Take,
};
pub use group_names::GroupNames;
pub use inherited::{Becoming, Inherited};
pub use inventory::{Group, Host, Inventory};
pub use json_path::{BadJsonPath, JsonPath, JsonStep};
pub use keywords::{ContainerLifecycle, Keywords, Lifetime, Stage};
pub use layer::VarLayer;
pub use level::Level;
pub use pattern::Pattern;
pub use playbook::{Play, Playbook, Strategy};
pub use role::{Role, RoleVars};
pub use rules::{Rule, Subject};
pub use task::{Block, Call, Item, Loop, LoopControl, RoleEntry, RoleFrom, Switch, Task};
