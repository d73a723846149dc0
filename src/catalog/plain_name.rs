//! The characters that a variable of an ARN format cannot contain, from the reviewed list `lists/plain_names.txt`. A
//! variable that is not listed can contain any character.

use rustc_hash::FxHashMap;

use super::Catalog;
use super::ids::ResourceTypeId;
use super::lists::content_lines;

const PLAIN_NAMES: &str = include_str!("lists/plain_names.txt");

/// A line of the list.
#[derive(Debug)]
pub(super) struct PlainName {
    pub(super) service: &'static str,
    /// `*` for every type of the service.
    pub(super) resource_type: &'static str,
    pub(super) variable: &'static str,
    pub(super) excluded: &'static str,
}

impl Catalog {
    /// The characters that a variable of the type's ARN formats (`BucketName`) cannot contain: `":/"`, `":"`, or `""`
    /// for a variable that is not listed.
    #[doc(hidden)]
    pub fn excluded_characters(&self, resource_type: ResourceTypeId, variable: &str) -> &'static str {
        self.plain_names
            .get_or_init(|| self.derive_plain_names())
            .get(&(resource_type, variable))
            .copied()
            .unwrap_or("")
    }

    fn derive_plain_names(&self) -> FxHashMap<(ResourceTypeId, &'static str), &'static str> {
        let mut found = FxHashMap::default();
        for line in parse_plain_names() {
            let Some(service) = self.find_service(line.service) else {
                continue;
            };
            for id in self.resource_types_of(service) {
                let name = self.resource_type_name(id);
                if line.resource_type == "*" || line.resource_type == name.replace(' ', "_") {
                    found.insert((id, line.variable), line.excluded);
                }
            }
        }
        found
    }
}

/// The lines of the list: `service resource-type variable excluded`. A space in a resource type is written `_`.
pub(super) fn parse_plain_names() -> impl Iterator<Item = PlainName> {
    content_lines(PLAIN_NAMES).map(|line| parse_plain_name(line).expect("a test parses the embedded list"))
}

fn parse_plain_name(line: &'static str) -> Option<PlainName> {
    let mut words = line.split_whitespace();
    Some(PlainName {
        service: words.next()?,
        resource_type: words.next()?,
        variable: words.next()?,
        excluded: words.next()?,
    })
}
