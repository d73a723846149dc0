//! The output formats of commands that answer a question.

/// An output format. Reports of an audit have more formats: `iamdrift::report::ReportFormat`.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}
