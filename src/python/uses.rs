//! What one file of the project does with the names that it has: which attributes it takes from a module, which functions
//! it calls and where, what it writes, what `__all__` lists.
//!
//! By name alone: no name is resolved and no other file is read.

mod model;
mod read;
mod shapes;
#[cfg(test)]
mod tests;

pub(crate) use model::{Class, Function, Mention, Uses};
pub(super) use read::read;
