//! The manifest: who is declared to do what.
