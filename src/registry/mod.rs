//! Models as data: manifests, the catalogue, and where their files come from.
