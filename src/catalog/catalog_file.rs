//! Loads the catalog file: lines of text, compressed with zstd, each starting with a tag. `docs/catalog.md` describes
//! the format. `xtask` writes the file.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::condition_key::{KeyId, KeyTable};
use super::ids::{AccessLevel, KeyDefinition, Multiplicity, ResourceTypeId, ServiceId, ShapeId, ValueType};
use super::{Action, Catalog, ResourceType, Service, Shape, TextRange};

const EMBEDDED: &[u8] = include_bytes!("catalog.zst");
const FORMAT_HEADER: &str = "iamdrift-catalog 2";
/// The magic number of zstd. A file without it is uncompressed.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Ten times the current size. A larger file is rejected.
const MAX_DECOMPRESSED_SIZE: usize = 16 << 20;

/// Why a catalog file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file could not be read.
    #[error("cannot read the catalog {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is not a catalog, or has another format version.
    #[error("not a catalog of format \"{FORMAT_HEADER}\": {reason}")]
    NotACatalog {
        /// The reason.
        reason: String,
    },
    /// A line of the file is invalid.
    #[error("line {line} of the catalog: {reason}")]
    BadLine {
        /// The line of the decompressed text, from 1.
        line: usize,
        /// The reason.
        reason: &'static str,
    },
}

impl Catalog {
    /// The embedded catalog.
    ///
    /// ```
    /// use iamdrift::catalog::Catalog;
    ///
    /// let catalog = Catalog::embedded();
    /// # assert!(catalog.find_service("s3").is_some());
    /// ```
    pub fn embedded() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| Catalog::from_bytes(EMBEDDED).expect("a test loads the embedded catalog"))
    }

    /// Loads a catalog from a file in the format of the embedded one.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use iamdrift::catalog::Catalog;
    ///
    /// let catalog = Catalog::load(Path::new("catalog.zst"))?;
    /// # Ok::<(), iamdrift::catalog::CatalogError>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read, or is not a catalog of this format.
    pub fn load(path: &Path) -> Result<Catalog, CatalogError> {
        let bytes = std::fs::read(path).map_err(|source| CatalogError::Unreadable { path: path.to_owned(), source })?;
        Catalog::from_bytes(&bytes)
    }

    /// Parses a catalog, compressed or not.
    ///
    /// ```
    /// use iamdrift::catalog::{Catalog, CatalogError};
    ///
    /// let error = Catalog::from_bytes(b"another file").err();
    /// assert!(matches!(error, Some(CatalogError::NotACatalog { .. })));
    /// ```
    ///
    /// # Errors
    /// If the bytes are not a catalog of this format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Catalog, CatalogError> {
        let not_a_catalog = |reason: &str| CatalogError::NotACatalog { reason: reason.to_owned() };
        let text = if bytes.starts_with(&ZSTD_MAGIC) {
            zstd::bulk::decompress(bytes, MAX_DECOMPRESSED_SIZE).map_err(|error| not_a_catalog(&error.to_string()))?
        } else {
            bytes.to_vec()
        };
        let text = String::from_utf8(text).map_err(|_| not_a_catalog("the file is not text"))?;
        if !text.starts_with(FORMAT_HEADER) {
            return Err(not_a_catalog("the first line has another format name"));
        }
        // A range is then valid in the lower-case copy, too.
        if !text.is_ascii() || u32::try_from(text.len()).is_err() {
            return Err(not_a_catalog("the text is not ASCII, or larger than 4 GiB"));
        }
        let mut reader = CatalogReader::new(&text);
        let mut rest = text.as_str();
        let mut number = 0;
        while !rest.is_empty() {
            let (line, after) = split_at_byte(rest, b'\n').unwrap_or((rest, ""));
            rest = after;
            number += 1;
            let to_error = |reason| CatalogError::BadLine { line: number, reason };
            reader.read_line(line).map_err(to_error)?;
        }
        let mut catalog = reader.catalog;
        catalog.keys.insert_listed_keys();
        catalog.lowercase = text.to_ascii_lowercase();
        catalog.text = text;
        catalog.check_order()?;
        catalog.merge_additions().map_err(not_a_catalog)?;
        Ok(catalog)
    }

    /// Checks the order of names, which binary search relies on.
    fn check_order(&self) -> Result<(), CatalogError> {
        let actions_in_order = self.services.iter().all(|service| {
            let actions = self.actions.get(to_usize_range(&service.actions)).unwrap_or(&[]);
            self.is_ascending(actions.iter().map(|action| &action.name))
        });
        if actions_in_order && self.is_ascending(self.services.iter().map(|service| &service.prefix)) {
            return Ok(());
        }
        Err(CatalogError::NotACatalog { reason: "the names are not sorted".to_owned() })
    }

    fn is_ascending<'a>(&self, mut spans: impl Iterator<Item = &'a TextRange>) -> bool {
        let mut previous = "";
        spans.all(|span| {
            let current = self.lowercase_at(span);
            std::mem::replace(&mut previous, current) < current
        })
    }
}

fn to_usize_range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// The state of the parser.
struct CatalogReader<'t> {
    text: &'t str,
    catalog: Catalog,
    /// The first shape of the current service. Shape numbers of lines are relative to it.
    first_shape: usize,
}

impl<'t> CatalogReader<'t> {
    fn new(text: &'t str) -> Self {
        let catalog = Catalog {
            text: String::new(),
            lowercase: String::new(),
            version: 0..0,
            updated_at: 0..0,
            services: Vec::with_capacity(512),
            actions: Vec::with_capacity(24_000),
            resource_types: Vec::with_capacity(2_500),
            shapes: Vec::with_capacity(6_000),
            shape_types: Vec::with_capacity(12_000),
            type_groups: Vec::with_capacity(12_000),
            // Group 0 is the empty set.
            key_groups: std::iter::once(0..0).collect(),
            group_keys: Vec::with_capacity(20_000),
            keys: KeyTable::default(),
            risk_classes: OnceLock::new(),
            plain_names: OnceLock::new(),
            action_traits: Default::default(),
            listed_keys: OnceLock::new(),
        };
        Self { text, catalog, first_shape: 0 }
    }

    fn read_line(&mut self, line: &'t str) -> Result<(), &'static str> {
        let Some((tag, rest)) = split_at_byte(line, b' ') else {
            return Err("the line has no tag");
        };
        match tag {
            "iamdrift-catalog" => self.read_header(rest),
            "k" => self.read_key(rest),
            "s" => self.read_service(rest),
            "r" => self.read_resource_type(rest),
            "g" => self.read_key_group(rest),
            "h" => self.read_shape(rest),
            "a" => self.read_action(rest),
            _ => Err("unknown tag"),
        }
    }

    /// `iamdrift-catalog 2 VERSION DATE`
    fn read_header(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let mut words = rest.split(' ').skip(1);
        self.catalog.version = self.span_of_part(words.next().ok_or("missing version")?);
        self.catalog.updated_at = self.span_of_part(words.next().ok_or("missing date")?);
        Ok(())
    }

    /// `k TYPE-AND-MULTIPLICITY NAME`, such as `k s1 s3:prefix`
    fn read_key(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (type_code, name) = split_at_byte(rest, b' ').ok_or("missing name")?;
        let mut letters = type_code.chars();
        let value_type = match letters.next() {
            Some('s') => ValueType::String,
            Some('a') => ValueType::Arn,
            Some('b') => ValueType::Bool,
            Some('n') => ValueType::Numeric,
            Some('d') => ValueType::Date,
            Some('i') => ValueType::IpAddress,
            Some('x') => ValueType::Binary,
            _ => return Err("unknown value type"),
        };
        let multiplicity = match letters.next() {
            Some('1') => Multiplicity::Single,
            Some('+') => Multiplicity::Multi,
            _ => return Err("unknown multiplicity"),
        };
        self.catalog.keys.insert(name, KeyDefinition { value_type, multiplicity });
        Ok(())
    }

    /// `s PREFIX` or `s PREFIX rcp`
    fn read_service(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (prefix, rcp) = split_at_byte(rest, b' ').unwrap_or((rest, ""));
        let actions = next_id(&self.catalog.actions)?;
        let types = next_id(&self.catalog.resource_types)?;
        self.first_shape = self.catalog.shapes.len();
        if self.catalog.services.len() >= usize::from(u16::MAX) {
            return Err("too many services");
        }
        self.catalog.services.push(Service {
            prefix: self.span_of_part(prefix),
            supports_rcp: rcp == "rcp",
            actions: actions..actions,
            resource_types: types..types,
        });
        Ok(())
    }

    /// `r NAME|ARN FORMAT|ARN FORMAT…`
    fn read_resource_type(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (name, formats) = split_at_byte(rest, b'|').ok_or("missing ARN format")?;
        self.catalog.resource_types.push(ResourceType {
            name: self.span_of_part(name),
            arn_formats: formats.split('|').map(Box::from).collect(),
        });
        let end = next_id(&self.catalog.resource_types)?;
        self.current_service()?.1.resource_types.end = end;
        Ok(())
    }

    /// `g KEY,KEY…`: the next set of keys, by their numbers within the file
    fn read_key_group(&mut self, keys: &'t str) -> Result<(), &'static str> {
        let first_key = self.catalog.group_keys.len();
        let mut last = None;
        for number in parse_numbers(keys) {
            let id = number?;
            if id as usize >= self.catalog.keys.len() || last >= Some(id) {
                return Err("unknown or unsorted keys");
            }
            last = Some(id);
            self.catalog.group_keys.push(KeyId(id));
        }
        self.catalog.key_groups.push(first_key..self.catalog.group_keys.len());
        Ok(())
    }

    /// `h GROUP TYPE:GROUP,TYPE…`: the keys of the action, and the resource types within the service with their keys;
    /// `-` for no type
    fn read_shape(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (action_keys, types) = split_at_byte(rest, b' ').ok_or("missing resource types")?;
        let action_keys = self.parse_group(action_keys)?;
        let known = self.current_service()?.1.resource_types.clone();
        let first_type = self.catalog.shape_types.len();
        let mut rest = if types == "-" { "" } else { types };
        while !rest.is_empty() {
            let (word, after) = split_at_byte(rest, b',').unwrap_or((rest, ""));
            rest = after;
            let (number, group) = split_at_byte(word, b':').unwrap_or((word, "0"));
            let id = known.start.saturating_add(number.parse().map_err(|_| "not a number")?);
            if !known.contains(&id) {
                return Err("unknown resource type");
            }
            self.catalog.shape_types.push(ResourceTypeId(id));
            let keys = self.parse_group(group)?;
            self.catalog.type_groups.push(keys);
        }
        self.catalog.shapes.push(Shape { types: first_type..self.catalog.shape_types.len(), keys: action_keys });
        Ok(())
    }

    fn parse_group(&self, number: &str) -> Result<u32, &'static str> {
        let number: u32 = number.parse().map_err(|_| "not a number")?;
        if (number as usize) < self.catalog.key_groups.len() { Ok(number) } else { Err("unknown set of keys") }
    }

    /// `a LEVEL SHAPE NAME`: the number of the shape within the service
    fn read_action(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (level, rest) = split_at_byte(rest, b' ').ok_or("missing shape")?;
        let (shape, name) = split_at_byte(rest, b' ').ok_or("missing name")?;
        let level = match level {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "T" => AccessLevel::Tagging,
            "W" => AccessLevel::Write,
            "P" => AccessLevel::PermissionsManagement,
            _ => return Err("unknown access level"),
        };
        let shape = shape.parse::<usize>().map_err(|_| "the shape is not a number")?;
        let shape = self.first_shape.saturating_add(shape);
        if shape >= self.catalog.shapes.len() {
            return Err("unknown shape");
        }
        let name = self.span_of_part(name);
        let (service, _) = self.current_service()?;
        self.catalog.actions.push(Action {
            name,
            service,
            level,
            shape: ShapeId(u32::try_from(shape).map_err(|_| "too many shapes")?),
        });
        let end = next_id(&self.catalog.actions)?;
        self.current_service()?.1.actions.end = end;
        Ok(())
    }

    fn current_service(&mut self) -> Result<(ServiceId, &mut Service), &'static str> {
        const NO_SERVICE: &str = "the line is before the first service";
        let last = self.catalog.services.len().checked_sub(1).ok_or(NO_SERVICE)?;
        let id = u16::try_from(last).map_err(|_| "too many services")?;
        Ok((ServiceId(id), self.catalog.services.last_mut().ok_or(NO_SERVICE)?))
    }

    /// The range of a part of the text.
    fn span_of_part(&self, part: &'t str) -> TextRange {
        let start = part.as_ptr().addr() - self.text.as_ptr().addr();
        let place = |offset| u32::try_from(offset).expect("the length of the text fits in 32 bits");
        place(start)..place(start + part.len())
    }
}

/// The ID of the next item of a list.
fn next_id<T>(list: &[T]) -> Result<u32, &'static str> {
    u32::try_from(list.len()).map_err(|_| "too many items")
}

fn parse_numbers(list: &str) -> impl Iterator<Item = Result<u32, &'static str>> {
    let mut rest = if list == "-" { "" } else { list };
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = split_at_byte(rest, b',').unwrap_or((rest, ""));
        rest = after;
        Some(word.parse().map_err(|_| "not a number"))
    })
}

/// The text before and after the first such byte. The byte is usually near the start, where `split_once` is slower: it
/// doubles the time to load a catalog.
fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|candidate| candidate == byte)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}
