//! Which characters a variable of an ARN format cannot hold: the reviewed list
//! `lists/plain_names.txt`. Everything that is not on it may hold anything.

use rustc_hash::FxHashMap;

use super::Catalog;
use super::ids::{ResourceTypeId, ServiceId};

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
    /// The characters that a variable (`BucketName`) of the type's ARN formats never holds:
    /// `":/"`, `":"`, or `""` where nothing is known.
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

    /// The resource types that a service defines.
    pub fn resource_types_of(&self, service: ServiceId) -> impl Iterator<Item = ResourceTypeId> + use<> {
        self.service(service).resource_types.clone().map(ResourceTypeId)
    }
}

/// `service resource-type variable excluded`; a type's blanks are written `_`.
pub(super) fn parse_plain_names() -> impl Iterator<Item = PlainName> {
    super::classify_risk::content_lines(PLAIN_NAMES).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(PlainName {
            service: words.next()?,
            resource_type: words.next()?,
            variable: words.next()?,
            excluded: words.next()?,
        })
    })
}
