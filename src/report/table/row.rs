//! The lines of the table: labels, places, and where they begin.

use super::style;
use super::writer::TableWriter;
use crate::report::layout::Paragraph;
use crate::source::Place;

/// The column of labels, and their width with the gap after them.
pub(super) const WIDE_INDENT: (usize, usize) = (10, 13);
/// In a narrow layout a label takes its own width, and its later lines begin at the second column.
pub(super) const NARROW_INDENT: (usize, usize) = (4, 6);

/// The column of everything below a heading.
pub(super) fn left_margin(writer: &TableWriter) -> usize {
    if writer.layout.is_narrow() { NARROW_INDENT.0 } else { WIDE_INDENT.0 }
}

/// The column of the text after a label.
pub(super) fn text_column(writer: &TableWriter) -> usize {
    if writer.layout.is_narrow() { NARROW_INDENT.1 } else { WIDE_INDENT.0 + WIDE_INDENT.1 }
}

/// A line with a label. The text is added after it.
pub(super) fn begin_field(writer: &TableWriter, label: &str) -> Paragraph {
    let text_column = text_column(writer);
    if !writer.layout.is_narrow() {
        return Paragraph::new(WIDE_INDENT.0, text_column).add_padded(label, WIDE_INDENT.1, style::PLAIN);
    }
    match label {
        "" => Paragraph::new(text_column, text_column),
        _ => Paragraph::new(NARROW_INDENT.0, text_column).add_padded(label, label.len() + 2, style::PLAIN),
    }
}

/// Adds a place, two columns after the text.
pub(super) fn add_place(line: Paragraph, place: &Place) -> Paragraph {
    line.add_span(2, &place.to_string(), style::PLACE)
}
