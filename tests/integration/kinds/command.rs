//! `iamdrift principals` as a user meets it.
