//! The ceiling of an entry: the union of its policy documents, the most access that a principal may have.

use std::sync::Arc;

use super::levels::{LevelCatalog, Levels};
use crate::iam::PolicyDocument;
use crate::source::{Diagnostic, Diagnostics, Place, SourceFile, Span};

/// `allow`, `levels` and `resources` of an entry. A ceiling without parts allows nothing.
#[derive(Clone, Debug)]
pub struct Ceiling {
    /// The parts, in the order of the manifest; `levels` last.
    pub parts: Vec<CeilingPart>,
    pub(in crate::baseline) source: Arc<SourceFile>,
}

/// One part of a ceiling.
#[derive(Clone, Debug)]
pub enum CeilingPart {
    /// A document of the baseline directory.
    Document {
        /// The path as in the manifest, relative to the directory.
        path: String,
        /// The document.
        document: Arc<PolicyDocument>,
        /// The position in the manifest.
        span: Span,
    },
    /// An AWS managed policy, whose document is in the snapshot.
    AwsManaged {
        /// Path and name, for example `job-function/ViewOnlyAccess`.
        path: String,
        /// The position in the manifest.
        span: Span,
    },
    /// Access levels of services.
    Levels(Levels),
}

/// One document of a resolved ceiling.
#[derive(Clone, Debug)]
pub struct CeilingDocument {
    /// The name in reports: the path, `aws:policy/…`, or `levels`.
    pub name: String,
    /// The document.
    pub document: Arc<PolicyDocument>,
    /// The position in the manifest.
    pub place: Place,
}

/// The ARN of an AWS managed policy in a partition. `path` includes the name: `job-function/ViewOnlyAccess`.
pub(crate) fn to_aws_managed_arn(partition: &str, path: &str) -> String {
    format!("arn:{partition}:iam::aws:policy/{path}")
}

impl Ceiling {
    /// The documents of the ceiling, in order. Their union is the ceiling.
    ///
    /// `aws_managed` returns the document of an AWS managed policy from its path and name, for example
    /// `job-function/ViewOnlyAccess`.
    ///
    /// # Errors
    /// If `aws_managed` does not have a document, or if `levels` has a service or level without actions.
    pub fn resolve(
        &self,
        levels: &dyn LevelCatalog,
        aws_managed: impl Fn(&str) -> Option<Arc<PolicyDocument>>,
    ) -> Result<Vec<CeilingDocument>, Diagnostics> {
        let mut documents = Vec::with_capacity(self.parts.len());
        let mut problems = Vec::new();
        for part in &self.parts {
            let (name, document, span) = match part {
                CeilingPart::Document { path, document, span } => (path.clone(), Arc::clone(document), *span),
                CeilingPart::AwsManaged { path, span } => match aws_managed(path) {
                    Some(document) => (format!("aws:policy/{path}"), document, *span),
                    None => {
                        problems.push(
                            Diagnostic::error(
                                &self.source,
                                *span,
                                format!("the document of the AWS managed policy `{path}` is not in the snapshot"),
                                "an AWS managed policy that was collected",
                            )
                            .with_help("collect the policy, or add a copy of its document to the baseline directory"),
                        );
                        continue;
                    }
                },
                CeilingPart::Levels(levels_part) => match levels_part.to_document(&self.source, levels) {
                    Ok(document) => ("levels".to_owned(), Arc::new(document), levels_part.span),
                    Err(mut errors) => {
                        problems.append(&mut errors.0);
                        continue;
                    }
                },
            };
            documents.push(CeilingDocument { name, document, place: self.source.place(span) });
        }
        if problems.is_empty() { Ok(documents) } else { Err(Diagnostics(problems)) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::baseline::tests::testing::{TinyCatalog, load_manifest};

    fn entry(lines: &str) -> crate::baseline::Baseline {
        load_manifest(&format!("version = 1\n[[principal]]\nname = \"a\"\nmatch = \"*\"\nkind = \"agent\"\n{lines}\n"))
    }

    #[test]
    fn resolves_documents_managed_policies_and_levels() {
        let baseline = entry(concat!(
            "allow = [\"good.json\", \"aws:policy/job-function/ViewOnlyAccess\"]\n",
            "levels = { s3 = [\"List\"], ce = [\"Read\", \"List\", \"Read\"] }\nresources = \"arn:*:s3:::reports\"",
        ));
        let ceiling = &baseline.entries[0].ceiling;
        let document = match &ceiling.parts[0] {
            CeilingPart::Document { document, .. } => Arc::clone(document),
            part => panic!("{part:?}"),
        };
        let found = ceiling
            .resolve(&TinyCatalog, |path| (path == "job-function/ViewOnlyAccess").then(|| Arc::clone(&document)))
            .unwrap();
        let shown: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.place.line, d.place.column)).collect();
        assert_eq!(shown, [("good.json", 6, 10), ("aws:policy/job-function/ViewOnlyAccess", 6, 23), ("levels", 7, 1)]);
        let levels = &found[2].document;
        let actions =
            |i: usize| -> Vec<&str> { levels.statements[i].action.patterns.iter().map(|p| p.as_written()).collect() };
        assert_eq!(actions(0), ["ce:GetCostAndUsage", "ce:GetTags", "ce:ListTagsForResource"]);
        assert_eq!(actions(1), ["s3:ListBucket"]);
        assert_eq!(levels.statements[0].sid.as_deref(), Some("ceListRead"));
        assert_eq!(levels.statements[1].resource.as_ref().unwrap().patterns[0].as_written(), "arn:*:s3:::reports");
        assert_eq!(levels.place().line, 7);
        let problems = ceiling.resolve(&TinyCatalog, |_| None).unwrap_err();
        assert_eq!((problems.0[0].place().line, problems.0[0].place().column), (6, 23));
        insta::assert_snapshot!("a_managed_policy_that_is_not_in_the_snapshot", problems.0[0].message);
        assert_eq!(to_aws_managed_arn("aws-cn", "ReadOnlyAccess"), "arn:aws-cn:iam::aws:policy/ReadOnlyAccess");
    }

    #[test]
    fn an_empty_ceiling_is_valid() {
        let baseline = entry("allow = []");
        assert!(baseline.entries[0].ceiling.resolve(&TinyCatalog, |_| None).unwrap().is_empty());
    }
}
