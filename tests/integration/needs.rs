//! Other people's data and programs, which the tests marked `#[ignore = "needs …"]` cannot do without.

use std::ffi::OsString;
use std::path::PathBuf;

/// The directory of real inputs.
pub fn corpus() -> PathBuf {
    variable("IAMDRIFT_CORPUS", "the directory of real inputs").into()
}

/// A Python that has z3 and cvc5.
pub fn solvers() -> OsString {
    variable("IAMDRIFT_SMT_PYTHON", "a Python with the packages of .ci/requirements.txt")
}

/// The program `moto_server`.
#[cfg(feature = "aws")]
pub fn moto() -> OsString {
    variable("IAMDRIFT_MOTO", "the moto_server of the packages of .ci/requirements.txt")
}

fn variable(name: &str, what: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("this test needs the environment variable {name}: {what}"))
}
