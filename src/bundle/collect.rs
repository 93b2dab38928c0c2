//! bundle/collect
