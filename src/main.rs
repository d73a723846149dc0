//! The `iamdrift` command: arguments in, exit status out.

mod cli;

/// An audit takes and gives back small pieces of memory on every core, which this allocator does fastest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main().into()
}
