//! `iamdrift collect` against servers that speak AWS's protocols: recorded answers, and moto.

mod answers;
mod contents;
mod credentials;
mod faults;
mod kept;
mod moto;
mod moto_server;
mod organization;
mod pages;
mod permissions;
#[cfg(feature = "aws-resources")]
mod resources;
mod resumed;
mod scale;
mod server;
#[cfg(feature = "aws-service-roles")]
mod service_roles;

use std::path::Path;
use std::process::Output;

/// Runs `iamdrift` with credentials, and an endpoint in the place of AWS; nothing else of this machine's
/// configuration reaches it.
pub fn run(endpoint: &str, folder: &Path, arguments: &[&str]) -> Output {
    run_with(endpoint, folder, arguments, &[])
}

/// The same with more in its environment.
pub fn run_with(endpoint: &str, folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(endpoint, folder, environment).args(arguments).output().unwrap()
}

pub fn command(endpoint: &str, folder: &Path, environment: &[(&str, &str)]) -> std::process::Command {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("iamdrift"));
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "AKIACALLER")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied());
    command
}

/// A text without the place of a folder, which is another each time.
pub fn shown(text: &str, folder: &Path) -> String {
    text.replace(folder.to_str().unwrap(), "[folder]")
}

/// The exit status, and what went to standard error.
pub fn ended(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}
