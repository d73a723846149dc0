//! What AWS defines: services, actions, access levels, resource types, condition keys.
