//! Paragraphs in a given width, with hanging indents and rules for breaking words.

use std::io::{self, Write};

use owo_colors::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::sanitize::sanitize;

/// A narrower layout has labels closer to the margin.
const NARROW_WIDTH: usize = 80;
/// The minimum width of a layout.
const MIN_WIDTH: usize = 30;
/// The indent of the rest of a broken word. It shows that the rest is not a word of its own.
const CONTINUATION_INDENT: usize = 2;

/// The width and colors of the output.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Layout {
    /// The width in columns.
    width: usize,
    /// How to write a word that is longer than a line.
    long_words: LongWords,
    /// Whether to write colors.
    colour: Colour,
}

/// How to write a word that is longer than a line.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum LongWords {
    /// Continue it on the next line, with an indent.
    Break,
    /// Keep it on one line, for `grep`, although the line is then too long.
    Keep,
}

/// Whether to write colors.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Colour {
    /// Write escape sequences for colors.
    Ansi,
    /// Write no escape sequences.
    None,
}

impl Layout {
    /// A terminal of a given width, with colors.
    pub fn for_terminal(width: usize) -> Layout {
        Layout { width: width.max(MIN_WIDTH), long_words: LongWords::Break, colour: Colour::Ansi }
    }

    /// A pipe or a file: no colors, and every ARN and place on one line, so that it can be searched for.
    pub fn for_pipe(width: usize) -> Layout {
        Layout { width: width.max(MIN_WIDTH), long_words: LongWords::Keep, colour: Colour::None }
    }

    /// The same layout with or without colors.
    pub fn with_colour(self, colour: Colour) -> Layout {
        Layout { colour, ..self }
    }

    pub(super) fn width(self) -> usize {
        self.width
    }

    pub(super) fn is_narrow(self) -> bool {
        self.width < NARROW_WIDTH
    }

    pub(super) fn breaks_words(self) -> bool {
        self.long_words == LongWords::Break
    }

    pub(super) fn paint(self, text: &str, style: Style) -> String {
        match self.colour {
            Colour::Ansi if !style.is_plain() => style.style(text).to_string(),
            Colour::Ansi | Colour::None => text.to_owned(),
        }
    }
}

/// The number of columns of a text.
pub(super) fn display_width(text: &str) -> usize {
    text.width()
}

/// A text that stays on one line if it fits.
#[derive(Clone, Debug)]
struct TextSpan {
    text: String,
    style: Style,
    /// The spaces before it, unless it begins a line.
    gap: usize,
    /// Whether a dot separates it from the span before it, unless it begins a line.
    is_dotted: bool,
}

/// The separator of facts on one line.
const DOT_SEPARATOR: &str = " ·";

/// Text that is wrapped, with an indent for its later lines.
#[derive(Clone, Debug)]
pub struct Paragraph {
    spans: Vec<TextSpan>,
    indent: usize,
    hanging_indent: usize,
}

impl Paragraph {
    /// An empty paragraph. Its first line begins at column `indent`, the others at `hanging_indent`, from 0.
    pub fn new(indent: usize, hanging_indent: usize) -> Paragraph {
        Paragraph { spans: Vec::new(), indent, hanging_indent }
    }

    /// Adds a span, sanitized, `gap` columns after the span before it.
    pub fn add_span(mut self, gap: usize, text: &str, style: Style) -> Paragraph {
        self.spans.push(TextSpan { text: sanitize(text).into_owned(), style, gap, is_dotted: false });
        self
    }

    /// Adds a span that a dot separates from the span before it.
    pub fn add_dotted(mut self, text: &str, style: Style) -> Paragraph {
        self.spans.push(TextSpan { text: sanitize(text).into_owned(), style, gap: 1, is_dotted: true });
        self
    }

    /// Adds a span that fills `width` columns, so that the next spans are aligned.
    pub fn add_padded(self, text: &str, width: usize, style: Style) -> Paragraph {
        self.add_span(0, text, style).pad_to(width)
    }

    fn pad_to(mut self, width: usize) -> Paragraph {
        let used = self.spans.last().map_or(0, |span| display_width(&span.text));
        self.spans.push(TextSpan {
            text: String::new(),
            style: Style::new(),
            gap: width.saturating_sub(used),
            is_dotted: false,
        });
        self
    }

    /// Adds words. A line can break between any two of them.
    pub fn add_words(mut self, text: &str) -> Paragraph {
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let gap = match self.spans.last() {
                Some(last) if !last.text.is_empty() => 1,
                _ => 0,
            };
            self = self.add_span(gap, word, Style::new());
        }
        self
    }

    /// Writes the paragraph, with a newline at the end.
    pub fn write(&self, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
        let mut line = OutputLine { layout, out, column: 0, pending_spaces: self.indent, is_at_start: true };
        for span in &self.spans {
            let width = display_width(&span.text);
            // A new line must have more room than the current line.
            let dot = if span.is_dotted { display_width(DOT_SEPARATOR) } else { 0 };
            let start_column = line.column + line.pending_spaces + dot + span.gap;
            if !line.is_at_start && start_column + width > layout.width && start_column > self.hanging_indent {
                line.break_line(self.hanging_indent)?;
            }
            if !line.is_at_start {
                if span.is_dotted {
                    line.write_text(DOT_SEPARATOR, Style::new())?;
                }
                line.pending_spaces += span.gap;
            }
            let room = layout.width.saturating_sub(line.column + line.pending_spaces);
            if width > room && layout.breaks_words() {
                let continuation_width = layout.width.saturating_sub(self.hanging_indent + CONTINUATION_INDENT);
                for (i, piece) in split_word(&span.text, room, continuation_width).into_iter().enumerate() {
                    if i > 0 {
                        line.break_line(self.hanging_indent + CONTINUATION_INDENT)?;
                    }
                    line.write_text(piece.trim_end(), span.style)?;
                }
            } else {
                line.write_text(&span.text, span.style)?;
            }
        }
        writeln!(line.out)
    }
}

/// The current line. Spaces are written only before a text, so that no line ends with a space.
struct OutputLine<'a> {
    layout: Layout,
    out: &'a mut dyn Write,
    column: usize,
    pending_spaces: usize,
    is_at_start: bool,
}

impl OutputLine<'_> {
    fn write_text(&mut self, text: &str, style: Style) -> io::Result<()> {
        self.is_at_start = false;
        if text.is_empty() {
            return Ok(());
        }
        write!(self.out, "{:pad$}{}", "", self.layout.paint(text, style), pad = self.pending_spaces)?;
        self.column += self.pending_spaces + display_width(text);
        self.pending_spaces = 0;
        Ok(())
    }

    fn break_line(&mut self, indent: usize) -> io::Result<()> {
        (self.column, self.pending_spaces, self.is_at_start) = (0, indent, true);
        writeln!(self.out)
    }
}

/// Splits a word into pieces: the first fits `first_width` columns, the others `continuation_width`. A piece ends after a
/// separator of ARNs and paths, or else of name parts, if the line is then at least half full. Otherwise it ends at the
/// end of the line.
fn split_word(word: &str, first_width: usize, continuation_width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    let mut room = first_width.max(1);
    while display_width(rest) > room {
        let break_index = find_break(rest, room);
        let Some((piece, remainder)) = rest.split_at_checked(break_index) else { break };
        pieces.push(piece);
        rest = remainder;
        room = continuation_width.max(1);
    }
    pieces.push(rest);
    pieces
}

fn find_break(word: &str, room: usize) -> usize {
    let mut used = 0;
    let (mut after_separator, mut after_name_part) = (None, None);
    let mut end = 0;
    for (i, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room && end > 0 {
            break;
        }
        end = i + c.len_utf8();
        if 2 * used >= room {
            match c {
                '/' | ':' | ',' | ';' | '=' | '&' | '?' | ' ' => after_separator = Some(end),
                '-' | '_' | '.' | '}' => after_name_part = Some(end),
                _ => {}
            }
        }
    }
    after_separator.or(after_name_part).unwrap_or(end)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(layout: Layout, paragraph: &Paragraph) -> String {
        let mut out = Vec::new();
        paragraph.write(layout, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const ARN: &str = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/cost-explorer/*";

    #[test]
    fn a_terminal_breaks_long_words_and_a_pipe_does_not() {
        let paragraph = Paragraph::new(2, 6).add_padded("on", 4, Style::new()).add_words(ARN);
        let terminal = Layout::for_terminal(40).with_colour(Colour::None);
        assert_eq!(
            render(terminal, &paragraph),
            "  on  arn:aws-cn:cloudformation:\n        cn-north-1:111122223333:stack/\n        cost-explorer/*\n"
        );
        assert_eq!(render(Layout::for_pipe(40), &paragraph), format!("  on  {ARN}\n"));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let paragraph = Paragraph::new(0, 0).add_words("費用管理費用管理 費用管理費用管理 é");
        assert_eq!(render(Layout::for_pipe(32), &paragraph), "費用管理費用管理\n費用管理費用管理 é\n");
    }

    #[test]
    fn colors_take_no_columns_and_a_pipe_has_none() {
        let paragraph = Paragraph::new(0, 2).add_span(0, "HIGH", Style::new().red()).add_words("x");
        assert_eq!(render(Layout::for_terminal(80), &paragraph), "\u{1b}[31mHIGH\u{1b}[0m x\n");
        assert_eq!(render(Layout::for_pipe(80), &paragraph), "HIGH x\n");
    }

    proptest! {
        #[test]
        fn lines_fit_and_no_text_is_lost(text in "[a-z/: é費]{0,120}", width in 30usize..70) {
            let paragraph = Paragraph::new(3, 7).add_words(&text);
            let lines = render(Layout::for_terminal(width), &paragraph);
            prop_assert!(lines.lines().all(|line| display_width(line) <= width && !line.ends_with(' ')), "{}", lines);
            let without_space = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(without_space(&lines), without_space(&text));
        }
    }
}
