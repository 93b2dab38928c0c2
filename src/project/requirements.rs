#[derive(Debug, Clone)] pub(crate) struct Requirements {}
