//! pyproject
#[derive(Debug, Clone)] pub(crate) struct Pyproject {}
