//! Converts byte offsets in a text to lines and columns, both counted from 1.

use std::ops::Range;

/// Line and column of a byte offset, both from 1; the column counts characters, as editors do. An offset beyond the
/// text or inside a character is moved back to the nearest valid position.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    (number(line), number(column))
}

/// Line and column of the start of a span; 1:1 if the parser kept no span.
pub(crate) fn location_of_span(text: &str, span: Option<Range<usize>>) -> (u32, u32) {
    line_and_column(text, span.map_or(0, |span| span.start))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let text = "a = 1\r\nnäme = \"x\"\n";
        for (offset, expected) in
            [(0, (1, 1)), (4, (1, 5)), (7, (2, 1)), (10, (2, 3)), (text.len(), (3, 1)), (999, (3, 1))]
        {
            assert_eq!(line_and_column(text, offset), expected, "offset {offset}");
        }
        assert_eq!(line_and_column(text, 9), (2, 2), "inside the two bytes of ä");
        assert_eq!(location_of_span(text, Some(7..11)), (2, 1));
        assert_eq!(location_of_span(text, None), (1, 1));
    }
}
