//! bundle/rules
