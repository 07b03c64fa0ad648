//! The names of monitors, which the compiler, the controller and the agent have in common.

/// The monitors that every agent has.
pub const BUILT_IN: [&str; 2] = ["host", "cpu"];
/// How the names of variables begin that declare a monitor.
pub const DECLARED: &str = "monitor_";
/// The monitor that the vendor of a host declares.
pub const DEVICE: &str = "device";
