//! bundle/weigh
