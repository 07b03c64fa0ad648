//! The program that users call. Everything is in [`benchbook::cli`].

use std::process::ExitCode;

/// A run makes and drops many small things on several threads; the static libc's allocator takes a quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    benchbook::cli::main()
}
