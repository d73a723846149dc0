//! The `iamdrift` command: arguments in, exit status out.

mod cli;

/// An audit allocates many small objects on all cores; mimalloc is the fastest allocator for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main().into()
}
