//! The hactl binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    hactl::cli::main(hactl::sys::process::sigpipe::end_quietly)
}
