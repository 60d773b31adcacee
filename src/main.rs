//! The hactl binary: arguments in, exit code out.

/// Memory for all.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    hactl::cli::main(hactl::sys::process::sigpipe::end_quietly)
}
