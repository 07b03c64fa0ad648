//! What every layer speaks: values, places in the user's files, diagnostics, identities, time and units.
//!
//! This layer knows nothing of playbooks, hosts or processes. Conversions of [`Value`] to YAML, JSON and the wire live
//! with the type; templates have values of their own, in `vars`.

pub mod address;
pub mod ansible;
pub mod args;
pub mod baseline;
pub mod cause;
pub mod clock;
pub mod connections;
pub mod diagnostic;
pub mod encoding;
pub mod exact;
pub mod fragments;
pub mod glob;
pub mod hexadecimal;
pub mod ids;
pub mod map;
pub mod monitors;
pub mod netrc;
pub mod path;
pub mod reduce;
pub mod regex;
mod seal;
pub mod secret;
pub mod selector;
pub mod shlex;
pub mod span;
pub mod spanned;
pub mod spec;
pub mod statistics;
pub mod suggest;
pub mod unit;
pub mod value;
mod value_serde;

pub use cause::Cause;
pub use clock::{Clock, SystemClock, Timestamp};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use hexadecimal::hexadecimal;
pub use ids::{CaseId, HostName, JobId, RunId, RunMark, StepId};
pub use map::{Key, Map};
pub use seal::Sealed;
pub use secret::Secret;
pub use span::{Source, Span};
pub use spanned::Spanned;
pub use unit::{Quantity, Unit, UnitError};
pub use value::{Text, Value};
