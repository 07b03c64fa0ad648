//! What an inventory and a playbook are: typed, checked, with the place of every part.
//!
//! This layer opens no file and evaluates no template.

pub mod layer;
pub mod level;

pub use layer::VarLayer;
pub use level::Level;
