//! Diagnostics: what is wrong with an input, where, and what was expected.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::file::{Place, SourceFile, Span};
use crate::base::sanitize::{is_hostile, sanitize};

/// The severity of a diagnostic.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum DiagnosticSeverity {
    /// The input cannot be used.
    Error,
    /// The input can be used, but the user should know.
    Warning,
}

/// Whether a rendered diagnostic has ANSI colors.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub enum RenderStyle {
    Plain,
    Colored,
}

/// One problem with an input, with its position.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The severity.
    pub severity: DiagnosticSeverity,
    /// What is wrong, in one line.
    pub message: String,
    /// What was expected. Printed next to the underlined text.
    pub expected: String,
    /// How to fix it, if known.
    pub help: Option<String>,
    source: Arc<SourceFile>,
    span: Span,
}

impl Diagnostic {
    /// An error at `span` of `source`.
    #[doc(hidden)]
    pub fn error(
        source: &Arc<SourceFile>,
        span: Span,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            severity: DiagnosticSeverity::Error,
            message: message.into(),
            expected: expected.into(),
            help: None,
            source: Arc::clone(source),
            span,
        }
    }

    /// The same diagnostic as a warning.
    #[doc(hidden)]
    pub fn into_warning(mut self) -> Diagnostic {
        self.severity = DiagnosticSeverity::Warning;
        self
    }

    /// Adds how to fix it.
    #[doc(hidden)]
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" if one of `known` is similar to `found`.
    #[doc(hidden)]
    pub fn with_suggestion<'a>(self, found: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match find_similar_name(found, known) {
            Some(suggestion) => self.with_help(format!("did you mean `{suggestion}`?")),
            None => self,
        }
    }

    /// The position.
    ///
    /// ```
    /// use iamdrift::catalog::Catalog;
    /// use iamdrift::compare::compare;
    ///
    /// let problems = compare("{}", "{\n  \"Statement\": 1\n}", Catalog::embedded()).unwrap_err();
    /// let place = problems.0.last().ok_or("a problem")?.place();
    /// assert_eq!((place.file.as_str(), place.line), ("b", 2));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn place(&self) -> Place {
        self.source.place(self.span)
    }

    /// The position as a range of its text.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The message with an excerpt of the input, the span underlined.
    ///
    /// ```
    /// use iamdrift::baseline::{Baseline, RenderStyle};
    ///
    /// if let Err(problems) = Baseline::load(std::path::Path::new("no-such-directory")) {
    ///     for problem in &problems.0 {
    ///         eprintln!("{}", problem.render(RenderStyle::Plain));
    ///     }
    /// }
    /// ```
    pub fn render(&self, style: RenderStyle) -> String {
        let level = match self.severity {
            DiagnosticSeverity::Error => Level::ERROR,
            DiagnosticSeverity::Warning => Level::WARNING,
        };
        let excerpt = self.excerpt();
        let place = self.place();
        let path = if self.source.is_embedded() {
            format!("{} (the policy document in this string)", sanitize(&place.to_string()))
        } else {
            sanitize(&place.file).into_owned()
        };
        let (line, column) = self.source.line_column(self.span.start.min(self.source.text().len()));
        let underlined =
            AnnotationKind::Primary.span(excerpt.span.start..excerpt.span.end).label(sanitize(&self.expected));
        let snippet = Snippet::source(excerpt.text).line_start(line).path(path.as_str()).annotation(underlined);
        let mut group = level.primary_title(sanitize(&self.message)).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(sanitize(help)));
        }
        let renderer = match style {
            RenderStyle::Plain => Renderer::plain(),
            RenderStyle::Colored => Renderer::styled(),
        };
        let rendered = renderer.render(&[group]).to_string();
        // The renderer counts columns in the excerpt, which may lack the start of its line.
        let counted = format!("{path}:{line}:{}", excerpt.column);
        rendered.replacen(&counted, &format!("{path}:{line}:{column}"), 1)
    }

    /// The line of the span, shortened so that a minified file stays readable.
    fn excerpt(&self) -> Excerpt {
        const CONTEXT_CHARS: usize = 60;
        let text = self.source.text();
        let start = self.span.start.min(text.len());
        let end = self.span.end.clamp(start, text.len());
        let line_start = text.get(..start).and_then(|s| s.rfind('\n')).map_or(0, |i| i + 1);
        let line_end = text.get(start..).and_then(|s| s.find('\n')).map_or(text.len(), |i| start + i);
        let end = end.min(line_end).max(start);
        let mut excerpt_start = line_start.max(start.saturating_sub(CONTEXT_CHARS));
        let mut excerpt_end = line_end.min(end.saturating_add(CONTEXT_CHARS)).min(start + 4 * CONTEXT_CHARS).max(start);
        while !text.is_char_boundary(excerpt_start) {
            excerpt_start -= 1;
        }
        while !text.is_char_boundary(excerpt_end) {
            excerpt_end += 1;
        }
        let end = end.min(excerpt_end);
        // A space in place of an unsafe character keeps the columns.
        let show = |start: usize, end: usize| -> String {
            let part = self.source.slice(Span::new(start, end));
            part.chars().map(|c| if is_hostile(c) { ' ' } else { c }).collect()
        };
        let (before, marked, after) = (show(excerpt_start, start), show(start, end), show(end, excerpt_end));
        let span = Span::new(before.len(), before.len() + marked.len());
        let column = before.chars().count() + 1;
        Excerpt { text: before + &marked + &after, span, column }
    }
}

/// The part of a line that is shown.
struct Excerpt {
    text: String,
    /// The span in it.
    span: Span,
    /// The column of the span in it, from 1.
    column: usize,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", sanitize(&self.place().to_string()), sanitize(&self.message))?;
        if !self.expected.is_empty() {
            write!(f, " ({})", sanitize(&self.expected))?;
        }
        if let Some(help) = &self.help {
            write!(f, "; {}", sanitize(help))?;
        }
        Ok(())
    }
}

/// All problems of one input. Not empty if returned as an error.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics(vec![diagnostic])
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The name of `known` that is most similar to `found`, if similar enough to be a typing error.
pub fn find_similar_name<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_ascii_lowercase();
    let length = found.chars().count();
    known
        .into_iter()
        // The difference in length is a lower bound of the distance, and cheap.
        .filter(|name| length.abs_diff(name.len()) <= (name.len() / 3).max(1))
        .map(|name| (strsim::damerau_levenshtein(&found, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, start: usize, end: usize) -> String {
        let source = SourceFile::new("a.json", text);
        Diagnostic::error(&source, Span::new(start, end), "wrong", "right").render(RenderStyle::Plain)
    }

    #[test]
    fn a_shortened_excerpt_keeps_its_column() {
        let text = format!("{{}}\n{}é!{}", "x".repeat(300), "y".repeat(300));
        let shown = rendered(&text, 305, 306);
        assert!(shown.contains(" --> a.json:2:302\n"), "{shown}");
        assert!(shown.contains("xxxé!yyy") && !shown.contains(&"x".repeat(70)), "{shown}");
        assert!(rendered("short !", 6, 7).contains(" --> a.json:1:7\n"));
    }

    #[test]
    fn unsafe_characters_are_not_printed() {
        let name = "role\u{202e}x\u{200b}\u{1b}[2J";
        let source = SourceFile::new(format!("{name}.json"), format!("{{\"{name}\": 1}}"));
        let diagnostic = Diagnostic::error(&source, Span::new(1, 5), name, name).with_help(name);
        for shown in [diagnostic.render(RenderStyle::Plain), diagnostic.to_string()] {
            assert!(shown.lines().all(|line| !line.contains(is_hostile)), "{shown}");
            assert!(shown.contains("role\\u{202e}x\\u{200b}\\u{1b}[2J"), "{shown}");
        }
        // The underline covers the span alone.
        let shown = rendered("{\"a\u{202e}\": 1}", 1, 7);
        assert!(shown.contains("\n1 | {\"a \": 1}\n  |  ^^^^ right"), "{shown}");
    }
}
