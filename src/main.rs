//! The program: parse, resolve, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let code = byline::cli::run(std::env::args_os());
    ExitCode::from(code)
}
