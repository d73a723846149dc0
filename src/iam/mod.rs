//! The policy language: documents, statements, ARNs, globs, conditions, variables.
