//! bundle/glob
