//! python/imports
