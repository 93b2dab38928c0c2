#[derive(Debug, Clone)] pub(crate) struct Target {}
