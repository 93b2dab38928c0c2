//! Which layer's value wins.

/// A value that layers have.
pub(super) trait Layered: Sized {
    /// What holds when both layers have a value: the upper one, unless the type has parts that are set one by one.
    fn over(self, lower: Self) -> Self {
        let _ = lower;
        self
    }
}

/// The upper layer's value, if it is set.
pub(super) fn merge<T: Layered>(upper: Option<T>, lower: Option<T>) -> Option<T> {
    match (upper, lower) {
        (Some(upper), Some(lower)) => Some(upper.over(lower)),
        (upper, lower) => upper.or(lower),
    }
}
