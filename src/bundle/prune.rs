//! bundle/prune
