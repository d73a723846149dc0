//! The text of a file, and positions in it.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::input_bytes;

/// The display name of standard input.
pub const STDIN_NAME: &str = "<stdin>";

/// A range of bytes in one [`SourceFile`].
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`, without `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

/// A file, line and column, for people and reports.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
pub struct Place {
    /// The name of the file, as the user wrote it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

const CHUNK_SIZE: usize = 1024;

/// A text with its name and an index of its lines.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    /// The number of characters before each chunk of bytes, so that a column in a long line is found quickly.
    chars_before: Vec<usize>,
    /// Line and column of the first character; not (1, 1) for an excerpt of a larger file.
    origin: (usize, usize),
    /// The string of another file that contained this text (an encoded policy document).
    container: Option<(Arc<SourceFile>, Span)>,
}

impl SourceFile {
    /// A text with its display name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<SourceFile> {
        Arc::new(SourceFile::build(name.into(), text.into(), (1, 1), None))
    }

    /// A text that was decoded from a string in `container`.
    pub fn from_embedded(container: &Arc<SourceFile>, span: Span, text: String) -> Arc<SourceFile> {
        let name = container.name.clone();
        Arc::new(SourceFile::build(name, text, (1, 1), Some((Arc::clone(container), span))))
    }

    /// A part of this text with the same name, lines and columns, so that the rest can be dropped.
    pub fn excerpt(&self, span: Span) -> Arc<SourceFile> {
        let origin = self.line_column(span.start);
        let text = self.slice(span).to_owned();
        Arc::new(SourceFile::build(self.name.clone(), text, origin, self.container.clone()))
    }

    /// Reads a regular UTF-8 file, without its byte order mark.
    ///
    /// # Errors
    /// If the file cannot be read, is too large, or is not UTF-8.
    pub fn read(path: &Path) -> std::io::Result<Arc<SourceFile>> {
        Ok(SourceFile::new(path.display().to_string(), input_bytes::decode_text(input_bytes::read_file(path)?)?))
    }

    /// Reads a regular file as [`SourceFile::read`], and decompresses it.
    ///
    /// # Errors
    /// As [`SourceFile::read`]; also compressed data that is truncated or damaged.
    pub fn read_decompressed(path: &Path) -> std::io::Result<Arc<SourceFile>> {
        let bytes = input_bytes::decompress(path, input_bytes::read_file(path)?)?;
        Ok(SourceFile::new(path.display().to_string(), input_bytes::decode_text(bytes)?))
    }

    /// Reads standard input, plain or compressed.
    ///
    /// # Errors
    /// As [`SourceFile::read_decompressed`].
    pub fn read_stdin() -> std::io::Result<Arc<SourceFile>> {
        let bytes = input_bytes::decompress(Path::new(""), input_bytes::read_stdin()?)?;
        Ok(SourceFile::new(STDIN_NAME, input_bytes::decode_text(bytes)?))
    }

    fn build(
        name: String,
        text: String,
        origin: (usize, usize),
        container: Option<(Arc<SourceFile>, Span)>,
    ) -> SourceFile {
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        let mut chars = 0;
        let mut chars_before = Vec::with_capacity(text.len() / CHUNK_SIZE + 1);
        for chunk in text.as_bytes().chunks(CHUNK_SIZE) {
            chars_before.push(chars);
            chars += count_chars(chunk);
        }
        if text.len().is_multiple_of(CHUNK_SIZE) {
            chars_before.push(chars);
        }
        SourceFile { name, text, line_starts, chars_before, origin, container }
    }

    /// The display name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span. Empty if the span is not on character boundaries of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// Line and column (both from 1, the column in characters) of a byte offset in this text.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.count_chars_before(offset).saturating_sub(self.count_chars_before(start)) + 1;
        let (first_line, first_column) = self.origin;
        (line + first_line - 1, if line == 1 { column + first_column - 1 } else { column })
    }

    /// The number of characters that start before an offset.
    fn count_chars_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let chunk = offset / CHUNK_SIZE;
        let rest = self.text.as_bytes().get(chunk * CHUNK_SIZE..offset).unwrap_or_default();
        let before = self.chars_before.get(chunk).copied().unwrap_or(0);
        before + count_chars(rest)
    }

    /// The position of a span in the file that the user can open. For a decoded document, the position of its string.
    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.position(span);
        Place { file: self.name.clone(), line, column }
    }

    /// The line and column of [`SourceFile::place`]. The file is that of [`SourceFile::name`].
    pub fn position(&self, span: Span) -> (usize, usize) {
        match &self.container {
            // INVARIANT: a decoded document has the name of its container.
            Some((container, outer)) => container.position(*outer),
            None => self.line_column(span.start),
        }
    }

    /// Whether this text was decoded from a string of another file.
    pub fn is_embedded(&self) -> bool {
        self.container.is_some()
    }
}

fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_in_lines_of_any_length() {
        for length in [CHUNK_SIZE / 2 - 1, CHUNK_SIZE / 2, 3 * CHUNK_SIZE] {
            let file = SourceFile::new("x.json", "é".repeat(length));
            assert_eq!(file.line_column(2 * length), (1, length + 1));
            assert_eq!(file.line_column(length / 2 * 2), (1, length / 2 + 1));
        }
    }

    #[test]
    fn rejects_files_that_are_not_utf8() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        let mut texts = Vec::new();
        for bytes in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}", b"{\n\x80}"] {
            std::fs::write(&path, bytes).unwrap();
            let error = SourceFile::read(&path).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{bytes:?}");
            texts.push(error.to_string());
        }
        insta::assert_snapshot!("files_that_are_not_utf_8", texts.join("\n"));
        std::fs::write(&path, b"\xef\xbb\xbf{}").unwrap();
        assert_eq!(SourceFile::read(&path).unwrap().text(), "{}");
    }

    #[test]
    fn an_excerpt_keeps_line_and_column() {
        let file = SourceFile::new("x.json", "{\n  \"é\": {\n \"a\": 1}}");
        let span = Span::new(10, 20);
        let excerpt = file.excerpt(span);
        assert_eq!(excerpt.text(), "{\n \"a\": 1}");
        for offset in 0..10 {
            assert_eq!(excerpt.line_column(offset), file.line_column(span.start + offset), "{offset}");
        }
    }
}
