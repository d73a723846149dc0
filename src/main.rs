//! The `iamdrift` command.

fn main() {}
