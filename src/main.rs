//! The program that users call. Everything is in [`benchbook::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    benchbook::cli::main()
}
