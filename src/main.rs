use std::process::ExitCode;

fn main() -> ExitCode {
    lockstep::commands::main()
}
