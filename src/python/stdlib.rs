//! python/stdlib
