//! Turns the answers of `analysis` into the parts of a finding. The parts are data; `report::text` renders them.
//!
//! - `statement_text`: the normal form of a statement, for fingerprints and for `iamdrift explain`
//! - `find_nearest_declared`: the declared statement that comes closest to allowing a witness
//! - `excess_report`: the excess by granting statement
//! - `deny_statement`: policies that deny an excess
//! - `narrow_statement`: a statement without what is not declared
//! - `fit_documents`, `policy_room`: documents that keep the quotas of AWS
//! - `suggest_remediation`, `suggest_denial`, `suggest_break`: the smallest edits that remove an excess, deny it or break a path
//! - `reserved_role`: advice for roles that AWS owns
//! - `suggest_declaration`: edits for an undeclared principal
//! - `suggest_persona`: what agents can do with the credentials of an entry
//! - `notes`: what a reader must know to judge the findings

pub(crate) mod dead_grants;
pub(crate) mod deny_statement;
pub(crate) mod excess_report;
pub(crate) mod find_nearest_declared;
pub(crate) mod fit_documents;
pub(crate) mod narrow_statement;
pub(crate) mod notes;
pub(crate) mod policy_room;
pub(crate) mod reserved_role;
pub mod statement_text;
pub(crate) mod suggest_break;
pub(crate) mod suggest_declaration;
pub(crate) mod suggest_denial;
pub(crate) mod suggest_persona;
pub(crate) mod suggest_remediation;
