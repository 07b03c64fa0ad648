//! Whether this program is what was put on the target: its own hash.
//!
//! A file in a cache may be cut or damaged. What a stranger wrote there is no question: the folders are the user's own.

use std::io::{self, Write};
use std::path::Path;

use crate::module::checksum::{Algorithm, of_file};
use crate::wire::preamble::ABSENT;

/// Whether this program's file has this SHA-256, in hexadecimal.
pub fn is(hash: &str) -> bool {
    of_file(Algorithm::Sha256, Path::new("/proc/self/exe")).is_ok_and(|own| own == hash)
}

/// Says what a host says that has no agent, so that one is put there anew.
pub fn say_absent(mut output: impl Write) -> io::Result<()> {
    writeln!(output, "{ABSENT}Linux {}", std::env::consts::ARCH)
}
