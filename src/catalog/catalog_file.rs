//! Reads the catalog file: zstd over lines of text, each beginning with a tag. `docs/catalog.md`
//! has the format; `xtask` writes it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::condition_key::{KeyId, KeyTable};
use super::ids::{AccessLevel, ActionId, KeyDefinition, Multiplicity, ResourceTypeId, ServiceId, ShapeId, ValueType};
use super::{Action, Catalog, ResourceType, Service, Shape, TextRange};

const EMBEDDED: &[u8] = include_bytes!("catalog.zst");
const FORMAT_HEADER: &str = "iamdrift-catalog 1";
/// The first of zstd's four bytes; a file without them is taken for plain lines.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Ten times today's size: a file that unpacks to more is no catalog.
const MAX_DECOMPRESSED_SIZE: usize = 16 << 20;

/// Why a catalog file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file could not be read.
    #[error("cannot read the catalog {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not one that `xtask catalog` wrote, or one of another format.
    #[error("not a catalog of format \"{FORMAT_HEADER}\": {reason}")]
    NotACatalog {
        /// What was found instead.
        reason: String,
    },
    /// A line of the file says something impossible.
    #[error("line {line} of the catalog: {reason}")]
    BadLine {
        /// Counted from one, in the decompressed text.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Catalog {
    /// The catalog that the binary carries.
    pub fn embedded() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| Catalog::from_bytes(EMBEDDED).expect("a test reads the embedded catalog"))
    }

    /// A newer catalog, in the format of the embedded one.
    ///
    /// # Errors
    /// When the file cannot be read, or is no catalog of this format.
    pub fn load(path: &Path) -> Result<Catalog, CatalogError> {
        let bytes = std::fs::read(path).map_err(|source| CatalogError::Unreadable { path: path.to_owned(), source })?;
        Catalog::from_bytes(&bytes)
    }

    /// A catalog from a file's bytes, compressed or not.
    ///
    /// # Errors
    /// When they are no catalog of this format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Catalog, CatalogError> {
        let not_a_catalog = |reason: &str| CatalogError::NotACatalog { reason: reason.to_owned() };
        let text = if bytes.starts_with(&ZSTD_MAGIC) {
            zstd::bulk::decompress(bytes, MAX_DECOMPRESSED_SIZE).map_err(|error| not_a_catalog(&error.to_string()))?
        } else {
            bytes.to_vec()
        };
        let text = String::from_utf8(text).map_err(|_| not_a_catalog("it is not text"))?;
        if !text.starts_with(FORMAT_HEADER) {
            return Err(not_a_catalog("it begins otherwise"));
        }
        // Spans then serve the lower-case copy too.
        if !text.is_ascii() || u32::try_from(text.len()).is_err() {
            return Err(not_a_catalog("it is not plain ASCII of a sane size"));
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
        Ok(catalog)
    }

    /// Names are found by binary search, so their order is part of the format.
    fn check_order(&self) -> Result<(), CatalogError> {
        let actions_in_order = self.services.iter().all(|service| {
            let actions = self.actions.get(to_usize_range(&service.actions)).unwrap_or(&[]);
            self.is_ascending(actions.iter().map(|action| &action.name))
        });
        if actions_in_order && self.is_ascending(self.services.iter().map(|service| &service.prefix)) {
            return Ok(());
        }
        Err(CatalogError::NotACatalog { reason: "its names are not in order".to_owned() })
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

/// The state of reading: the catalog so far.
struct CatalogReader<'t> {
    text: &'t str,
    catalog: Catalog,
    /// Where the current service's shapes begin: lines count them from there.
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
            shape_keys: Vec::with_capacity(20_000),
            keys: KeyTable::default(),
            risk_classes: OnceLock::new(),
            plain_names: OnceLock::new(),
        };
        Self { text, catalog, first_shape: 0 }
    }

    fn read_line(&mut self, line: &'t str) -> Result<(), &'static str> {
        let Some((tag, rest)) = split_at_byte(line, b' ') else {
            return Err("it has no tag");
        };
        match tag {
            "iamdrift-catalog" => self.read_header(rest),
            "k" => self.read_key(rest),
            "s" => self.read_service(rest),
            "r" => self.read_resource_type(rest),
            "h" => self.read_shape(rest),
            "a" => self.read_action(rest),
            _ => Err("its tag is unknown"),
        }
    }

    /// `iamdrift-catalog 1 VERSION DATE`
    fn read_header(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let mut words = rest.split(' ').skip(1);
        self.catalog.version = self.span_of_part(words.next().ok_or("it has no version")?);
        self.catalog.updated_at = self.span_of_part(words.next().ok_or("it has no date")?);
        Ok(())
    }

    /// `k TYPE-AND-MULTIPLICITY NAME`, such as `k s1 s3:prefix`
    fn read_key(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (type_code, name) = split_at_byte(rest, b' ').ok_or("it has no name")?;
        let mut letters = type_code.chars();
        let value_type = match letters.next() {
            Some('s') => ValueType::String,
            Some('a') => ValueType::Arn,
            Some('b') => ValueType::Bool,
            Some('n') => ValueType::Numeric,
            Some('d') => ValueType::Date,
            Some('i') => ValueType::IpAddress,
            Some('x') => ValueType::Binary,
            _ => return Err("its value type is unknown"),
        };
        let multiplicity = match letters.next() {
            Some('1') => Multiplicity::Single,
            Some('+') => Multiplicity::Multi,
            _ => return Err("its multiplicity is unknown"),
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
            return Err("there are too many services");
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
        let (name, formats) = split_at_byte(rest, b'|').ok_or("it has no ARN format")?;
        let (service, _) = self.current_service()?;
        self.catalog.resource_types.push(ResourceType {
            name: self.span_of_part(name),
            service,
            arn_formats: formats.split('|').map(Box::from).collect(),
        });
        let end = next_id(&self.catalog.resource_types)?;
        self.current_service()?.1.resource_types.end = end;
        Ok(())
    }

    /// `h TYPE,TYPE… KEY,KEY…`: types counted within the service, keys within the file; `-` for none
    fn read_shape(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (types, keys) = split_at_byte(rest, b' ').ok_or("it has no keys")?;
        let known = self.current_service()?.1.resource_types.clone();
        let first_type = self.catalog.shape_types.len();
        for number in parse_numbers(types) {
            let id = known.start.saturating_add(number?);
            if !known.contains(&id) {
                return Err("it names a resource type that is not there");
            }
            self.catalog.shape_types.push(ResourceTypeId(id));
        }
        let first_key = self.catalog.shape_keys.len();
        let mut last = None;
        for number in parse_numbers(keys) {
            let id = number?;
            if id as usize >= self.catalog.keys.len() || last >= Some(id) {
                return Err("its keys are unknown or out of order");
            }
            last = Some(id);
            self.catalog.shape_keys.push(KeyId(id));
        }
        self.catalog.shapes.push(Shape {
            types: first_type..self.catalog.shape_types.len(),
            keys: first_key..self.catalog.shape_keys.len(),
        });
        Ok(())
    }

    /// `a LEVEL SHAPE NAME`: the shape counted within the service
    fn read_action(&mut self, rest: &'t str) -> Result<(), &'static str> {
        let (level, rest) = split_at_byte(rest, b' ').ok_or("it has no shape")?;
        let (shape, name) = split_at_byte(rest, b' ').ok_or("it has no name")?;
        let level = match level {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "T" => AccessLevel::Tagging,
            "W" => AccessLevel::Write,
            "P" => AccessLevel::PermissionsManagement,
            _ => return Err("its access level is unknown"),
        };
        let shape = shape.parse::<usize>().map_err(|_| "its shape is no number")?;
        let shape = self.first_shape.saturating_add(shape);
        if shape >= self.catalog.shapes.len() {
            return Err("its shape is not there");
        }
        let name = self.span_of_part(name);
        let (service, _) = self.current_service()?;
        self.catalog.actions.push(Action {
            name,
            service,
            level,
            shape: ShapeId(u32::try_from(shape).map_err(|_| "there are too many shapes")?),
        });
        let end = next_id(&self.catalog.actions)?;
        self.current_service()?.1.actions.end = end;
        Ok(())
    }

    fn current_service(&mut self) -> Result<(ServiceId, &mut Service), &'static str> {
        let last = self.catalog.services.len().wrapping_sub(1);
        let id = u16::try_from(last).map_err(|_| "it stands before any service")?;
        let service = self.catalog.services.last_mut();
        Ok((ServiceId(id), service.ok_or("it stands before any service")?))
    }

    /// The place of a part of the text within it.
    fn span_of_part(&self, part: &'t str) -> TextRange {
        let start = part.as_ptr().addr() - self.text.as_ptr().addr();
        let place = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        place(start)..place(start + part.len())
    }
}

/// The next id in a list.
fn next_id<T>(list: &[T]) -> Result<u32, &'static str> {
    u32::try_from(list.len()).map_err(|_| "there are too many of them")
}

fn parse_numbers(list: &str) -> impl Iterator<Item = Result<u32, &'static str>> {
    let mut rest = if list == "-" { "" } else { list };
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = split_at_byte(rest, b',').unwrap_or((rest, ""));
        rest = after;
        Some(word.parse().map_err(|_| "it holds no number where one is due"))
    })
}

/// The text before and after the first such byte. `split_once` looks for it in strides, which
/// doubles the time to load: here it is seldom more than a few bytes away.
fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|candidate| candidate == byte)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

impl Catalog {
    /// Every action, in the order of the ids.
    pub fn actions(&self) -> impl Iterator<Item = ActionId> + use<> {
        (0..u32::try_from(self.actions.len()).unwrap_or(u32::MAX)).map(ActionId)
    }
}
