//! Paragraphs on a surface of some width: hanging indents, and what may be broken where.

use std::io::{self, Write};

use owo_colors::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::sanitize::sanitize;

/// Under this many columns labels stand closer to the margin.
const NARROW: usize = 80;
/// Narrower than this no surface is taken to be.
const LEAST: usize = 30;
/// How far the rest of a broken word is set in, so that it does not pass for a word of its own.
const REST: usize = 2;

/// What a report for people is written on.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Layout {
    /// Columns.
    width: usize,
    /// What becomes of a word that is longer than a line.
    long_words: LongWords,
    /// Whether there are colours.
    colour: Colour,
}

/// What becomes of a word that is longer than a line.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum LongWords {
    /// It goes on in the next line, set in.
    Break,
    /// It stays whole, for `grep`, and runs over the margin.
    Keep,
}

/// Whether there are colours.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Colour {
    /// Escape sequences for colours are written.
    Ansi,
    /// No escape sequence is written at all.
    None,
}

impl Layout {
    /// A terminal of that many columns, with colours.
    pub fn terminal(width: usize) -> Layout {
        Layout { width: width.max(LEAST), long_words: LongWords::Break, colour: Colour::Ansi }
    }

    /// A pipe or a file: no colours, and every ARN and place whole, so that it can be searched for.
    pub fn piped(width: usize) -> Layout {
        Layout { width: width.max(LEAST), long_words: LongWords::Keep, colour: Colour::None }
    }

    /// The same with or without colours.
    pub fn with_colour(self, colour: Colour) -> Layout {
        Layout { colour, ..self }
    }

    pub(super) fn width(self) -> usize {
        self.width
    }

    pub(super) fn is_narrow(self) -> bool {
        self.width < NARROW
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

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// What stays together on a line as long as a line can hold it.
#[derive(Clone, Debug)]
struct Unit {
    text: String,
    style: Style,
    /// Spaces before it, unless it begins a line.
    gap: usize,
    /// Whether a dot parts it from what is before it, unless it begins a line.
    is_dotted: bool,
}

/// What parts facts that stand on one line.
const DOT: &str = " ·";

/// Text that is wrapped, its later lines set in.
#[derive(Clone, Debug)]
pub struct Paragraph {
    units: Vec<Unit>,
    indent: usize,
    hang: usize,
}

impl Paragraph {
    /// An empty paragraph; its first line begins at column `indent`, the others at `hang`, from 0.
    pub fn new(indent: usize, hang: usize) -> Paragraph {
        Paragraph { units: Vec::new(), indent, hang }
    }

    /// Adds something that stays together, sanitised, `gap` columns after what is before it.
    pub fn unit(mut self, gap: usize, text: &str, style: Style) -> Paragraph {
        self.units.push(Unit { text: sanitize(text).into_owned(), style, gap, is_dotted: false });
        self
    }

    /// Adds a unit that a dot parts from what is before it on the line.
    pub fn dotted(mut self, text: &str, style: Style) -> Paragraph {
        self.units.push(Unit { text: sanitize(text).into_owned(), style, gap: 1, is_dotted: true });
        self
    }

    /// Adds a unit that fills `width` columns, so that what follows stands in a column.
    pub fn padded(self, text: &str, width: usize, style: Style) -> Paragraph {
        self.unit(0, text, style).then_at(width)
    }

    fn then_at(mut self, width: usize) -> Paragraph {
        let used = self.units.last().map_or(0, |unit| columns(&unit.text));
        self.units.push(Unit {
            text: String::new(),
            style: Style::new(),
            gap: width.saturating_sub(used),
            is_dotted: false,
        });
        self
    }

    /// Adds words, which may be wrapped between any two of them.
    pub fn words(mut self, text: &str) -> Paragraph {
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let gap = match self.units.last() {
                Some(last) if !last.text.is_empty() => 1,
                _ => 0,
            };
            self = self.unit(gap, word, Style::new());
        }
        self
    }

    /// Writes it, with a line break at its end.
    pub fn write(&self, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
        let mut line = Line { layout, out, column: 0, pending: self.indent, is_fresh: true };
        for unit in &self.units {
            let width = columns(&unit.text);
            // A new line must give more room than there is.
            let dot = if unit.is_dotted { columns(DOT) } else { 0 };
            let start = line.column + line.pending + dot + unit.gap;
            if !line.is_fresh && start + width > layout.width && start > self.hang {
                line.end(self.hang)?;
            }
            if !line.is_fresh {
                if unit.is_dotted {
                    line.put(DOT, Style::new())?;
                }
                line.pending += unit.gap;
            }
            let room = layout.width.saturating_sub(line.column + line.pending);
            if width > room && layout.breaks_words() {
                let later = layout.width.saturating_sub(self.hang + REST);
                for (i, piece) in pieces(&unit.text, room, later).into_iter().enumerate() {
                    if i > 0 {
                        line.end(self.hang + REST)?;
                    }
                    line.put(piece.trim_end(), unit.style)?;
                }
            } else {
                line.put(&unit.text, unit.style)?;
            }
        }
        writeln!(line.out)
    }
}

/// The line that is being written. Spaces are held back until something follows, so that none ends a line.
struct Line<'a> {
    layout: Layout,
    out: &'a mut dyn Write,
    column: usize,
    pending: usize,
    is_fresh: bool,
}

impl Line<'_> {
    fn put(&mut self, text: &str, style: Style) -> io::Result<()> {
        self.is_fresh = false;
        if text.is_empty() {
            return Ok(());
        }
        write!(self.out, "{:pad$}{}", "", self.layout.paint(text, style), pad = self.pending)?;
        self.column += self.pending + columns(text);
        self.pending = 0;
        Ok(())
    }

    fn end(&mut self, indent: usize) -> io::Result<()> {
        (self.column, self.pending, self.is_fresh) = (0, indent, true);
        writeln!(self.out)
    }
}

/// The word in pieces that fit: the first into `first` columns, the others into `later`. It is broken behind
/// a sign that parts ARNs and paths, or else the parts of a name, where the line is then at least half full,
/// else where the line ends.
fn pieces(word: &str, first: usize, later: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    let mut room = first.max(1);
    while columns(rest) > room {
        let at = break_at(rest, room);
        let Some((piece, more)) = rest.split_at_checked(at) else { break };
        pieces.push(piece);
        rest = more;
        room = later.max(1);
    }
    pieces.push(rest);
    pieces
}

fn break_at(word: &str, room: usize) -> usize {
    let mut used = 0;
    let (mut good, mut fair) = (None, None);
    let mut end = 0;
    for (i, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room && end > 0 {
            break;
        }
        end = i + c.len_utf8();
        if 2 * used >= room {
            match c {
                '/' | ':' | ',' | ';' | '=' | '&' | '?' | ' ' => good = Some(end),
                '-' | '_' | '.' | '}' => fair = Some(end),
                _ => {}
            }
        }
    }
    good.or(fair).unwrap_or(end)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(layout: Layout, paragraph: &Paragraph) -> String {
        let mut out = Vec::new();
        paragraph.write(layout, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const ARN: &str = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/cost-explorer/*";

    #[test]
    fn a_long_word_is_broken_on_a_terminal_and_kept_in_a_pipe() {
        let paragraph = Paragraph::new(2, 6).padded("on", 4, Style::new()).words(ARN);
        let terminal = Layout::terminal(40).with_colour(Colour::None);
        assert_eq!(
            written(terminal, &paragraph),
            "  on  arn:aws-cn:cloudformation:\n        cn-north-1:111122223333:stack/\n        cost-explorer/*\n"
        );
        assert_eq!(written(Layout::piped(40), &paragraph), format!("  on  {ARN}\n"));
    }

    #[test]
    fn columns_are_those_of_a_terminal() {
        let paragraph = Paragraph::new(0, 0).words("費用管理費用管理 費用管理費用管理 é");
        assert_eq!(written(Layout::piped(32), &paragraph), "費用管理費用管理\n費用管理費用管理 é\n");
    }

    #[test]
    fn colours_take_no_columns_and_a_pipe_has_none() {
        let paragraph = Paragraph::new(0, 2).unit(0, "HIGH", Style::new().red()).words("x");
        assert_eq!(written(Layout::terminal(80), &paragraph), "\u{1b}[31mHIGH\u{1b}[0m x\n");
        assert_eq!(written(Layout::piped(80), &paragraph), "HIGH x\n");
    }

    proptest! {
        #[test]
        fn nothing_runs_over_the_margin_and_nothing_is_lost(text in "[a-z/: é費]{0,120}", width in 30usize..70) {
            let paragraph = Paragraph::new(3, 7).words(&text);
            let lines = written(Layout::terminal(width), &paragraph);
            prop_assert!(lines.lines().all(|line| columns(line) <= width && !line.ends_with(' ')), "{}", lines);
            let without_space = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(without_space(&lines), without_space(&text));
        }
    }
}
