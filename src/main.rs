//! The hactl binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    hactl::cli::main(hactl::sys::pipe::end_quietly)
}
