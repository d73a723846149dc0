//! A JSON document that is written member by member, with the same bytes as if it were written at once.

use std::io::{self, Write};

use serde::Serialize;

use crate::base::json_writer::{JsonLayout, write_json};

/// A document that is being written.
pub(super) struct JsonStream<W> {
    out: W,
    layout: JsonLayout,
    /// For each object or list that is open, whether it has a member.
    open: Vec<bool>,
}

impl<W: Write> JsonStream<W> {
    /// A document of which nothing is written yet.
    pub fn new(out: W, layout: JsonLayout) -> JsonStream<W> {
        JsonStream { out, layout, open: Vec::new() }
    }

    /// Begins the document: an object.
    pub fn begin_document(&mut self) -> io::Result<()> {
        self.open.push(false);
        self.out.write_all(b"{")
    }

    /// Writes a member of the object.
    pub fn write_member(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.begin_member(name)?;
        self.write_value(value)
    }

    /// Begins a list that is a member of the object.
    pub fn begin_list(&mut self, name: &str) -> io::Result<()> {
        self.begin_member(name)?;
        self.open.push(false);
        self.out.write_all(b"[")
    }

    /// Writes an element of the list.
    pub fn write_element(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.separate()?;
        self.write_value(value)
    }

    /// Ends the list.
    pub fn end_list(&mut self) -> io::Result<()> {
        self.end(b"]")
    }

    /// Ends the document.
    pub fn end_document(&mut self) -> io::Result<()> {
        self.end(b"}")?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }

    fn begin_member(&mut self, name: &str) -> io::Result<()> {
        self.separate()?;
        write_json(&name, self.layout, &mut self.out)?;
        self.out.write_all(match self.layout {
            JsonLayout::Indented => b": ",
            JsonLayout::OneLine => b":",
        })
    }

    /// Writes what comes before a member.
    fn separate(&mut self) -> io::Result<()> {
        if let Some(has_member) = self.open.last_mut()
            && std::mem::replace(has_member, true)
        {
            self.out.write_all(b",")?;
        }
        self.write_indent()
    }

    fn end(&mut self, bracket: &[u8]) -> io::Result<()> {
        if self.open.pop() == Some(true) {
            self.write_indent()?;
        }
        self.out.write_all(bracket)
    }

    fn write_indent(&mut self) -> io::Result<()> {
        match self.layout {
            JsonLayout::Indented => write!(self.out, "\n{}", "  ".repeat(self.open.len())),
            JsonLayout::OneLine => Ok(()),
        }
    }

    fn write_value(&mut self, value: &impl Serialize) -> io::Result<()> {
        if self.layout == JsonLayout::OneLine {
            return write_json(value, self.layout, &mut self.out);
        }
        let mut text = Vec::new();
        write_json(value, self.layout, &mut text)?;
        // Strings contain no newline: JSON escapes it.
        let indent = "  ".repeat(self.open.len());
        for (i, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if i > 0 {
                write!(self.out, "\n{indent}")?;
            }
            self.out.write_all(line)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::base::json_writer::render_json;

    #[test]
    fn the_bytes_are_those_of_the_whole_document() {
        let items = [json!({"a": [1, {}], "b": "x\ny"}), json!([]), json!(null)];
        for layout in [JsonLayout::Indented, JsonLayout::OneLine] {
            for count in 0..=items.len() {
                let mut out = Vec::new();
                let mut stream = JsonStream::new(&mut out, layout);
                stream.begin_document().unwrap();
                stream.write_member("first", &items.first()).unwrap();
                stream.begin_list("list").unwrap();
                items.iter().take(count).for_each(|item| stream.write_element(item).unwrap());
                stream.end_list().unwrap();
                stream.write_member("last", &json!({"n": 1})).unwrap();
                stream.end_document().unwrap();
                let list: Vec<&Value> = items.iter().take(count).collect();
                let whole = json!({"first": items.first(), "list": list, "last": {"n": 1}});
                assert_eq!(String::from_utf8(out).unwrap(), render_json(&whole, layout).unwrap());
            }
        }
        let mut out = Vec::new();
        let mut empty = JsonStream::new(&mut out, JsonLayout::Indented);
        empty.begin_document().and_then(|()| empty.end_document()).unwrap();
        assert_eq!(out, b"{}\n");
    }
}
