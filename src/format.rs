//! Formats numbers for people.

/// A size in binary units: `512 B`, `41.2 KiB`, `3.4 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    let number = number as f64;
    if number < 1024.0 {
        format!("{number:.0} B")
    } else if number < 1024.0 * 1024.0 {
        format!("{:.1} KiB", number / 1024.0)
    } else {
        format!("{:.1} MiB", number / 1024.0 / 1024.0)
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_read_as_people_say_them() {
        assert_eq!(
            [0, 1023, 1024, 67_108_864, 90_620 * 1024].map(super::bytes),
            ["0 B", "1023 B", "1.0 KiB", "64.0 MiB", "88.5 MiB"]
        );
    }
}
