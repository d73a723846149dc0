//! Actions that the user names.

use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::source::find_similar_name;

/// The known action or service that is most similar to an unknown action, for "did you mean". `None` if none is similar.
pub fn suggest_action(catalog: &Catalog, action: &str) -> Option<String> {
    let (service, _) = action.split_once(':')?;
    match catalog.find_service(service) {
        Some(id) => {
            let names: Vec<String> = catalog.actions_of(id).map(|id| catalog.full_name(ActionId(id))).collect();
            find_similar_name(action, names.iter().map(String::as_str)).map(str::to_owned)
        }
        None => find_similar_name(service, catalog.services().map(|id| catalog.service_prefix(id)))
            .map(|service| format!("{service}:…")),
    }
}
