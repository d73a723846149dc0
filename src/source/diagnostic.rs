//! What is wrong, where, and what was expected.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::file::{Place, SourceFile, Span};

/// How bad a diagnostic is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum DiagnosticSeverity {
    /// The input cannot be used.
    Error,
    /// The input can be used, and the user should know.
    Warning,
}

/// One problem with an input, tied to its text.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: DiagnosticSeverity,
    /// What is wrong, in one line.
    pub message: String,
    /// What was expected, written under the text.
    pub expected: String,
    /// What to do about it, when that can be told.
    pub help: Option<String>,
    source: Arc<SourceFile>,
    span: Span,
}

impl Diagnostic {
    /// An error at `span` of `source`; `expected` stands under the underlined text.
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

    /// The same as a warning.
    pub fn into_warning(mut self) -> Diagnostic {
        self.severity = DiagnosticSeverity::Warning;
        self
    }

    /// Adds what to do about it.
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds a "did you mean" when one of `known` is close to `found`.
    pub fn with_suggestion<'a>(self, found: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match find_similar_name(found, known) {
            Some(suggestion) => self.with_help(format!("did you mean `{suggestion}`?")),
            None => self,
        }
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.source.place(self.span)
    }

    /// The text with the offending part underlined; plain, for the caller to colour or not.
    pub fn render(&self, styled: bool) -> String {
        let level = match self.severity {
            DiagnosticSeverity::Error => Level::ERROR,
            DiagnosticSeverity::Warning => Level::WARNING,
        };
        let message = escape_control_chars(&self.message);
        let expected = escape_control_chars(&self.expected);
        let excerpt = self.excerpt();
        let place = self.place();
        let path = if self.source.is_embedded() {
            format!("{place} (the document written in this string)")
        } else {
            place.file.clone()
        };
        let (line, column) = self.source.line_column(self.span.start.min(self.source.text().len()));
        let snippet = Snippet::source(excerpt.text)
            .line_start(line)
            .annotation(AnnotationKind::Primary.span(excerpt.span.start..excerpt.span.end).label(expected));
        let mut group = level.primary_title(message).element(snippet.path(path));
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(escape_control_chars(help)));
        }
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let rendered = renderer.render(&[group]).to_string();
        if excerpt.is_truncated { replace_column(&rendered, column) } else { rendered }
    }

    /// The line of the span, shortened so that a minified file of one line stays readable.
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
        let slice = text.get(excerpt_start..excerpt_end).unwrap_or("");
        // Control characters are shown as they would be escaped; a space keeps the columns.
        let shown: String = slice.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let is_unchanged = shown.len() == slice.len();
        let span = if is_unchanged {
            Span::new(start - excerpt_start, end - excerpt_start)
        } else {
            Span::new(0, shown.len())
        };
        Excerpt { text: shown, span, is_truncated: excerpt_start > line_start || !is_unchanged }
    }
}

/// A rendered diagnostic with the true column in the line that tells its place. The renderer counts columns in
/// what it is given, which is not the whole line where that is cut on its left.
fn replace_column(rendered: &str, column: usize) -> String {
    let mut is_replaced = false;
    let lines = rendered.split('\n').enumerate().map(|(i, line)| match line.rsplit_once(':') {
        Some((place, counted)) if i > 0 && !is_replaced && line.contains("--> ") => {
            is_replaced = true;
            let rest = counted.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{place}:{column}{rest}")
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What is shown of a line.
struct Excerpt {
    text: String,
    /// The span in it.
    span: Span,
    /// Whether columns in it are not those of the line.
    is_truncated: bool,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place(), escape_control_chars(&self.message))?;
        if !self.expected.is_empty() {
            write!(f, " ({})", escape_control_chars(&self.expected))?;
        }
        if let Some(help) = &self.help {
            write!(f, "; {}", escape_control_chars(help))?;
        }
        Ok(())
    }
}

/// All that was wrong with one input; never empty when returned as an error.
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

/// The nearest of `known` to `found`, if it is near enough to be a slip of the keyboard.
pub fn find_similar_name<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_ascii_lowercase();
    let length = found.chars().count();
    known
        .into_iter()
        // The difference of the lengths is a bound that is had without comparing.
        .filter(|name| length.abs_diff(name.len()) <= (name.len() / 3).max(1))
        .map(|name| (strsim::damerau_levenshtein(&found, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn escape_control_chars(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, start: usize, end: usize) -> String {
        let source = SourceFile::new("a.json", text);
        Diagnostic::error(&source, Span::new(start, end), "wrong", "right").render(false)
    }

    #[test]
    fn a_truncated_excerpt_keeps_its_column() {
        let text = format!("{{}}\n{}é!{}", "x".repeat(300), "y".repeat(300));
        let shown = rendered(&text, 305, 306);
        assert!(shown.contains(" --> a.json:2:302\n"), "{shown}");
        assert!(shown.contains("xxxé!yyy") && !shown.contains(&"x".repeat(70)), "{shown}");
        assert!(rendered("short !", 6, 7).contains(" --> a.json:1:7\n"));
    }
}
